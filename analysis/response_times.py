"""Response times of judged rows, exact and in little memory: a code of 16 bits a row, the value read again on demand.

The code is the upper half of the time as a 32-bit float, so codes rise with times and each covers 0.4 % of a time.
A quantile needs two steps: count codes to find the bucket of its rank, then read the rows of that bucket again and
order their exact nanoseconds (a radix selection).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from analysis.blocks import Block, Mask, Nanoseconds

UNANSWERED = 0xFFFF
CODES = 1 << 16
Codes = npt.NDArray[np.uint16]


def encode(times_ns: Nanoseconds) -> Codes:
    """The code of each time of 0 ns or more."""
    return (times_ns.astype(np.float32).view(np.uint32) >> np.uint32(15)).astype(np.uint16)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodedBlock:
    """Judged rows of one block: where to read them again, and what is known of each."""

    read: Callable[[npt.NDArray[np.intp]], Block]  # the rows at these places of the block
    judged: npt.NDArray[np.uint8] | None  # packed bits over the rows of the block; None: every row
    kind: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
    bin: npt.NDArray[np.uint16]
    response: Codes  # UNANSWERED where no answer counts
    service: Codes

    def places(self, chosen: Mask) -> npt.NDArray[np.intp]:
        """Places in the block of the judged rows that are chosen."""
        if self.judged is None:
            return np.flatnonzero(chosen)
        return np.flatnonzero(np.unpackbits(self.judged))[chosen]


@dataclass(slots=True, kw_only=True)
class Histogram:
    """Counts and sums of times by kind and code."""

    counts: npt.NDArray[np.int64]  # (kinds, CODES)
    sums_ns: npt.NDArray[np.float64]


@dataclass(slots=True, kw_only=True)
class ResponseTimes:
    """The coded blocks of a recording with their histograms."""

    blocks: list[CodedBlock] = field(default_factory=list)
    response: Histogram
    service: Histogram

    def counts(self, kinds: Sequence[int], *, service: bool = False) -> npt.NDArray[np.int64]:
        """Answered rows of some kinds by code."""
        found: npt.NDArray[np.int64] = (
            (self.service if service else self.response).counts[list(kinds)].sum(axis=0)
        )
        return found

    def read(self, wanted: Sequence[Wanted], found: Sequence[dict[int, list[Nanoseconds]]]) -> None:
        """Append to `found[i][code]` the exact times of the rows that `wanted[i]` names."""
        for service in (False, True):
            table = np.zeros(self.response.counts.shape, dtype=np.bool_)
            for each in wanted:
                if each.service is service and each.codes and each.kinds:
                    table[np.ix_(each.kinds, each.codes)] = True
            if not table.any():
                continue
            for block in self.blocks:
                code = block.service if service else block.response
                chosen = table.ravel().take(block.kind.astype(np.intp) * CODES + code)
                if chosen.any():
                    rows = block.read(block.places(chosen))
                    times = rows.ended_ns - (rows.started_ns if service else rows.planned_ns)
                    kind, code = block.kind[chosen], code[chosen]
                    for each, parts in zip(wanted, found, strict=True):
                        if each.service is service:
                            mine = np.isin(kind, each.kinds)
                            for one in each.codes:
                                parts[one].append(times[mine & (code == one)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Codes whose rows are to be read again, of some kinds."""

    kinds: tuple[int, ...]
    codes: tuple[int, ...]
    service: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """The response times of one population, out of one recording or several. `service`: from their start instead."""

    parts: tuple[
        tuple[ResponseTimes, tuple[int, ...]], ...
    ]  # each recording with the places of the kinds in it
    service: bool = False

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """Answered rows by code, over all recordings."""
        counts = [times.counts(kinds, service=self.service) for times, kinds in self.parts]
        return np.asarray(np.sum(counts, axis=0))

    def code_of_rank(self, rank: int) -> int | None:
        """The code in which the rank-th smallest time lies; None where it lies among the unanswered."""
        upto = self.counts.cumsum()
        return int(np.searchsorted(upto, rank)) if 1 <= rank <= int(upto[-1]) else None

    def sum_below(self, code: int) -> tuple[int, float]:
        """How many response times lie in lower codes, and their sum in nanoseconds."""
        count, total = 0, 0.0
        for times, kinds in self.parts:
            count += int(times.response.counts[list(kinds), :code].sum())
            total += float(times.response.sums_ns[list(kinds), :code].sum())
        return count, total


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What was asked of one pool: exact times at ranks (from 1), and the sum of its smallest times."""

    at_rank_ns: Mapping[int, int]  # ranks among the unanswered are left out
    sum_ns: float | None  # None where they are not all answered


def select(pools: Sequence[Pool], ranks: Sequence[Sequence[int]], smallest: Sequence[int]) -> list[Selection]:
    """For each pool the times at its ranks and the sum of its `smallest` many; rows are read once for all of them."""
    codes = [
        {rank: code for rank in (*each, count) if (code := pool.code_of_rank(rank)) is not None}
        for pool, each, count in zip(pools, ranks, smallest, strict=True)
    ]
    read = _read(pools, [sorted(set(each.values())) for each in codes])
    found = []
    for pool, count, wanted, values in zip(pools, smallest, codes, read, strict=True):
        below = np.concatenate([[0], pool.counts.cumsum()])
        at_rank = {rank: int(values[code][rank - 1 - int(below[code])]) for rank, code in wanted.items()}
        total = None
        if count in wanted:
            fewer, total = pool.sum_below(wanted[count])
            total += float(values[wanted[count]][: count - fewer].sum(dtype=np.float64))
        found.append(Selection(at_rank_ns=at_rank, sum_ns=total))
    return found


def _read(pools: Sequence[Pool], codes: Sequence[Sequence[int]]) -> list[dict[int, Nanoseconds]]:
    """Every exact time of the asked codes, ordered, by pool and code; each recording is gone through once."""
    parts: list[dict[int, list[Nanoseconds]]] = [{code: [] for code in each} for each in codes]
    recordings = {id(times): times for pool in pools for times, _ in pool.parts}
    for times in recordings.values():
        wanted, into = [], []
        for pool, asked, found in zip(pools, codes, parts, strict=True):
            kinds = [kinds for other, kinds in pool.parts if other is times]
            if kinds:
                wanted.append(Wanted(kinds=kinds[0], codes=tuple(asked), service=pool.service))
                into.append(found)
        times.read(wanted, into)
    return [{code: np.sort(np.concatenate(each)) for code, each in found.items()} for found in parts]
