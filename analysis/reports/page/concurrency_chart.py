"""Response time against the number of transactions in flight: does the gateway slow down as it fills?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from analysis.reports.page.captions import CONCURRENCY_CAPTION
from analysis.reports.page.chart_series import ChartSeries
from analysis.reports.page.density import COARSE
from analysis.reports.page.plot import SIZES, Area, DataTable, Figure, Sign, Size
from analysis.reports.page.scales import (
    LinearScale,
    LogScale,
    headroom,
    linear_ticks,
    log_ticks,
    number_label,
    round_down,
    round_up,
    seconds_label,
)
from analysis.reports.page.svg import drawing, element, polyline_path, text
from analysis.reports.page.time_codes import edge_s
from analysis.reports.page.time_windows import merged, span
from analysis.wording import count_text, limit_text, seconds_text
from scenarios.sla import Clause

MOST_DOTS, MOST_LEVELS = 200, 8
ENOUGH = 20  # transactions in a stretch of time that gets a dot
_HEIGHT, _TOP = 280.0, 14.0
_TITLE = "Response time against concurrency"
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Transactions planned in some stretches of time with a like number in flight."""

    in_flight: float  # on average
    answered: Counts  # by level of response time
    unanswered: int

    @property
    def size(self) -> int:
        return int(self.answered.sum()) + self.unanswered

    def quantile_s(self, share: float) -> float | None:
        """The response time of a share of them, rounded up to the end of its level (4 % at most).

        None where it lies among the unanswered.
        """
        rank = max(1, int(np.ceil(share * self.size - 1e-9)))
        if rank > self.size - self.unanswered:
            return None
        return float(edge_s((int(np.searchsorted(self.answered.cumsum(), rank)) + 1) * COARSE))


def draw_concurrency(series: ChartSeries, clause: Clause) -> Figure:
    """Dots for stretches of time, lines for groups of stretches with a like number in flight."""
    stretches = _stretches(series)
    if len(stretches) < 3:
        return Figure(
            id="concurrency",
            title=_TITLE,
            caption="There are too few transactions to say how their time goes with concurrency.",
        )
    levels = _levels(stretches)
    return Figure(
        id="concurrency",
        title=_TITLE,
        caption=CONCURRENCY_CAPTION,
        drawings=tuple(_drawing(stretches, levels, clause, size) for size in SIZES),
        signs=(
            Sign(mark="response", meaning="90th percentile"),
            Sign(mark="service", meaning="median"),
            Sign(mark="dot", meaning="90th percentile of a stretch of time"),
            *(
                (Sign(mark="never", meaning="never answered"),)
                if any(each.quantile_s(0.9) is None for each in stretches)
                else ()
            ),
            Sign(mark="limit", meaning="limit"),
        ),
        data=DataTable(
            header=("in flight, on average", "transactions", "median", "90th percentile"),
            rows=tuple(
                (
                    f"{each.in_flight:.1f}",
                    count_text(each.size),
                    *(_time_text(each.quantile_s(q)) for q in (0.5, 0.9)),
                )
                for each in levels
            ),
        ),
    )


def _time_text(time_s: float | None) -> str:
    return "never answered" if time_s is None else seconds_text(time_s)


def _stretches(series: ChartSeries) -> list[Stretch]:
    answered, unanswered = series.density.within + series.density.late, series.density.unanswered.sum(axis=1)
    sizes = answered.sum(axis=1) + unanswered
    busy, total = span(sizes), int(sizes.sum())
    if not busy:
        return []
    factor = max(1, -(-ENOUGH * busy // total), -(-series.axis.count // MOST_DOTS))
    bins = merged(np.ones(series.axis.count, dtype=np.int64), factor)
    flying = merged(series.traffic.in_flight.mean(axis=0), factor) / bins
    together, never = merged(answered.T, factor).T, merged(unanswered, factor)
    found = [
        Stretch(in_flight=float(flying[place]), answered=together[place], unanswered=int(never[place]))
        for place in range(len(together))
    ]
    return [each for each in found if each.size >= ENOUGH]


def _levels(stretches: list[Stretch]) -> list[Stretch]:
    """Stretches of a like number in flight as one."""
    in_order = sorted(stretches, key=lambda each: each.in_flight)
    groups = np.array_split(np.arange(len(in_order)), min(MOST_LEVELS, max(1, len(in_order) // 3)))
    found = []
    for group in groups:
        some = [in_order[place] for place in group.tolist()]
        mean = float(np.average([each.in_flight for each in some], weights=[each.size for each in some]))
        answered = np.sum([each.answered for each in some], axis=0)
        never = sum(each.unanswered for each in some)
        found.append(Stretch(in_flight=mean, answered=answered, unanswered=never))
    return found


def _drawing(stretches: list[Stretch], levels: list[Stretch], clause: Clause, size: Size) -> Markup:
    area = _area(stretches, levels, clause, size)
    parts = area.grid(
        linear_ticks(area.x.low, area.x.high, size.ticks),
        log_ticks(area.y.low, area.y.high, 12),
        number_label,
        seconds_label,
    )
    for each in stretches:
        x, time = area.x(each.in_flight), each.quantile_s(0.9)
        if time is None:
            parts.append(element("path", class_="never", d=f"M{x:.1f} {area.top + 2:.1f}l4 7h-8z"))
        else:
            parts.append(element("circle", class_="dot", cx=x, cy=area.y(time), r=3.5))
    for share, class_ in ((0.9, "response"), (0.5, "service")):
        for stretch in _answered(levels, share):
            points = [(area.x(at), area.y(time)) for at, time in stretch]
            parts.append(element("path", class_=class_, d=polyline_path(points)))
    if clause.timed:
        parts += area.across(clause.limit_s, f"limit {limit_text(clause.limit_s)}")
    bottom = _TOP + _HEIGHT + 40
    parts.append(
        text("transactions in flight", area.right, bottom - 4, class_="axis-title", text_anchor="end")
    )
    return drawing(size.width, bottom, "Response time against transactions in flight", parts)


def _area(stretches: list[Stretch], levels: list[Stretch], clause: Clause, size: Size) -> Area:
    """Room for every known time, and for the limit."""
    found = [each.quantile_s(share) for each in (*stretches, *levels) for share in (0.5, 0.9)]
    times = [time for time in found if time is not None]
    if clause.timed:
        times.append(clause.limit_s * 1.3)
    low = round_down(min(times, default=1.0))
    least, most = (of(each.in_flight for each in stretches) for of in (min, max))
    high = headroom(max(1.0, most))
    return Area(
        x=LinearScale(
            low=0.0 if least < high / 2 else 0.9 * least,
            high=high,
            first=size.left,
            last=size.width - size.right,
        ),
        y=LogScale(
            low=low, high=max(round_up(max(times, default=1.0)), low * 2), first=_TOP + _HEIGHT, last=_TOP
        ),
    )


def _answered(levels: list[Stretch], share: float) -> list[list[tuple[float, float]]]:
    """The quantile by number in flight, in pieces where it lies among the unanswered in between."""
    found: list[list[tuple[float, float]]] = [[]]
    for each in levels:
        time = each.quantile_s(share)
        if time is None:
            found.append([])
        else:
            found[-1].append((each.in_flight, time))
    return [each for each in found if each]
