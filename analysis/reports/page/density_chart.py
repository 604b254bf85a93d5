"""Every transaction over time on a logarithmic scale: cells for the many, marks for each miss and each extreme."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from analysis.reports.page.captions import density_caption
from analysis.reports.page.chart_series import ChartSeries
from analysis.reports.page.density import COARSE
from analysis.reports.page.plot import SIZES, Area, DataTable, Figure, Sign, Size
from analysis.reports.page.scales import (
    LinearScale,
    LogScale,
    log_ticks,
    moment_label,
    round_down,
    round_up,
    seconds_label,
    time_ticks,
)
from analysis.reports.page.svg import columns_path, drawing, element, text
from analysis.reports.page.time_codes import edge_s
from analysis.reports.page.time_windows import merged
from analysis.wording import count_text, limit_text, seconds_text
from scenarios.observation import ANSWERS, Outcome
from scenarios.sla import Clause

SHADES = 6
Counts = npt.NDArray[np.int64]
_HEIGHT, _TOP = 330.0, 14.0
_MOST_COLUMNS, _TABLE_ROWS = 170, 40
_LEVELS_A_CELL = 2  # eight cells an octave
_CELL = COARSE * _LEVELS_A_CELL  # codes
_SLOW, _CUT = "slow", "cut"
_MARKS = {  # how a miss is drawn, by cause: shapes tell them apart without colour
    **{int(each): _SLOW for each in ANSWERS},
    int(Outcome.TIMEOUT): "timeout",
    int(Outcome.IN_FLIGHT): _CUT,
}
_FAILED = "failed"
_SHAPES = {
    _SLOW: lambda x, y: f"M{x:.1f} {y - 3.5:.1f}l3.5 6h-7z",
    "timeout": lambda x, y: f"M{x - 3:.1f} {y - 3:.1f}h6v6h-6z",
    _CUT: lambda x, y: f"M{x:.1f} {y - 4:.1f}l4 4l-4 4l-4-4z",
    _FAILED: lambda x, y: f"M{x - 3:.1f} {y - 3:.1f}l6 6M{x + 3:.1f} {y - 3:.1f}l-6 6",
}
_MEANINGS = {
    _SLOW: "answered too late",
    "timeout": "timed out",
    _CUT: "cut off in flight",
    _FAILED: "failed (error, connection, wrong reply)",
}


def draw_density(series: ChartSeries, clause: Clause) -> Figure:
    """Cells of time and response time, darker for more; misses in red."""
    title = "Every transaction"
    if not series.density.within.any() and not series.density.beyond.any():
        return Figure(
            id="density", title=title, caption="No transaction was sent, so there is nothing to draw."
        )
    single = series.density.misses <= len(series.density.single_misses)
    caption = density_caption(series.density.misses, series.density.never_sent, single=single)
    present = {_cause(each.outcome) for each in series.density.single_misses}
    misses = [
        Sign(mark=f"miss-{name}", meaning=meaning) for name, meaning in _MEANINGS.items() if name in present
    ]
    if not single:
        misses = [Sign(mark="miss-cells", meaning="misses")]
    return Figure(
        id="density",
        title=title,
        caption=caption,
        drawings=tuple(_drawing(series, clause, size, single) for size in SIZES),
        signs=(
            Sign(mark="within", meaning="within the limit, darker for more"),
            *misses,
            Sign(mark="limit", meaning="limit"),
        ),
        data=_table(series),
    )


def _cause(outcome: int) -> str:
    return _MARKS.get(outcome, _FAILED)


def _drawing(series: ChartSeries, clause: Clause, size: Size, single: bool) -> Markup:
    factor = max(1, -(-series.axis.count // size.columns(_MOST_COLUMNS)))
    within, beyond = (
        merged(merged(each.T, factor).T, _LEVELS_A_CELL)
        for each in (series.density.within, series.density.beyond)
    )
    (filled,) = (within.sum(axis=0) + beyond.sum(axis=0)).nonzero()
    low = round_down(float(edge_s(int(filled[0]) * _CELL)))
    high = round_up(
        max(float(edge_s((int(filled[-1]) + 1) * _CELL)), clause.limit_s * 1.3 if clause.timed else 0.0)
    )
    area = Area(
        x=LinearScale(low=0, high=series.axis.length_s, first=size.left, last=size.width - size.right),
        y=LogScale(low=low, high=max(high, low * 2), first=_TOP + _HEIGHT, last=_TOP),
    )
    parts = area.grid(
        time_ticks(series.axis.length_s, size.ticks - 1 if size.narrow else size.ticks),
        log_ticks(area.y.low, area.y.high, 14),
        moment_label,
        seconds_label,
    )
    width = factor * series.axis.width_s
    most = int(max(within.max(), beyond.max()))
    parts += _cells(within, area, width, "within", most, np.zeros_like(within))
    parts += _tops(series, area, factor)
    parts += _marks(series, area) if single else _cells(beyond, area, width, "beyond", most, within)
    if clause.timed:
        parts += area.across(clause.limit_s, f"limit {limit_text(clause.limit_s)}")
    bottom = _TOP + _HEIGHT + 40
    parts.append(
        text("planned, time since the start", area.right, bottom - 4, class_="axis-title", text_anchor="end")
    )
    return drawing(size.width, bottom, "Response time of every transaction over time", parts)


def _cells(
    counts: Counts, area: Area, width_s: float, class_: str, most: int, beneath: Counts
) -> list[Markup]:
    """Filled cells as one path for each of a few shades; a shade stands for a power of the count.

    A cell that lies over one that is filled already is narrow, so that both are seen.
    """
    edges = [area.y(float(each)) for each in edge_s(np.arange(counts.shape[1] + 1) * _CELL)]
    columns, levels = counts.nonzero()
    shades = np.log(counts[columns, levels]) / np.log(max(2, most)) * SHADES
    width = area.x(width_s) - area.x(0)
    found: dict[tuple[int, bool], list[tuple[float, float, float]]] = {}
    for column, level, shade in zip(
        columns.tolist(), levels.tolist(), shades.astype(int).tolist(), strict=True
    ):
        over = bool(beneath[column, level])
        middle = area.x(column * width_s) + width * (0.8 if over else 0.5)
        cell = (middle, edges[level + 1], edges[level])
        found.setdefault((min(shade, SHADES - 1), over), []).append(cell)
    return [
        element(
            "path",
            class_=f"{class_} shade-{shade}",
            stroke_width=max(1.0, width * (0.4 if over else 1)),
            d=columns_path(cells),
        )
        for (shade, over), cells in sorted(found.items())
    ]


def _tops(series: ChartSeries, area: Area, factor: int) -> list[Markup]:
    """A short line at the exact time of the slowest of each column."""
    starts = np.arange(0, series.axis.count, factor)
    slowest = np.maximum.reduceat(series.density.slowest_ns, starts)
    width = factor * series.axis.width_s
    lines = [
        f"M{area.x(place * width):.1f} {area.y(time / 1e9):.1f}H{area.x((place + 1) * width):.1f}"
        for place, time in enumerate(slowest.tolist())
        if time > 0
    ]
    return [element("path", class_="slowest", d="".join(lines))]


def _marks(series: ChartSeries, area: Area) -> list[Markup]:
    found: dict[str, list[str]] = {}
    for each in series.density.single_misses:
        cause = _cause(each.outcome)
        found.setdefault(cause, []).append(_SHAPES[cause](area.x(each.planned_s), area.y(each.waited_s)))
    return [
        element("path", class_=f"miss miss-{cause}", d="".join(shapes))
        for cause, shapes in sorted(found.items())
    ]


def _table(series: ChartSeries) -> DataTable:
    """Counts and extremes of a few dozen stretches of time."""
    factor = max(1, -(-series.axis.count // _TABLE_ROWS))
    within, beyond = (
        merged(each.sum(axis=1), factor) for each in (series.density.within, series.density.beyond)
    )
    slowest = np.maximum.reduceat(series.density.slowest_ns, np.arange(0, series.axis.count, factor))
    rows = tuple(
        (
            moment_label(round(place * factor * series.axis.width_s, 3)),
            count_text(int(within[place])),
            count_text(int(beyond[place])),
            seconds_text(int(slowest[place]) / 1e9) if slowest[place] >= 0 else "–",
        )
        for place in range(len(within))
    )
    return DataTable(header=("from", "within the limit", "misses", "slowest"), rows=rows)
