"""The table: what one clause counts in one recording, by bin of planned time, kind, and zone of the warm-up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from analysis.blocks import OWN_LAG_SATURATED_MS, Block
from analysis.levels import Level, count_faster
from analysis.response_times import CODES, Histogram, ResponseTimes
from analysis.series import Bins, Series

Counts = npt.NDArray[np.int64]

ZONES = 3  # in the warm-up; after it and before twice its length; beyond
MEASURED = slice(1, None)


@dataclass(slots=True, kw_only=True)
class Table:
    """Counts of originals. Where a shape ends in ZONES, the warm-up is counted too, in zone 0."""

    bins: Bins
    cycle_s: float | None
    n: Counts  # (bins, kinds, ZONES): judged
    hits: Counts
    questionable: Counts  # misses that may be our own fault
    planned: Counts  # (bins, kinds): whether judged or not
    ended: Counts
    time_sum_ns: npt.NDArray[np.float64]  # (bins, kinds): an unanswered transaction counts the limit at least
    misses: Counts  # (kinds, ZONES, 256): not answered, by outcome
    outcomes: Counts  # (kinds, 256): measured, by outcome
    slow_answers: Counts  # (kinds, 256): measured, answered beyond the limit, by outcome
    impossible: Counts  # (kinds,): measured misses with times that cannot be true
    hits_without_own_lag: Counts  # (kinds, ZONES): misses that our own lag made
    own_lag_ms: Counts  # (kinds, 65536): measured transactions by own lag
    days: Counts  # (days of a month, kinds, 2): judged, and of these hits
    excluded: dict[str, Counts]  # (kinds,): by reason
    times: ResponseTimes
    populations: tuple[tuple[int, ...], ...]  # the kinds of each class that is judged
    _faster_of: dict[tuple[tuple[int, ...], ...], Counts] = field(default_factory=dict)

    @classmethod
    def empty(
        cls,
        kinds: int,
        bins: Bins,
        *,
        cycle_s: float | None,
        populations: tuple[tuple[int, ...], ...],
        at: Callable[[npt.NDArray[np.intp]], Block],
        days: int = 0,
    ) -> Table:
        """A table with nothing in it. `at` reads rows of the recording by their numbers."""

        def zeros(*shape: int) -> Counts:
            return np.zeros(shape, dtype=np.int64)

        def histogram() -> Histogram:
            return Histogram(counts=zeros(kinds, CODES), sums_ns=np.zeros((kinds, CODES)))

        return cls(
            bins=bins,
            cycle_s=cycle_s,
            n=zeros(bins.count, kinds, ZONES),
            hits=zeros(bins.count, kinds, ZONES),
            questionable=zeros(bins.count, kinds, ZONES),
            planned=zeros(bins.count, kinds),
            ended=zeros(bins.count, kinds),
            time_sum_ns=np.zeros((bins.count, kinds)),
            misses=zeros(kinds, ZONES, 256),
            outcomes=zeros(kinds, 256),
            slow_answers=zeros(kinds, 256),
            impossible=zeros(kinds),
            hits_without_own_lag=zeros(kinds, ZONES),
            own_lag_ms=zeros(kinds, OWN_LAG_SATURATED_MS + 1),
            days=zeros(days, kinds, 2),
            excluded={},
            times=ResponseTimes(at=at, response=histogram(), service=histogram()),
            populations=populations,
        )

    def join(self, later: Table) -> None:
        """Take over what was counted of later rows of the same recording."""
        for name in _COUNTED:
            mine: npt.NDArray[Any] = getattr(self, name)
            mine += getattr(later, name)
        for reason, found in later.excluded.items():
            self.exclude(reason, found)
        self.times.join(later.times)

    @property
    def kinds(self) -> int:
        """How many kinds the recording knows."""
        return int(self.impossible.size)

    def exclude(self, reason: str, found: Counts) -> None:
        """Count rows that are left out, by kind."""
        self.excluded[reason] = self.excluded[reason] + found if reason in self.excluded else found

    def left_out(self, reason: str, kinds: Sequence[int]) -> int:
        """How many rows of some kinds are left out for a reason."""
        found = self.excluded.get(reason)
        return 0 if found is None else int(found[list(kinds)].sum())

    def series(
        self, kinds: Sequence[int], *, zones: slice = MEASURED, faster: Counts | None = None
    ) -> Series:
        """The series of some kinds as one population; `faster` instead of what is counted from the coded rows."""
        chosen = list(kinds)

        def summed(counts: Counts) -> Counts:
            return np.asarray(counts[:, chosen, zones].sum(axis=(1, 2)))

        n, hits = summed(self.n), summed(self.hits)
        if faster is None:
            faster = self._faster(chosen) if zones == MEASURED else np.zeros((2, n.size), dtype=np.int64)
        return Series(
            bins=self.bins,
            n=n,
            hits=hits,
            favourable=hits + summed(self.questionable),
            faster_p50=faster[0],
            faster_p75=faster[1],
            planned=np.asarray(self.planned[:, chosen].sum(axis=1)),
            ended=np.asarray(self.ended[:, chosen].sum(axis=1)),
            time_sum_s=np.asarray(self.time_sum_ns[:, chosen].sum(axis=1)) / 1e9,
            cycle_s=self.cycle_s,
        )

    def _faster(self, kinds: Sequence[int]) -> Counts:
        """Answers per bin that were no slower than the median of these kinds, and than their third quartile."""
        judged = self.n[:, :, MEASURED].sum(axis=(0, 2)) > 0
        present = tuple(each for each in kinds if judged[each])
        if not present:
            return np.zeros((2, self.bins.count), dtype=np.int64)
        classes = [tuple(each for each in of if judged[each]) for of in self.populations]
        every = [(each,) for each in np.flatnonzero(judged).tolist()]
        groups = next((some for some in (classes, every) if present in some), [present])
        asked = tuple(each for each in groups if each)
        if asked not in self._faster_of:  # one pass over the codes for all classes, another for all kinds
            self._faster_of[asked] = count_faster(self.times, self._levels(asked), self.bins.count)
        return np.asarray(self._faster_of[asked][:, :, list(present)].sum(axis=2))

    def _levels(self, groups: Sequence[Sequence[int]]) -> list[Level]:
        """Where median and third quartile of each group lie among its judged transactions."""
        found = []
        for kinds in groups:
            total = int(self.n[:, list(kinds), MEASURED].sum())
            upto = self.times.counts(kinds).cumsum()
            for place, share in enumerate((2, 3)):
                rank = -(-total * share // 4)
                if 1 <= rank <= int(upto[-1]):
                    code = int(np.searchsorted(upto, rank))
                    within = rank - (int(upto[code - 1]) if code else 0)
                    found.append(Level(place=place, kinds=tuple(kinds), code=code, rank=within))
        return found


_COUNTED = (
    "n",
    "hits",
    "questionable",
    "planned",
    "ended",
    "time_sum_ns",
    "misses",
    "outcomes",
    "slow_answers",
    "impossible",
    "hits_without_own_lag",
    "own_lag_ms",
    "days",
)
