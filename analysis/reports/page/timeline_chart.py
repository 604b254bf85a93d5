"""The share within the limit over time, with arrivals and transactions in flight beneath on the same axis."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from analysis.proportions import exact_share
from analysis.reports.page.captions import left_out_caption, timeline_caption
from analysis.reports.page.chart_series import ChartSeries
from analysis.reports.page.foreign_text import fitting
from analysis.reports.page.plot import SIZES, Area, DataTable, Figure, Label, Scale, Sign, Size, hatches
from analysis.reports.page.scales import (
    LinearScale,
    headroom,
    linear_ticks,
    moment_label,
    number_label,
    percent_label,
    time_ticks,
)
from analysis.reports.page.svg import band_path, drawing, element, joined, polyline_path, step_path, text
from analysis.reports.page.time_windows import (
    FEWEST,
    Window,
    bins_of_a_window,
    class_windows,
    merged,
    without_gaps,
)
from analysis.samples import Samples
from analysis.verdict import ClauseVerdict, PopulationVerdict
from analysis.wording import count_text, percent_text

MOST_CLASSES, MOST_RUNS = 4, 12
_SHARE_PANEL, _LOWER_PANEL, _GAP = 130.0, 84.0, 40.0


def draw_timeline(series: ChartSeries, judged: ClauseVerdict, recordings: Sequence[Samples]) -> Figure:
    """A panel for each class, one for arrivals and one for what was in flight."""
    several = len(recordings) > 1
    if not series.judged.any():
        return Figure(
            id="timeline",
            title="Over time",
            caption="No transaction was judged, so there is nothing to draw over time.",
        )
    shown, left_out = _shown(series, judged)
    factor = bins_of_a_window(series)
    windows = {each.name: class_windows(series, each, factor) for each in shown}
    required = judged.clause.required
    below = any(each.share < required for some in windows.values() for each in some)
    return Figure(
        id="timeline",
        title="Over time",
        caption=timeline_caption(judged.clause, len(recordings)) + left_out_caption(left_out),
        drawings=tuple(_drawing(series, judged, recordings, shown, windows, size) for size in SIZES),
        signs=(
            Sign(mark="response", meaning="share, with its band"),
            *((Sign(mark="low-window", meaning="window below the requirement"),) if below else ()),
            *((Sign(mark="one-run", meaning="one run"),) if several else ()),
            Sign(mark="planned", meaning="arrivals planned"),
            Sign(mark="started", meaning="started"),
            Sign(mark="in-flight", meaning="in flight"),
            *(
                (Sign(mark="warm-up", meaning="warm-up"),)
                if any(each.warm_up_ns for each in recordings)
                else ()
            ),
            *(
                (Sign(mark="maintenance", meaning="maintenance"),)
                if any(each.maintenance for each in recordings)
                else ()
            ),
        ),
        data=_table(series, shown, windows, factor),
    )


def _shown(series: ChartSeries, judged: ClauseVerdict) -> tuple[list[PopulationVerdict], int]:
    """The classes with most transactions, and how many more there are."""
    size_of = dict(zip(series.classes, series.judged.sum(axis=(0, 2)).tolist(), strict=True))
    filled = [each for each in judged.populations if size_of[each.name]]
    largest = sorted(filled, key=lambda each: -size_of[each.name])[:MOST_CLASSES]
    return [each for each in filled if each in largest], len(filled) - len(largest)


def _drawing(
    series: ChartSeries,
    judged: ClauseVerdict,
    recordings: Sequence[Samples],
    shown: list[PopulationVerdict],
    windows: dict[str, list[Window]],
    size: Size,
) -> Markup:
    x = LinearScale(low=0, high=series.axis.length_s, first=size.left, last=size.width - size.right)
    ticks = time_ticks(series.axis.length_s, size.ticks - 1 if size.narrow else size.ticks)
    id_ = f"timeline-{'narrow' if size.narrow else 'wide'}"
    parts, top = [hatches(id_)], 24.0
    low = _lowest(judged, windows)
    for each in shown:
        area = Area(x=x, y=LinearScale(low=low, high=1, first=top + _SHARE_PANEL, last=top))
        parts.append(text(_title(each.name, area), area.left, top - 9, class_="panel-title"))
        parts += _shades(area, recordings, id_, named=each is shown[0])
        parts += area.grid(ticks, linear_ticks(low, 1, 6), None, percent_label)
        parts += _share_lines(series, judged, each, windows[each.name], area)
        top += _SHARE_PANEL + _GAP
    for draw, title in ((_arrivals, "arrivals per second"), (_in_flight, "transactions in flight")):
        last = draw is _in_flight
        area, drawn = draw(series, x, top, size)
        parts.append(text(title, area.left, top - 9, class_="panel-title"))
        parts += _shades(area, recordings, id_, named=False)
        label: Label | None = moment_label if last else None
        parts += area.grid(ticks, linear_ticks(0, area.y.high, 4), label, number_label)
        parts += drawn
        top += _LOWER_PANEL + _GAP
    parts.append(text("time since the start", x.last, top - 4, class_="axis-title", text_anchor="end"))
    return drawing(
        size.width, top, "Share within the limit, arrivals and transactions in flight over time", parts
    )


def _title(name: str, area: Area) -> str:
    said = ": share within the limit"
    return fitting(name, area.right - area.left - 8 * len(said)) + said


def _lowest(judged: ClauseVerdict, windows: dict[str, list[Window]]) -> float:
    """Where the share axis begins: below every share and the requirement, at a round tenth."""
    shares = [each.share for some in windows.values() for each in some]
    least = min([judged.clause.required - 0.05, *shares])
    return max(0.0, floor(least * 10 - 1e-9) / 10)


def _share_lines(
    series: ChartSeries, judged: ClauseVerdict, each: PopulationVerdict, windows: list[Window], area: Area
) -> list[Markup]:
    parts: list[Markup] = []
    for run in without_gaps(windows):
        points = [(area.x(each.middle_s), area.y(each.share)) for each in run]
        upper = [(area.x(each.middle_s), area.y(each.high)) for each in run]
        lower = [(area.x(each.middle_s), area.y(each.low)) for each in run]
        parts.append(element("path", class_="response-band", d=band_path(upper, lower)))
        parts.append(element("path", class_="response", d=polyline_path(points)))
    place = series.classes.index(each.name)
    if len(series.judged) > 1:
        parts += _each_run(series, place, area)
    parts += area.across(
        judged.clause.required, f"{percent_text(exact_share(judged.clause.required))} required"
    )
    for window in windows:
        if window.share < judged.clause.required:
            at = (area.x(window.middle_s), area.y(window.share))
            mark = element("path", _tooltip(window), class_="low-window", d=_diamond(*at))
            parts.append(mark)
    return parts


def _each_run(series: ChartSeries, place: int, area: Area) -> list[Markup]:
    """A thin line for each recording, the first of them where there are many."""
    factor = max(1, -(-series.axis.count // 30))
    width = factor * series.axis.width_s
    parts = []
    for n, hits in zip(series.judged[:MOST_RUNS, place], series.hits[:MOST_RUNS, place], strict=True):
        of, good = merged(n, factor), merged(hits, factor)
        points = [
            (area.x((number + 0.5) * width), area.y(float(good[number] / of[number])))
            for number in np.flatnonzero(of >= FEWEST).tolist()
        ]
        if points:
            parts.append(element("path", class_="one-run", d=polyline_path(points)))
    return parts


def _diamond(x: float, y: float, r: float = 5) -> str:
    return f"M{x:.1f} {y - r:.1f}l{r} {r}l-{r} {r}l-{r}-{r}z"


def _tooltip(window: Window) -> Markup:
    said = (
        f"{moment_label(round(window.start_s, 3))} to {moment_label(round(window.end_s, 3))}: "
        f"{percent_text(window.share)} of {count_text(window.n)}"
    )
    return element("title", said)


def _arrivals(series: ChartSeries, x: Scale, top: float, size: Size) -> tuple[Area, list[Markup]]:
    """Means over all recordings, in steps of half a second at least."""
    factor = max(1, -(-series.axis.count // (size.columns(150))), round(1 / series.axis.width_s))
    seconds = factor * series.axis.width_s * len(series.traffic.planned)
    planned, started = (
        merged(each.sum(axis=0), factor) / seconds
        for each in (series.traffic.planned, series.traffic.started)
    )
    high = headroom(float(max(planned.max(), started.max(), 0.1)))
    area = Area(x=x, y=LinearScale(low=0, high=high, first=top + _LOWER_PANEL, last=top))
    starts = series.axis.starts_s(factor)

    def points(rates: npt.NDArray[np.float64]) -> list[tuple[float, float]]:
        ends = [*starts.tolist(), series.axis.length_s]
        return [(area.x(at), area.y(float(rate))) for at, rate in zip(ends, [*rates, rates[-1]], strict=True)]

    steps = points(planned)
    filled = f"{step_path(steps)}V{area.bottom:.1f}H{area.left:.1f}z"
    return area, [
        element("path", class_="planned", d=filled),
        element("path", class_="started", d=step_path(points(started))),
    ]


def _in_flight(series: ChartSeries, x: Scale, top: float, size: Size) -> tuple[Area, list[Markup]]:
    factor = max(1, -(-series.axis.count // size.columns(200)))
    flying = merged(series.traffic.in_flight.mean(axis=0), factor) / merged(
        np.ones(series.axis.count, dtype=np.int64), factor
    )
    high = headroom(max(1.0, float(flying.max())))
    area = Area(x=x, y=LinearScale(low=0, high=high, first=top + _LOWER_PANEL, last=top))
    width = factor * series.axis.width_s
    points = [(area.x((place + 0.5) * width), area.y(float(each))) for place, each in enumerate(flying)]
    filled = f"{polyline_path([(points[0][0], area.bottom), *points, (points[-1][0], area.bottom)])}z"
    return area, [element("path", class_="in-flight", d=filled)]


def _shades(area: Area, recordings: Sequence[Samples], id_: str, *, named: bool) -> list[Markup]:
    """Warm-up of the longest kind, and maintenance of every recording where it lies in its own time."""
    warm_up = max(each.warm_up_ns for each in recordings) / 1e9
    fills = {name: f"url(#{id_}-{name})" for name in ("warm-up", "maintenance")}
    spans = [(0.0, warm_up, "warm-up")] if warm_up else []
    for each in recordings:
        spans += [
            ((start - each.first_ns) / 1e9, (end - each.first_ns) / 1e9, "maintenance")
            for start, end in each.maintenance
        ]
    parts: list[Markup] = []
    for start, end, name in dict.fromkeys(spans):
        shaded = area.shade(start, end, f"shade-{name}", name if named else "")
        parts += [joined([element("g", joined(shaded), fill=fills[name])])] if shaded else []
    return parts


def _table(
    series: ChartSeries, shown: list[PopulationVerdict], windows: dict[str, list[Window]], factor: int
) -> DataTable:
    width = factor * series.axis.width_s
    by_start = {name: {round(each.start_s / width): each for each in some} for name, some in windows.items()}
    seconds = [
        min(width, series.axis.length_s - place * width) for place in range(-(-series.axis.count // factor))
    ]
    planned, started = (
        merged(each.sum(axis=0), factor) for each in (series.traffic.planned, series.traffic.started)
    )
    bins = merged(np.ones(series.axis.count, dtype=np.int64), factor)
    flying = merged(series.traffic.in_flight.mean(axis=0), factor) / bins
    runs = len(series.traffic.planned)
    rows = []
    for place, length in enumerate(seconds):
        cells = [moment_label(round(place * width, 3))]
        for each in shown:
            window = by_start[each.name].get(place)
            cells.append("–" if window is None else f"{percent_text(window.share)} of {count_text(window.n)}")
        cells += [f"{int(of[place]) / runs / length:.1f}" for of in (planned, started)]
        rows.append((*cells, f"{flying[place]:.1f}"))
    header = ("from", *(each.name for each in shown), "planned per second", "started per second", "in flight")
    return DataTable(header=header, rows=tuple(rows))
