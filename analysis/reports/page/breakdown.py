"""Counts and times by kind, payer, wire, outcome and attempt: histograms of bounded size, and rows made of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from analysis.blocks import Mask
from analysis.reports.page.time_codes import CODES, Codes, quantile_s

Places = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedRows:
    """Rows as columns: the time each waited, with its code, and what became of it."""

    codes: Codes
    waited_ns: npt.NDArray[np.int64]
    hit: Mask
    answered: Mask

    def at(self, places: Places | Mask) -> TimedRows:
        """The rows at these places, or under this mask."""
        return TimedRows(
            codes=self.codes[places],
            waited_ns=self.waited_ns[places],
            hit=self.hit[places],
            answered=self.answered[places],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakdownRow:
    """One group. Times in seconds; None where a quantile lies among the unanswered."""

    name: str
    n: int
    hits: int
    p50_s: float | None
    p90_s: float | None
    p99_s: float | None
    slowest_s: float | None  # of the answered


@dataclass(slots=True, kw_only=True)
class Breakdown:
    """Histograms of answered times by group. `names` gives a group its text; more than `names` are one group."""

    title: str
    names: tuple[str, ...]
    n: npt.NDArray[np.int64] = field(init=False)
    hits: npt.NDArray[np.int64] = field(init=False)
    counts: npt.NDArray[np.int64] = field(init=False)  # (groups, CODES)
    slowest_ns: npt.NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        groups = len(self.names)
        self.n, self.hits, self.slowest_ns = (np.zeros(groups, dtype=np.int64) for _ in range(3))
        self.counts = np.zeros((groups, CODES), dtype=np.int64)

    def add(self, group: Places, rows: TimedRows) -> None:
        """Count rows by their group; only answered ones have a time."""
        groups = len(self.names)
        pairs = np.bincount(group * 2 + rows.hit, minlength=2 * groups).reshape(groups, 2)
        self.n += pairs.sum(axis=1)
        self.hits += pairs[:, 1]
        if not rows.answered.all():
            group, rows = group[rows.answered], rows.at(rows.answered)
        if not group.size:
            return
        codes = rows.codes
        low, high = int(codes.min()), int(codes.max()) + 1
        cells = np.bincount((codes - low) * groups + group, minlength=(high - low) * groups)
        self.counts[:, low:high] += cells.reshape(high - low, groups).T
        np.maximum.at(self.slowest_ns, group, rows.waited_ns)

    def rows(self) -> tuple[BreakdownRow, ...]:
        """Every group that has transactions, in the order of `names`."""
        return tuple(self._row(int(group)) for group in np.flatnonzero(self.n))

    def _row(self, group: int) -> BreakdownRow:
        n, counts = int(self.n[group]), self.counts[group]
        slowest_s = int(self.slowest_ns[group]) / 1e9 if counts.any() else None
        p50, p90, p99 = (_no_later(quantile_s(counts, n, share), slowest_s) for share in (0.5, 0.9, 0.99))
        return BreakdownRow(
            name=self.names[group],
            n=n,
            hits=int(self.hits[group]),
            p50_s=p50,
            p90_s=p90,
            p99_s=p99,
            slowest_s=slowest_s,
        )


def _no_later(time_s: float | None, slowest_s: float | None) -> float | None:
    """A quantile rounded up is no later than the slowest of all."""
    return time_s if time_s is None or slowest_s is None else min(time_s, slowest_s)
