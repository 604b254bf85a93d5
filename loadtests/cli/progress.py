"""The live lines of a run: redrawn on a terminal, one plain line every few seconds elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from analysis.proportions import exact_share
from analysis.wording import count_text, lower_text, share_text, success_text, upper_text
from loadtests.cli.live_report import LiveClass, LiveReport

_PLAIN_EVERY_S = 5.0


class Progress:
    """Shows reports to a person; the last one stays visible."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None
        self._next_plain = 0.0

    def __enter__(self) -> Progress:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def say(self, sentence: str) -> None:
        """Print a sentence that stays."""
        self._console.print(sentence, highlight=False, soft_wrap=True)

    def show_gathering(self, report: Mapping[str, Any]) -> None:
        """How many workers have come so far."""
        line = f"{report['workers']} of {report['of']} workers are here"
        self._draw([line], line)

    def show(self, report: LiveReport) -> None:
        """Draw one report; off a terminal every few seconds, and the last."""
        if report.phase == "ended":
            self._next_plain = 0.0
        if self._live is not None or time.monotonic() >= self._next_plain:
            self._draw(list(live_lines(report)), plain_line(report))

    def _draw(self, lines: list[str], plain: str) -> None:
        if self._live is not None:
            self._live.update(Text("\n".join(lines)), refresh=True)
        elif time.monotonic() >= self._next_plain:
            self._next_plain = time.monotonic() + _PLAIN_EVERY_S
            self._console.print(plain, highlight=False, soft_wrap=True)


def live_lines(report: LiveReport) -> Iterator[str]:
    """The report as a few lines of 80 columns at most, unless there is much to say."""
    yield " | ".join(_counters(report))
    several = len({each.standing.clause.id for each in report.classes}) > 1
    clause = ""
    for each in report.classes:
        if several and each.standing.clause.id != clause:
            clause = each.standing.clause.id
            yield f"{clause}:"
        yield f"{'  ' if several else ''}{each.standing.population:<10} {_share(each, success=True)}"
    misses = _misses(report, several=several)
    if misses:
        yield f"misses: {misses}"
    yield from _worries(report)


def plain_line(report: LiveReport) -> str:
    """The report as one line for a log."""
    shares = ", ".join(
        f"{each.standing.population} {_share(each, success=False)}"
        for each in _first_clause(report)
        if each.n
    )
    counted = success_text(report.classes[0].standing.clause) if report.classes else "good"
    misses = _misses(report, several=False)
    parts = [*_counters(report), f"{counted}: {shares or 'none judged yet'}"]
    if misses:
        parts.append(f"misses: {misses}")
    return " | ".join([*parts, *_worries(report)])


def _counters(report: LiveReport) -> Iterator[str]:
    if report.phase == "ended":
        yield f"ended after {report.elapsed_s:.0f} s"
    elif report.phase == "stopping":
        yield f"stopping ({report.stopping}) | waiting for the last answers"
    elif report.phase == "draining":
        yield "waiting for the last answers"
    else:
        yield f"{report.elapsed_s:.0f} of {report.planned_s:.0f} s | {report.left_s:.0f} s left"
        yield f"{report.achieved_per_s:.1f} of {report.planned_per_s:.1f}/s"
    yield f"{report.sent} sent"
    yield f"{report.in_flight} in flight"
    if report.waiting:
        yield f"{report.waiting} waiting for a user"
    yield f"{report.late} late"


def _share(each: LiveClass, *, success: bool) -> str:
    """98.2 % of 1 015 (96.1 % to 99.3 %), with the verdict's own rounding: only "100 %" is all."""
    if not each.n:
        return "none judged yet"
    clause, bounds = each.standing.clause, each.bounds
    required = exact_share(clause.required)
    said = f"{share_text(each.standing.hits, each.n, required=required)} of {count_text(each.n)}"
    if success:
        said += f" {success_text(clause)}"
    if bounds is None:
        return said
    lower, upper = lower_text(bounds.lower, required=required), upper_text(bounds.upper, required=required)
    return f"{said} ({lower} to {upper})"


def _misses(report: LiveReport, *, several: bool) -> str:
    """Misses by cause of each class; of the first clause only, where there are several."""
    named = [
        f"{each.standing.population} "
        + ", ".join(f"{count} {cause.replace('_', ' ')}" for cause, count in each.misses.items())
        for each in _first_clause(report)
        if each.misses
    ]
    return ("; ".join(named) + (" (first clause)" if several else "")) if named else ""


def _first_clause(report: LiveReport) -> list[LiveClass]:
    first = report.classes[0].standing.clause if report.classes else None
    return [each for each in report.classes if each.standing.clause is first]


def _worries(report: LiveReport) -> Iterator[str]:
    if report.wrong_replies:
        yield f"{report.wrong_replies} wrong replies: the run fails on correctness"
    named = dict.fromkeys(f"{each.code.text} ({each.severity.value})" for each in report.doubts)
    if named:
        yield f"doubts so far: {', '.join(named)}"
    if report.problem:
        yield report.problem
