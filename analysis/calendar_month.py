"""A calendar month in a time zone: its days as moments, and which of them a recording covers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from analysis.doubts import Doubt, DoubtCode, Severity, doubt
from analysis.samples import Samples
from analysis.wording import NS_PER_S, count_text
from scenarios.errors import DeclarationError, Problem

YEARS = range(1970, 2100)
_NAMED = 10  # days named in a message


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarMonth:
    """A month: its days, and the moments between them, so one more than there are days.

    A day has 23 or 25 hours where the clocks change, and none where a zone skipped it (such a day is left out).
    """

    text: str  # 2026-11
    zone: str
    days: tuple[date, ...]
    edges_ns: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthCoverage:
    """What of a month was recorded. `rows`: by day; `over`: whether the month had ended when it was judged."""

    month: CalendarMonth
    rows: tuple[int, ...]
    outside: int  # rows planned in other months
    over: bool

    @property
    def empty_days(self) -> tuple[date, ...]:
        """Days without a row."""
        return tuple(day for day, count in zip(self.month.days, self.rows, strict=True) if not count)

    @property
    def complete(self) -> bool:
        """The month is over, and its first and its last day have rows."""
        return self.over and bool(self.rows[0] and self.rows[-1])


def parse_month(written: str, zone: str) -> CalendarMonth:
    """The month of "2026-11" in a zone of the IANA database. Raises DeclarationError."""
    match = re.fullmatch(r"(\d{4})-(\d{2})", written, re.ASCII)
    problems = []
    if not match or int(match[1]) not in YEARS or not 1 <= int(match[2]) <= 12:
        message = f'must be a month from {YEARS[0]} to {YEARS[-1]}, as in 2026-11 (got "{written}")'
        problems.append(Problem(where="--month", message=message))
    try:
        place = ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        message = f'must be a time zone of the IANA database, as in America/New_York or UTC (got "{zone}")'
        problems.append(Problem(where="--zone", message=message))
    if problems or match is None:
        raise DeclarationError("the month to judge", problems)
    days: list[date] = []
    first = date(int(match[1]), int(match[2]), 1)
    while (day := first + timedelta(days=len(days))).month == first.month:
        days.append(day)
    edges = [_midnight_ns(each, place) for each in (*days, days[-1] + timedelta(days=1))]
    kept = [at for at in range(len(days)) if edges[at + 1] > edges[at]]
    return CalendarMonth(
        text=written,
        zone=zone,
        days=tuple(days[at] for at in kept),
        edges_ns=(*(edges[at] for at in kept), edges[-1]),
    )


def _midnight_ns(day: date, zone: ZoneInfo) -> int:
    """When a day begins: of two midnights the first; where there is none, the moment at which the clocks skip it."""
    moment = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC) - datetime(
        1970, 1, 1, tzinfo=UTC
    )
    return (moment.days * 86_400 + moment.seconds) * NS_PER_S


def within_month(
    recordings: Sequence[Samples], month: CalendarMonth, *, now_ns: int
) -> tuple[tuple[Samples, ...], MonthCoverage]:
    """The recordings with only the rows judged that were planned in the month, and what of it they cover.

    Recordings without any such row are left out, as long as another has some. One pass over all rows.
    """
    counts = [_rows_by_day(each, month) for each in recordings]
    inside = [each for each, found in zip(recordings, counts, strict=True) if found.any()] or recordings[:1]
    total = np.sum(counts, axis=0)
    rows = sum(each.size for each in recordings)
    coverage = MonthCoverage(
        month=month,
        rows=tuple(total.tolist()),
        outside=rows - int(total.sum()),
        over=now_ns >= month.edges_ns[-1],
    )
    return tuple(replace(each, days_ns=month.edges_ns) for each in inside), coverage


def _rows_by_day(samples: Samples, month: CalendarMonth) -> npt.NDArray[np.int64]:
    found = np.zeros(len(month.days), dtype=np.int64)
    edges = np.array(month.edges_ns)
    for block in samples.blocks():
        planned = block.planned_ns[(block.planned_ns >= edges[0]) & (block.planned_ns < edges[-1])]
        found += np.bincount(np.searchsorted(edges, planned, side="right") - 1, minlength=found.size)
    return found


def month_doubts(coverage: MonthCoverage) -> Iterator[Doubt]:
    """A month that is not whole bars a PASS; days without rows between its ends are a note."""
    month = coverage.month
    why = []
    if not coverage.over:
        why.append("it is not over")
    why += [
        f"its {which} day, {month.days[at]}, has no row"
        for which, at in (("first", 0), ("last", -1))
        if not coverage.rows[at]
    ]
    if why:
        yield doubt(
            DoubtCode.TOO_SHORT,
            f"{month.text} ({month.zone}) is not whole: {' and '.join(why)}. What is missing can turn a share over a "
            "calendar month. Judge again when the whole month is recorded.",
        )
    between = [day for day in coverage.empty_days if day not in (month.days[0], month.days[-1])]
    if between:
        named = ", ".join(map(str, between[:_NAMED])) + (" and others" if len(between) > _NAMED else "")
        yield doubt(
            DoubtCode.TOO_SHORT,
            f"{count_text(len(between))} of {len(month.days)} days have no row: {named}. Nothing says whether there "
            "was no traffic or nobody recorded it. Look whether a file is missing.",
            severity=Severity.NOTE,
        )
