"""The series: judged transactions of one population counted per bin of planned time. All inference runs on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from analysis.dependence import MOST_BINS, Counts, Inflation, estimate_inflation

NS_PER_S = 1_000_000_000
SHORT_S = 20
_SHIFT = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Bins:
    """Half-open bins of equal width over planned time: one second each.

    Wider where there would be too many, and a tenth of a second where a recording is too short for batches of seconds.
    """

    first_ns: int
    width_ns: int
    count: int

    @classmethod
    def spanning(cls, first_ns: int, last_ns: int) -> Bins:
        """Bins from the first planned moment to the last one, both inside."""
        span = max(0, last_ns - first_ns)
        width = (
            NS_PER_S // 10 if span < SHORT_S * NS_PER_S else NS_PER_S * (1 + span // (NS_PER_S * MOST_BINS))
        )
        return cls(first_ns=first_ns, width_ns=width, count=span // width + 1)

    @property
    def end_ns(self) -> int:
        return self.first_ns + self.width_ns * self.count

    def begun_before(self, moment_ns: int) -> int:
        """How many bins, from the first, begin before a moment."""
        return min(self.count, max(0, -(-(moment_ns - self.first_ns) // self.width_ns)))

    def places(self, stamps_ns: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The bin of each moment; moments outside get the nearest bin."""
        return np.clip((stamps_ns - self.first_ns) // self.width_ns, 0, self.count - 1)

    def steps(
        self, stamps_ns: npt.NDArray[np.int64], span: tuple[int, int]
    ) -> tuple[slice, npt.NDArray[np.uint16]]:
        """Some bins, and how many beyond the first of them each moment lies: `places` where moments are close.

        All moments lie in `span`.

        A width is a multiple of 256 ns, so where the moments span less than 2^32 times that, division by 32 bits is
        exact; it takes a quarter of the time.
        """
        end_ns = self.width_ns * self.count - 1
        low, high = (min(max(0, each - self.first_ns), end_ns) for each in span)
        first = low // self.width_ns
        bins = slice(first, high // self.width_ns + 1)
        since = stamps_ns - (self.first_ns + first * self.width_ns)
        if span[0] < self.first_ns or span[1] > self.first_ns + end_ns:
            np.clip(since, 0, end_ns - first * self.width_ns, out=since)
        if max(high - first * self.width_ns, self.width_ns) >> _SHIFT < 1 << 32:
            since >>= _SHIFT
            short = since.astype(np.uint32)
            short //= np.uint32(self.width_ns >> _SHIFT)
            return bins, short.astype(np.uint16)
        return bins, (since // self.width_ns).astype(np.uint16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Counts per bin, each of shape (bins,). `hits` with questionable rows as hits are `favourable`."""

    bins: Bins
    n: Counts
    hits: Counts
    favourable: Counts
    faster_p50: Counts  # answered no later than the median of the population
    faster_p75: Counts
    planned: Counts  # originals whether judged or not, by planned time
    ended: Counts  # the same by the time they ended
    time_sum_s: npt.NDArray[np.float64]  # of the judged; an unanswered transaction counts the limit at least
    cycle_s: float | None = None  # length of a declared load cycle
    pieces: tuple[Series, ...] = ()  # the recordings that were joined

    @property
    def width_s(self) -> float:
        return self.bins.width_ns / NS_PER_S

    @property
    def judged(self) -> slice:
        """From the first to the last bin with judged transactions."""
        (filled,) = self.n.nonzero()
        return slice(int(filled[0]), int(filled[-1]) + 1) if filled.size else slice(0, 0)

    @property
    def recordings(self) -> tuple[Series, ...]:
        """The series of each recording that was joined, or this one."""
        return self.pieces or (self,)

    def as_service(self) -> Series:
        """Bins as what is counted: one with transactions has service if a single one of them was good."""
        nothing = np.zeros_like(self.n)
        return replace(
            self,
            n=(self.n > 0).astype(np.int64),
            hits=(self.hits > 0).astype(np.int64),
            favourable=(self.favourable > 0).astype(np.int64),
            faster_p50=nothing,
            faster_p75=nothing,
            pieces=tuple(each.as_service() for each in self.pieces),
        )

    @property
    def in_flight(self) -> Counts:
        """Transactions on their way at the end of each bin."""
        return np.cumsum(self.planned - self.ended)

    @property
    def cycle_bins(self) -> int | None:
        """The declared load cycle in bins; None where none is declared or bins do not fit it."""
        bins = self.cycle_s / self.width_s if self.cycle_s else 0.5
        return int(bins) if bins >= 1 and bins == int(bins) else None

    def inflation(self, *, favourable: bool = False) -> Inflation:
        """What dependence costs the share of hits, or that with questionable rows as hits."""
        judged = self.judged
        first = self.favourable if favourable else self.hits
        counts = np.stack([first[judged], self.faster_p50[judged], self.faster_p75[judged]])
        return estimate_inflation(self.n[judged], counts, cycle=self.cycle_bins)


_COUNTED = ("n", "hits", "favourable", "faster_p50", "faster_p75", "planned", "ended", "time_sum_s")


def stacked_series(series: Sequence[Series]) -> Series:
    """Series of recordings of the same time as one: what happened in a second is counted in that second.

    Put one after the other they would pass for independent, although they met the same gateway at the same moments.
    """
    if len(series) == 1:
        return series[0]
    return replace(
        series[0], **{name: np.sum([getattr(each, name) for each in series], axis=0) for name in _COUNTED}
    )


def joined_series(series: Sequence[Series]) -> Series:
    """Series of several recordings one after the other, in the order of their time; one stays as it is."""
    if len(series) == 1:
        return series[0]
    in_order = sorted(
        series, key=lambda each: (each.bins.first_ns, each.bins.count, each.n.tobytes(), each.hits.tobytes())
    )
    joined = {
        name: np.concatenate([getattr(each, name)[each.judged] for each in in_order]) for name in _COUNTED
    }
    first = in_order[0]
    bins = Bins(first_ns=first.bins.first_ns, width_ns=first.bins.width_ns, count=joined["n"].size)
    return Series(bins=bins, cycle_s=first.cycle_s, pieces=tuple(each for each in in_order), **joined)
