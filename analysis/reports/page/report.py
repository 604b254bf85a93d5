"""Rendering: a verdict and its recordings in, one HTML page out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jinja2
from markupsafe import Markup

from analysis.policy import policy_sentence
from analysis.proportions import exact_share
from analysis.readings import reading_name, reading_value
from analysis.reports.page.big_numbers import class_numbers
from analysis.reports.page.chart_series import ChartSeries
from analysis.reports.page.clause_rule import ClauseRule, leading_clause
from analysis.reports.page.concurrency_chart import draw_concurrency
from analysis.reports.page.density_chart import draw_density
from analysis.reports.page.distribution_chart import draw_distribution
from analysis.reports.page.foreign_text import harmless
from analysis.reports.page.run_story import RunStory, moment_text, stop_sentence, tell_run
from analysis.reports.page.swatches import draw_swatch
from analysis.reports.page.tables import (
    correctness_facts,
    exclusion_sentences,
    group_tables,
    run_rows,
    slowest_rows,
)
from analysis.reports.page.timeline_chart import draw_timeline
from analysis.samples import Samples
from analysis.verdict import PopulationVerdict, Reading, Verdict
from analysis.wording import (
    count_text,
    limit_text,
    list_text,
    lower_text,
    percent_text,
    seconds_text,
    share_text,
    success_text,
    upper_text,
)
from scenarios.sla import Clause

ICONS = {"PASS": "✓", "FAIL": "✕", "INCONCLUSIVE": "?", "INVALID": "⚠"}
SEVERITY_ICONS = {"invalid": "⚠", "inconclusive": "?", "note": "i"}


def render_report(verdict: Verdict, recordings: Sequence[Samples]) -> str:
    """The page. Reads every row once more; memory does not grow with their number.

    Raises RunFolderError where a run's own files cannot be read.
    """
    stories = [tell_run(each) for each in recordings]
    lead = leading_clause(verdict)
    series = ChartSeries(
        recordings, ClauseRule.of(lead.clause), [each.name for each in lead.populations], stories[0].payers
    )
    numbers = class_numbers(lead)
    worst = min(numbers, key=lambda each: each.exact, default=None)
    single = verdict.run if len(recordings) == 1 else {}
    return _template().render(
        verdict=verdict,
        lead=lead,
        icons=ICONS,
        severity_icons=SEVERITY_ICONS,
        title=_title(recordings, stories),
        when=moment_text(int(single["started_ns"])) if single.get("started_ns") else None,
        failed_on=list_text([each.value for each in verdict.failed_on]),
        exit_code=int(verdict.exit_code),
        reading=reading_name(next(each.id for each in lead.readings if each.primary)),
        warnings=[
            warning if len(stories) == 1 else f"{story.name}: {warning}"
            for story in stories
            for warning in story.warnings
        ],
        notes=[note for note in (policy_sentence(verdict), *map(stop_sentence, recordings)) if note],
        required=percent_text(exact_share(lead.clause.required)),
        counted="seconds with transactions" if lead.clause.measure == "availability" else "transactions",
        success=success_text(lead.clause),
        numbers=numbers,
        worst=worst,
        least_left=min(numbers, key=lambda each: each.left_over).left_over_text if numbers else None,
        stories=stories,
        correctness=correctness_facts(verdict.correctness),
        runs=run_rows(series, recordings) if len(recordings) > 1 else (),
        run_classes=series.classes,
        figures=[
            draw_distribution(series, lead),
            draw_timeline(series, lead, recordings),
            draw_density(series, lead.clause),
            draw_concurrency(series, lead.clause),
        ],
        tables=group_tables(series),
        slowest=slowest_rows(series, stories),
        exclusion_names=("warm_up", "maintenance", "unresolvable"),
        exclusions=exclusion_sentences(series, lead, recordings),
    )


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("analysis.reports.page"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(_filters())
    style = environment.loader.get_source(environment, "report.css")[0] if environment.loader else ""
    environment.globals.update(swatch=draw_swatch, style=Markup(style))
    return environment.get_template("report.html")


def _filters() -> dict[str, Any]:
    return {
        "harmless": harmless,
        "count": count_text,
        "seconds": seconds_text,
        "percent": percent_text,
        "lower_bound": lower_text,
        "upper_bound": upper_text,
        "share": lambda pair: share_text(*pair) if pair[1] else "–",
        "share_of": _share_of,
        "lower_of": lambda each, clause: lower_text(each.bounds.lower, required=exact_share(clause.required)),
        "upper_of": lambda each, clause: upper_text(each.bounds.upper, required=exact_share(clause.required)),
        "causes": _causes,
        "reading_name": reading_name,
        "reading_value": reading_value,
        "reading_limit": _reading_limit,
    }


def _share_of(each: PopulationVerdict, clause: Clause) -> str:
    return share_text(each.hits, each.n, required=exact_share(clause.required))


def _causes(misses: Mapping[str, int]) -> str:
    named = [f"{count_text(count)} {cause.replace('_', ' ')}" for cause, count in misses.items() if count]
    return ", ".join(named) or "none"


def _reading_limit(reading: Reading) -> str:
    if reading.unit == "seconds":
        return f"at most {limit_text(reading.limit)}"
    return f"at least {percent_text(exact_share(reading.limit))}"


def _title(recordings: Sequence[Samples], stories: Sequence[RunStory]) -> str:
    run = recordings[0].run
    what = stories[0].name if run is None else f"{run.scenario} on {run.target}"
    return what if len(recordings) == 1 else f"{what}, {len(recordings)} recordings"
