"""The verdict on the terminal: banner, classes under each clause, validity, correctness. Fits 80 columns."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from analysis.calendar_month import MonthCoverage
from analysis.doubts import Doubt, Severity
from analysis.policy import policy_sentence
from analysis.proportions import exact_share
from analysis.readings import reading_name, reading_value
from analysis.reports.month_table import render_coverage, render_days
from analysis.run_facts import CURTAILED, STOPPED_BY_RULE
from analysis.verdict import ClauseVerdict, Correctness, PopulationVerdict, Verdict
from analysis.verdict_table import VerdictCode
from analysis.wording import (
    count_text,
    counted_text,
    lower_text,
    percent_text,
    seconds_text,
    share_text,
    success_text,
    upper_text,
)
from scenarios.duration import duration_text

_COLOURS = {
    VerdictCode.PASS: "green",
    VerdictCode.FAIL: "red",
    VerdictCode.INVALID: "magenta",
    VerdictCode.INCONCLUSIVE: "yellow",
}
_DOUBT_COLOURS = {Severity.INVALID: "magenta", Severity.INCONCLUSIVE: "yellow", Severity.NOTE: "dim"}
_NOTHING = "-"


def render_terminal(verdict: Verdict) -> RenderableType:
    """Everything a person needs to believe or doubt the verdict; print it with a rich console."""
    return Group(
        _banner(verdict),
        *render_coverage(verdict.month),
        *_stopped(verdict),
        *(part for clause in verdict.clauses for part in _clause(clause, verdict.month)),
        *_validity(verdict.validity),
        Text(),
        _correctness(verdict.correctness),
    )


def _banner(verdict: Verdict) -> Panel:
    colour = _COLOURS[verdict.verdict]
    on = f" on {' and '.join(each.value for each in verdict.failed_on)}" if verdict.failed_on else ""
    text = Text.assemble((f"{verdict.verdict.value}{on}", f"bold {colour}"), "\n", verdict.sentence)
    policy = policy_sentence(verdict)
    if policy is not None:
        text.append(f"\n{policy}", style="bold")
    return Panel(text, border_style=colour, box=box.ROUNDED)


def _stopped(verdict: Verdict) -> Iterator[RenderableType]:
    """Why a run did not go to its planned end, where a rule ended it."""
    if verdict.run.get("ended") in (CURTAILED, STOPPED_BY_RULE):
        after = duration_text(round(verdict.run["stopped_after_s"]))
        yield Text(f"Stopped after {after} ({verdict.run['ended']}): {verdict.run['ended_because']}.")


def _clause(judged: ClauseVerdict, month: MonthCoverage | None) -> Iterator[RenderableType]:
    clause = judged.clause
    yield Text()
    yield Text.assemble(
        (clause.id, "bold"),
        f" ({judged.source}; {clause.strength}): ",
        (judged.verdict.value if judged.verdict else "not judged here", "bold"),
    )
    yield Text(
        f"{percent_text(exact_share(clause.required))} of {counted_text(clause, 'the')} must be those that "
        f"{success_text(clause)}, each class on its own; "
        f"bounds one-sided at {percent_text(exact_share(clause.confidence))} each, "
        "dependence included"
    )
    if judged.not_judged:
        yield Text(f"not judged here: {judged.not_judged}", style="yellow")
    yield _shares(judged)
    yield _times(judged)
    for each in judged.populations:
        yield from (Text(f"{each.name}: {line}") for line in (*_left_out(each), *each.notes))
    if month is not None:
        yield from render_days(judged, month)
    yield from _readings(judged)
    yield from _sensitivity(judged)


def _shares(judged: ClauseVerdict) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("class")
    for name in ("judged", "within", "at least", "at most"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("this run")
    table.add_column("verdict")
    required = exact_share(judged.clause.required)
    for each in judged.populations:
        bounds = each.bounds
        table.add_row(
            Text(each.name),
            count_text(each.n),
            share_text(each.hits, each.n, required=required) if each.n else _NOTHING,
            lower_text(bounds.lower, required=required) if bounds else _NOTHING,
            upper_text(bounds.upper, required=required) if bounds else _NOTHING,
            _NOTHING if each.met is None else "met" if each.met else "not met",
            Text(each.verdict.value, style=_COLOURS[each.verdict]) if each.verdict else Text(_NOTHING),
        )
        for kind in each.kinds:
            table.add_row(
                Text(f"  {kind.name}"),
                count_text(kind.n),
                share_text(kind.hits, kind.n, required=required),
                lower_text(kind.bounds.lower, required=required),
                upper_text(kind.bounds.upper, required=required),
                "met" if kind.met else "not met",
                "",
            )
    return table


def _times(judged: ClauseVerdict) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("class")
    for name in ("p50", "p90", "p99", "max", "service p90"):
        table.add_column(name, justify="right")
    table.add_column("misses")
    for each in judged.populations:
        values = (each.p50_s, each.p90_s, each.p99_s, each.max_s, each.service_p90_s)
        misses = ", ".join(
            f"{count_text(count)} {cause.replace('_', ' ')}" for cause, count in each.misses.items() if count
        )
        times = (_NOTHING if value is None else seconds_text(value) for value in values)
        table.add_row(Text(each.name), *times, Text(misses or "none" if each.n else _NOTHING))
    return table


def _readings(judged: ClauseVerdict) -> Iterator[RenderableType]:
    """The other readings in a line each way, and a sentence where they disagree with the primary one."""
    for met, text in ((True, "met"), (False, "not met"), (None, "no number")):
        named = [
            f"{reading_name(each.id)} {reading_value(each)}"
            for each in judged.readings
            if each.met is met and not each.primary and (met is not None or each.value is not None)
        ]
        if named:
            yield Text(f"read otherwise, {text}: {'; '.join(named)}")
    if judged.disagreement:
        yield Text(judged.disagreement, style="yellow")


def _sensitivity(judged: ClauseVerdict) -> Iterator[RenderableType]:
    """Only the rules under which the counts would say something else."""
    as_judged = {each.population: each.verdict for each in judged.sensitivity if each.rule == "as judged"}
    for each in judged.sensitivity:
        if each.verdict is not as_judged[each.population]:
            share = (
                "nothing left"
                if each.share is None
                else f"{percent_text(each.share)} of {count_text(each.n)}"
            )
            yield Text(f"{each.population}, {each.rule}: {each.verdict.value} ({share})", style="yellow")


def _left_out(each: PopulationVerdict) -> list[str]:
    parts = [f"{count_text(count)} {why.replace('_', '-')}" for why, count in each.excluded.items() if count]
    return [f"not judged: {', '.join(parts)}"] if parts else []


def _validity(doubts: tuple[Doubt, ...]) -> Iterator[RenderableType]:
    yield Text()
    yield Text("Validity" if doubts else "Validity: no doubt found.", style="bold")
    for each in doubts:
        about = f" ({each.population})" if each.population else ""
        heading = (f"{each.severity.value}: {each.code.text}{about}: ", _DOUBT_COLOURS[each.severity])
        yield Padding(Text.assemble(heading, each.message), (0, 0, 0, 2))


def _correctness(correctness: Correctness) -> Text:
    if correctness.replies_checked is None:
        replies = "no reply was checked against its request"
        if correctness.wrong_reply:
            replies = f"{count_text(correctness.wrong_reply)} wrong replies reported"
    else:
        replies = (
            f"{count_text(correctness.replies_checked)} replies checked against their requests, "
            f"{count_text(correctness.wrong_reply or 0)} wrong"
        )
    money = "money audited" if correctness.money_audited else "money was not audited against a ledger"
    return Text.assemble(("Correctness: ", "bold"), f"{replies}; {money}.")
