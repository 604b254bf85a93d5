"""The distribution of times in each class: which share was answered within any time, from plan and from start."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from analysis.proportions import exact_share
from analysis.reports.page.bands import share_band
from analysis.reports.page.captions import distribution_caption, left_out_caption
from analysis.reports.page.chart_series import ChartSeries
from analysis.reports.page.foreign_text import fitting
from analysis.reports.page.plot import SIZES, Area, DataTable, Figure, Sign, Size
from analysis.reports.page.scales import (
    LinearScale,
    LogScale,
    linear_ticks,
    log_ticks,
    percent_label,
    round_down,
    round_up,
    seconds_label,
)
from analysis.reports.page.svg import band_path, drawing, element, polyline_path, text
from analysis.reports.page.time_codes import edge_s, quantile_s
from analysis.verdict import ClauseVerdict, PopulationVerdict
from analysis.wording import limit_text, percent_text, seconds_text

MOST_PANELS = 4
PANEL = 250.0
_TABLE_SHARES = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
Curve = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]  # seconds, share


def draw_distribution(series: ChartSeries, judged: ClauseVerdict) -> Figure:
    """One panel a class on a common logarithmic time scale."""
    clause = judged.clause
    size_of = dict(zip(series.classes, series.n.tolist(), strict=True))
    filled = [each for each in judged.populations if size_of[each.name]]
    largest = sorted(filled, key=lambda each: -size_of[each.name])[:MOST_PANELS]
    shown = [each for each in filled if each in largest]
    limit = limit_text(clause.limit_s)
    if not shown or not series.response.any():
        return Figure(
            id="distribution",
            title="Distribution of times",
            caption="No transaction was judged and answered, so there is nothing to draw.",
        )
    return Figure(
        id="distribution",
        title="Distribution of times",
        caption=distribution_caption(clause) + left_out_caption(len(filled) - len(shown)),
        drawings=tuple(_drawing(series, judged, shown, size) for size in SIZES),
        signs=(
            Sign(mark="response", meaning="response time, with its band"),
            Sign(mark="service", meaning="service time"),
            Sign(mark="limit", meaning=f"{limit}, and the share required"),
        ),
        data=_table(series, shown),
    )


def curve(counts: npt.NDArray[np.int64], n: int, exact: tuple[float, int] | None = None) -> Curve:
    """The share answered within each time at the ends of the codes that hold any, in a few hundred steps.

    `exact`: a time in seconds with the number known to be answered within it, to the nanosecond.
    """
    (filled,) = counts.nonzero()
    if not filled.size:
        return np.empty(0), np.empty(0)
    upto = counts.cumsum()
    codes = np.unique(np.concatenate([filled, filled - 1]))
    codes = codes[codes >= filled[0] - 1]
    times, shares = edge_s(codes + 1), np.where(codes < 0, 0, upto[codes]) / n
    if exact is not None:
        at = int(np.searchsorted(times, exact[0]))
        times, shares = np.insert(times, at, exact[0]), np.insert(shares, at, exact[1] / n)
        shares = np.maximum.accumulate(np.where(times < exact[0], np.minimum(shares, exact[1] / n), shares))
    return times, shares


def _drawing(
    series: ChartSeries, judged: ClauseVerdict, shown: list[PopulationVerdict], size: Size
) -> Markup:
    columns = 1 if size.narrow or len(shown) == 1 else 2
    rows = -(-len(shown) // columns)
    low, high = _range(series, judged.clause.limit_s)
    each_width = size.width / columns
    parts: list[Markup] = []
    for place, each in enumerate(shown):
        left = (place % columns) * each_width + size.left
        top = (place // columns) * (PANEL + 58) + 26
        area = Area(
            x=LogScale(low=low, high=high, first=left, last=(place % columns + 1) * each_width - size.right),
            y=LinearScale(low=0, high=1, first=top + PANEL, last=top),
        )
        parts += _panel(series, judged, each, area, size)
    label = "Distribution of response and service times: " + ", ".join(each.name for each in shown)
    return drawing(size.width, rows * (PANEL + 58), label, parts)


def _panel(
    series: ChartSeries, judged: ClauseVerdict, each: PopulationVerdict, area: Area, size: Size
) -> list[Markup]:
    clause, place = judged.clause, series.classes.index(each.name)
    n = int(series.n[place])
    ticks = log_ticks(area.x.low, area.x.high, 6 if size.narrow else 7)
    parts = [text(fitting(each.name, area.right - area.left), area.left, area.top - 10, class_="panel-title")]
    parts += area.grid(ticks, linear_ticks(0, 1, 6), seconds_label, percent_label)
    exact = (clause.limit_s, int(series.n_hits[place])) if clause.timed else None
    times, shares = _thinned(curve(series.response[place], n, exact), area)
    if times.size:
        ratio = (each.n_effective or each.n) / max(1, each.n)
        bands = [share_band(share, n * ratio, clause.confidence) for share in shares]
        x = [area.x(float(time)) for time in times]
        upper = [(at, area.y(high)) for at, (_, high) in zip(x, bands, strict=True)]
        lower = [(at, area.y(low)) for at, (low, _) in zip(x, bands, strict=True)]
        parts.append(element("path", class_="response-band", d=band_path(upper, lower)))
    if clause.timed:
        parts += area.upright(clause.limit_s, limit_text(clause.limit_s))
    parts += area.across(
        clause.required, f"{percent_text(exact_share(clause.required))} required", at_left=True
    )
    services = _thinned(curve(series.service[place], n), area)
    for name, (at, share) in (("response", (times, shares)), ("service", services)):
        points = [(area.x(float(t)), area.y(float(s))) for t, s in zip(at, share, strict=True)]
        if points:
            parts.append(
                element("path", class_=name, d=polyline_path([*points, (area.right, points[-1][1])]))
            )
    return parts


def _thinned(curve_: Curve, area: Area) -> Curve:
    """The points that differ by more than a part of a pixel."""
    times, shares = curve_
    kept: list[int] = []
    last = (-1.0, -1.0)
    for place, (time, share) in enumerate(zip(times.tolist(), shares.tolist(), strict=True)):
        at = (area.x(time), area.y(share))
        if abs(at[0] - last[0]) + abs(at[1] - last[1]) >= 0.8 or place == len(times) - 1:
            kept.append(place)
            last = at
    return times[kept], shares[kept]


def _range(series: ChartSeries, limit_s: float) -> tuple[float, float]:
    """Times worth showing: from where a thousandth of the service times lie, to beyond the slowest and the limit."""
    counts = series.service.sum(axis=0)
    upto = counts.cumsum()
    first = int(np.searchsorted(upto, max(1, int(upto[-1]) // 1000)))
    (filled,) = series.response.sum(axis=0).nonzero()
    low, high = float(edge_s(first)), float(edge_s(int(filled[-1]) + 1))
    return round_down(min(low, limit_s / 10)), round_up(max(high, limit_s * 1.5))


def _table(series: ChartSeries, shown: list[PopulationVerdict]) -> DataTable:
    rows = []
    for share in _TABLE_SHARES:
        cells = [percent_text(share)]
        for each in shown:
            place = series.classes.index(each.name)
            for counts in (series.response[place], series.service[place]):
                found = quantile_s(counts, int(series.n[place]), share)
                cells.append("not answered" if found is None else seconds_text(found))
        rows.append(tuple(cells))
    header = (
        "share",
        *(f"{each.name}: {what}" for each in shown for what in ("response time", "service time")),
    )
    return DataTable(header=header, rows=tuple(rows))
