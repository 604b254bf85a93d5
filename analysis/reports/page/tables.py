"""The tables of the report as rows of text and numbers, made from the series and the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from analysis.reports.page.breakdown import Breakdown, BreakdownRow
from analysis.reports.page.chart_series import ChartSeries
from analysis.reports.page.run_story import RunStory, moment_text
from analysis.reports.page.scales import moment_label
from analysis.reports.page.slowest import SlowTransaction
from analysis.samples import Samples
from analysis.verdict import ClauseVerdict, Correctness
from analysis.wording import count_text, percent_text
from scenarios.trace_context import trace_id, trace_link

MOST_ROWS = 30
_UNKNOWN = "–"
_IN_ADDRESSES = "%/:?#[]@!$&'()*+,;=~"  # everything else is escaped
CheckedFact = tuple[str, str, str]  # what, value, class of the style sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTable:
    """Transactions by one property."""

    title: str
    rows: tuple[BreakdownRow, ...]
    total: int
    remark: str
    empty: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowRow:
    """One of the slowest with where to look for it."""

    row: SlowTransaction
    run: str
    planned: str
    trace: str | None
    link: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One of several recordings that are judged as one."""

    name: str
    started: str
    seed: str
    rows: int
    shares: tuple[str, ...]  # by class
    ended: str


def group_tables(series: ChartSeries) -> tuple[GroupTable, ...]:
    """By kind, payer, wire, outcome and attempt."""
    measured = "Transactions that are judged"
    rounded = "Times are rounded up by 0.8 % at most; a dash is a time among the unanswered."
    return (
        _table(
            series.by_kind,
            f"{measured}, and those of kinds that the clause does not name. {rounded}",
            "No transaction was measured.",
        ),
        _table(
            series.by_payer,
            f'{measured}, the payer with the lowest share first; "none" are those without a payer. {rounded}',
            _NOT_KNOWN,
            worst_first=True,
        ),
        _table(series.by_wire, f"{measured}. {rounded}", _NOT_KNOWN),
        _table(series.by_outcome, f"{measured}. {rounded}", "No transaction was measured."),
        _table(
            series.by_attempt,
            "Every attempt after the warm-up; only originals are judged, a retry's success does not repair its "
            f"original. {rounded}",
            "No transaction was measured.",
        ),
    )


_NOT_KNOWN = "The recording does not say."


def _table(breakdown: Breakdown, remark: str, empty: str, *, worst_first: bool = False) -> GroupTable:
    rows = breakdown.rows()
    if worst_first:
        rows = tuple(sorted(rows, key=lambda each: (each.hits / each.n, -each.n)))
    if len(rows) > MOST_ROWS:
        hidden = len(rows) - MOST_ROWS
        rest = sum(each.n for each in rows[MOST_ROWS:])
        remark += f" {count_text(hidden)} more with {count_text(rest)} transactions are not shown."
    return GroupTable(
        title=breakdown.title,
        rows=rows[:MOST_ROWS],
        total=max(1, sum(each.n for each in rows)),
        remark=remark,
        empty=empty,
    )


def correctness_facts(correctness: Correctness) -> tuple[CheckedFact, ...]:
    """What was checked, and in so many words what was not."""
    found = correctness

    def fact(what: str, value: int | None, *, bad: bool = False) -> CheckedFact:
        if value is None:
            return what, "not checked", "unchecked"
        return what, count_text(value), "wrong" if bad and value else ""

    return (
        fact("replies matched to their requests", found.replies_checked),
        fact("wrong replies", found.wrong_reply, bad=True),
        ("money audited against a ledger", "yes", "")
        if found.money_audited
        else ("money audited against a ledger", "not checked", "unchecked"),
        fact("charged twice", found.double_charged, bad=True),
        fact("charges lost", found.lost, bad=True),
    )


def slowest_rows(series: ChartSeries, stories: Sequence[RunStory]) -> tuple[SlowRow, ...]:
    """The slowest transactions with their traces, and links where the target says how to make them."""
    found = []
    for row in series.slowest.transactions:
        story, trace, link = stories[row.recording], None, None
        if story.nonce and row.arrival is not None:
            trace = trace_id(story.nonce, row.arrival)
            if story.trace_url and story.trace_url.startswith(("https://", "http://")):
                link = quote(trace_link(story.trace_url, story.nonce, row.arrival), safe=_IN_ADDRESSES)
        planned = _moment(row.planned_s)
        found.append(SlowRow(row=row, run=story.name, planned=planned, trace=trace, link=link))
    return tuple(found)


def _moment(seconds: float) -> str:
    """Milliseconds in the first minutes, seconds later."""
    return f"{seconds:.3f} s" if abs(seconds) < 600 else moment_label(round(seconds))


def run_rows(series: ChartSeries, recordings: Sequence[Samples]) -> tuple[RunRow, ...]:
    """Each recording with its own shares."""
    rows = []
    for place, samples in enumerate(recordings):
        run = samples.run
        first = -(-samples.warm_up_ns // series.axis.width_ns)
        n, hits = (of[place][:, first:].sum(axis=1).tolist() for of in (series.judged, series.hits))
        rows.append(
            RunRow(
                name=run.run_id if run else samples.source.rpartition("/")[2],
                started=moment_text(run.t0_ns) if run else _UNKNOWN,
                seed=str(run.seed) if run else _UNKNOWN,
                rows=samples.size,
                shares=tuple(
                    f"{percent_text(good / of)} of {count_text(of)}" if of else _UNKNOWN
                    for of, good in zip(n, hits, strict=True)
                ),
                ended=_UNKNOWN if run is None else run.end.ended if run.end else "killed",
            )
        )
    return tuple(rows)


def exclusion_sentences(
    series: ChartSeries, lead: ClauseVerdict, recordings: Sequence[Samples]
) -> tuple[str, ...]:
    """Everything that is in the recording and not in the share, in words."""
    torn = sum(each.run.torn for each in recordings if each.run)
    not_due = sum(each.run.end.not_due for each in recordings if each.run and each.run.end)
    judged_kinds = {
        samples.kinds[place]
        for samples in recordings
        for name in series.classes
        for place in samples.kinds_of(name).tolist()
    }
    others = sum(each.n for each in series.by_kind.rows() if each.name not in judged_kinds)
    retries = sum(each.n for each in series.by_attempt.rows()[1:])
    sentences = [
        (others, "transactions of kinds that the clause does not name"),
        (retries, "retries: judged are originals"),
        (not_due, "arrivals planned after the run stopped: they have no row and enter no share"),
        (torn, "torn last rows, whose writer was killed"),
    ]
    unresolved = [
        f"{each.name}: were the unresolvable ones counted, the share would lie between "
        f"{percent_text(each.unresolved[0])} and {percent_text(each.unresolved[1])}."
        for each in lead.populations
        if each.unresolved
    ]
    return (
        "Unresolvable are transactions that the end of the recording cut off before they had waited for the limit.",
        *unresolved,
        *(f"{count_text(count)} {what}." for count, what in sentences if count),
    )
