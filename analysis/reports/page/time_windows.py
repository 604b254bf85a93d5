"""Windows of the time axis: neighbouring bins as one, with the share in each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.reports.page.bands import share_band
from analysis.reports.page.chart_series import ChartSeries
from analysis.verdict import PopulationVerdict

WINDOWS, ENOUGH = 60, 20  # windows at most, and transactions that one should have
FEWEST = 5  # in a window whose share is drawn
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Judged transactions planned in a part of the time axis, in seconds."""

    start_s: float
    end_s: float
    n: int
    hits: int
    low: float
    high: float

    @property
    def share(self) -> float:
        return self.hits / self.n

    @property
    def middle_s(self) -> float:
        return (self.start_s + self.end_s) / 2


def span(counts: Counts) -> int:
    """Bins from the first to the last that has anything, both included."""
    (filled,) = counts.nonzero()
    return int(filled[-1] - filled[0]) + 1 if filled.size else 0


def merged(counts: Counts, factor: int) -> Counts:
    """Sums of so many neighbours each along the last axis; the last may have fewer."""
    return np.asarray(np.add.reduceat(counts, np.arange(0, counts.shape[-1], factor), axis=-1))


def bins_of_a_window(series: ChartSeries) -> int:
    """How many bins make a window: enough transactions in each on average, and not too many windows."""
    busy = span(series.judged.sum(axis=(0, 1)))
    scarcest = min(int(each) for each in series.judged.sum(axis=(0, 2)) if each)
    for_count = -(-ENOUGH * busy // scarcest)
    return max(1, min(-(-series.axis.count // 8), max(-(-series.axis.count // WINDOWS), for_count)))


def class_windows(series: ChartSeries, each: PopulationVerdict, factor: int) -> list[Window]:
    """The windows of a class that have transactions enough, each with the bounds that its own size gives."""
    place = series.classes.index(each.name)
    n, hits = (merged(of[:, place].sum(axis=0), factor).tolist() for of in (series.judged, series.hits))
    ratio = min(1.0, (each.n_effective or each.n) / each.n) if each.n else 1.0
    width, end = factor * series.axis.width_s, (series.axis.planned_ns + 1) / 1e9
    found = []
    for number, (of, good) in enumerate(zip(n, hits, strict=True)):
        if of >= FEWEST:
            low, high = share_band(good / of, max(1.0, of * ratio), each.confidence)
            found.append(
                Window(
                    start_s=number * width,
                    end_s=max(number * width, min(end, (number + 1) * width)),
                    n=of,
                    hits=good,
                    low=low,
                    high=high,
                )
            )
    return found


def without_gaps(windows: list[Window]) -> list[list[Window]]:
    """Windows without a gap between them."""
    found: list[list[Window]] = []
    for each in windows:
        if found and abs(found[-1][-1].end_s - each.start_s) < 1e-9:
            found[-1].append(each)
        else:
            found.append([each])
    return found
