"""The table: what one clause counts in one recording, by bin of planned time, kind, and zone of the warm-up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.blocks import OWN_LAG_SATURATED_MS
from analysis.response_times import CODES, CodedBlock, Histogram, Pool, ResponseTimes
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

    @classmethod
    def empty(cls, kinds: int, bins: Bins, *, cycle_s: float | None, days: int = 0) -> Table:
        """A table with nothing in it."""

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
            times=ResponseTimes(response=histogram(), service=histogram()),
        )

    def exclude(self, reason: str, kinds: npt.NDArray[np.int64]) -> None:
        """Count rows that are left out, by their kinds."""
        found = np.bincount(kinds, minlength=self.impossible.size)
        self.excluded[reason] = self.excluded[reason] + found if reason in self.excluded else found

    def left_out(self, reason: str, kinds: Sequence[int]) -> int:
        """How many rows of some kinds are left out for a reason."""
        found = self.excluded.get(reason)
        return 0 if found is None else int(found[list(kinds)].sum())

    def series(self, kinds: Sequence[int], *, zones: slice = MEASURED) -> Series:
        """The series of some kinds as one population."""
        chosen = list(kinds)

        def summed(counts: Counts) -> Counts:
            return np.asarray(counts[:, chosen, zones].sum(axis=(1, 2)))

        n, hits = summed(self.n), summed(self.hits)
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
        total = int(self.n[:, list(kinds), MEASURED].sum())
        ranks = [-(-total * share // 4) for share in (2, 3)]
        pool = Pool(parts=((self.times, tuple(kinds)),))
        found = np.zeros((2, self.bins.count), dtype=np.int64)
        upto = pool.counts.cumsum()
        mine = np.zeros(len(self.impossible), dtype=np.bool_)
        mine[list(kinds)] = True
        wanted = [
            (place, code := int(np.searchsorted(upto, rank)), rank - (int(upto[code - 1]) if code else 0))
            for place, rank in enumerate(ranks)
            if 1 <= rank <= int(upto[-1])
        ]
        at_code: dict[int, tuple[list[npt.NDArray[np.uint16]], list[npt.NDArray[np.int64]]]] = {
            code: ([], []) for _, code, _ in wanted
        }
        for block in self.times.blocks:
            self._count_faster(block, mine, [(place, code) for place, code, _ in wanted], found, at_code)
        for place, code, rank in wanted:
            bins, times = (np.concatenate(each) for each in at_code[code])
            no_slower = times <= np.partition(times, rank - 1)[rank - 1]
            found[place] += np.bincount(bins[no_slower], minlength=self.bins.count)
        return found

    def _count_faster(
        self,
        block: CodedBlock,
        mine: npt.NDArray[np.bool_],
        wanted: Sequence[tuple[int, int]],
        found: Counts,
        at_code: Mapping[int, tuple[list[npt.NDArray[np.uint16]], list[npt.NDArray[np.int64]]]],
    ) -> None:
        """Count the answers of a block with lower codes by bin; those with the very codes are read exactly."""
        ours = mine[block.kind]
        every = bool(ours.all())
        bins, response = (block.bin, block.response) if every else (block.bin[ours], block.response[ours])
        if not bins.size:
            return
        low = int(bins.min())
        steps = np.add(bins, -low, dtype=np.int32)
        cells = steps * np.int32(len(wanted) + 1)
        for _, code in wanted:
            cells += response >= code
        counted = np.bincount(cells, minlength=(int(steps.max()) + 1) * (len(wanted) + 1))
        upto = counted.reshape(-1, len(wanted) + 1).cumsum(axis=1)
        for column, (place, _) in enumerate(wanted):
            found[place, low : low + len(upto)] += upto[:, column]
        for code, (some_bins, times) in at_code.items():
            level = block.response == code if every else ours & (block.response == code)
            if level.any():
                rows = block.read(block.places(level))
                some_bins.append(block.bin[level])
                times.append(rows.ended_ns - rows.planned_ns)
