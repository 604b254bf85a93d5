"""Response times of judged rows, exact and in little memory: a code of 16 bits a row, the value read again on demand.

The code is the upper half of the time as a 32-bit float, so codes rise with times and each covers 0.4 % of a time.
A quantile needs two steps: count codes to find the bucket of its rank, then read the rows of that bucket again and
order their exact nanoseconds (a radix selection).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from analysis.blocks import Block, Mask, Nanoseconds
from analysis.threads import in_threads

CODES = 1 << 16
Codes = npt.NDArray[np.uint16]


def encode(times_ns: Nanoseconds) -> Codes:
    """The code of each time of 0 ns or more."""
    return (times_ns.astype(np.float32).view(np.uint32) >> np.uint32(15)).astype(np.uint16)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodedRows:
    """Judged rows with an answer, some ten thousand: where to read them again, and what is known of each."""

    first: int  # the number of the first row
    numbers: npt.NDArray[np.intp] | None  # beyond it; None: one after the other
    kind: npt.NDArray[Any]  # the number of kinds where a row does not count
    bin: npt.NDArray[np.uint16]
    response: Codes
    service: Codes

    def row_numbers(self, places: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        """The numbers in the recording of the rows at some places."""
        return self.first + (places if self.numbers is None else self.numbers[places])


@dataclass(frozen=True, slots=True, kw_only=True)
class Exact:
    """Rows that were read again, as columns."""

    kind: npt.NDArray[Any]
    bin: npt.NDArray[np.uint16]
    code: Codes
    time_ns: Nanoseconds


@dataclass(slots=True, kw_only=True)
class Histogram:
    """Counts and sums of times by kind and code."""

    counts: npt.NDArray[np.int64]  # (kinds, CODES)
    sums_ns: npt.NDArray[np.float64]

    def join(self, other: Histogram) -> None:
        """Add another one; most kinds and codes never occur."""
        for kind in np.flatnonzero(other.counts.any(axis=1)).tolist():
            self.counts[kind] += other.counts[kind]
            self.sums_ns[kind] += other.sums_ns[kind]


@dataclass(slots=True, kw_only=True)
class ResponseTimes:
    """The coded rows of a recording with their histograms. `at` reads rows by their numbers."""

    at: Callable[[npt.NDArray[np.intp]], Block]
    coded: list[CodedRows] = field(default_factory=list)
    response: Histogram
    service: Histogram

    def counts(self, kinds: Sequence[int], *, service: bool = False) -> npt.NDArray[np.int64]:
        """Answered rows of some kinds by code."""
        found: npt.NDArray[np.int64] = (
            (self.service if service else self.response).counts[list(kinds)].sum(axis=0)
        )
        return found

    def join(self, later: ResponseTimes) -> None:
        """Take over the times of later rows of the same recording."""
        self.coded += later.coded
        self.response.join(later.response)
        self.service.join(later.service)

    def in_parts(self) -> list[Sequence[CodedRows]]:
        """The coded rows in two parts, or in one where they are few."""
        middle = len(self.coded) // 2
        return [self.coded[:middle], self.coded[middle:]] if middle > 1 else [self.coded]

    def read_again(
        self, chosen: Iterable[tuple[CodedRows, npt.NDArray[np.intp]]], *, service: bool = False
    ) -> Exact:
        """The exact times of the rows at some places of some coded rows."""
        columns: dict[str, list[npt.NDArray[Any]]] = {name: [_NONE] for name in _EXACT}
        for some in _together(chosen):
            for rows, places in some:
                columns["kind"].append(rows.kind[places])
                columns["bin"].append(rows.bin[places])
                columns["code"].append((rows.service if service else rows.response)[places])
            found = self.at(np.concatenate([rows.row_numbers(places) for rows, places in some]))
            columns["time_ns"].append(found.ended_ns - (found.started_ns if service else found.planned_ns))
        return Exact(**{name: np.concatenate(parts) for name, parts in columns.items()})

    def read(self, wanted: Sequence[Wanted], found: Sequence[dict[int, list[Nanoseconds]]]) -> None:
        """Append to `found[i][code]` the exact times of the rows that `wanted[i]` names."""
        for service in (False, True):
            table = np.zeros((len(self.response.counts) + 1, CODES), dtype=np.bool_)
            for each in wanted:
                if each.service is service and each.codes and each.kinds:
                    table[np.ix_(each.kinds, each.codes)] = True
            if not table.any():
                continue
            exact = self._of_codes(table, service=service)
            for each, parts in zip(wanted, found, strict=True):
                if each.service is service:
                    of_kind = np.isin(exact.kind, each.kinds)
                    mine, code = exact.time_ns[of_kind], exact.code[of_kind]
                    for one in each.codes:
                        parts[one].append(mine[code == one])

    def _of_codes(self, table: Mask, *, service: bool) -> Exact:
        """The rows whose kind and code are marked in a table of shape (kinds, CODES)."""
        of_any = table.any(axis=0)

        def places(rows: CodedRows) -> npt.NDArray[np.intp]:
            code = rows.service if service else rows.response
            found = np.flatnonzero(of_any.take(code, mode="clip"))
            return np.asarray(found[table[rows.kind[found], code[found]]])

        def work(coded: Sequence[CodedRows]) -> Exact:
            return self.read_again(((rows, places(rows)) for rows in coded), service=service)

        return joined_exact(in_threads(work, self.in_parts()))


def joined_exact(parts: Sequence[Exact]) -> Exact:
    """Rows one after the other; there must be at least one part."""
    return Exact(**{name: np.concatenate([getattr(each, name) for each in parts]) for name in _EXACT})


_EXACT = ("kind", "bin", "code", "time_ns")
_NONE = np.empty(0, dtype=np.uint8)
_READ_TOGETHER = 1 << 16


def _together(
    chosen: Iterable[tuple[CodedRows, npt.NDArray[np.intp]]],
) -> Iterator[list[tuple[CodedRows, npt.NDArray[np.intp]]]]:
    """The same in groups of so many rows that reading them is worth while and takes little memory."""
    group: list[tuple[CodedRows, npt.NDArray[np.intp]]] = []
    size = 0
    for rows, places in chosen:
        if places.size:
            group.append((rows, places))
            size += places.size
        if size >= _READ_TOGETHER:
            yield group
            group, size = [], 0
    if group:
        yield group


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
