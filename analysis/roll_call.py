"""The roll call: one pass over all rows that counts arrivals, repetitions and what no writer would write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from analysis.blocks import Block, Mask, count_by_kind
from analysis.plain_rows import SiftedBlock, sift
from analysis.samples import Samples
from scenarios.observation import ANSWERS, STEPS_PER_ROOT, Outcome

ON_TIME_MS = 1000
_STEP_BITS = np.uint64(STEPS_PER_ROOT.bit_length() - 1)
_MATCHED = np.zeros(256, dtype=np.bool_)
_MATCHED[[int(each) for each in (*ANSWERS, Outcome.WRONG_REPLY)]] = True
_MIX = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], dtype=np.uint64)


@dataclass(frozen=True, slots=True, kw_only=True)
class RollCall:
    """What all rows together say, whatever clause they are judged by."""

    originals: int
    recorded: int  # distinct arrivals
    recorded_by_kind: Mapping[str, int]  # of those planned after the warm-up
    repeated: int  # rows too many
    repeated_arrivals: npt.NDArray[np.uint64]  # sorted numbers of originals that stand more than once
    rows_by_kind: Mapping[str, int]
    impossible: int
    first_impossible: int | None  # place of the row
    wrong_replies: int
    matched: int  # replies that were held against their request
    not_started: int  # never sent although a user was idle
    late: int  # these, and those that started more than a second late although a user was idle

    def is_repeated(self, block: Block) -> Mask | None:
        """Originals of a block that stand more than once in the recording; None where there are none at all."""
        if not self.repeated_arrivals.size or block.arrival is None:
            return None
        return block.originals & np.isin(block.arrival, self.repeated_arrivals)


def call_roll(samples: Samples) -> RollCall:
    """Count every row of a recording once. Memory: about a byte an arrival."""
    book = Book(samples)
    for block in samples.blocks():
        book.add(sift(block, len(samples.kinds)))
    return book.closed()


class Seen:
    """Which arrivals have been met: for each step a byte for each root, as far as roots are dense.

    Several threads may mark at once: all of them write the same byte.
    """

    def __init__(self, samples: Samples) -> None:
        self.most_roots = 2 * samples.size + (1 << 20)
        self.flags: dict[int, npt.NDArray[np.uint8]] = {}
        self._adding = Lock()

    def of_step(self, step: int) -> npt.NDArray[np.uint8]:
        """The flags of a step by root."""
        with self._adding:
            if step not in self.flags:  # pages that nobody touches take no memory
                self.flags[step] = np.zeros(self.most_roots, dtype=np.uint8)
            return self.flags[step]


class Book:
    """Adds up the roll call block by block. `first`: the number of the first row."""

    def __init__(self, samples: Samples, seen: Seen | None = None, *, first: int = 0) -> None:
        self.samples = samples
        self.measured_from = samples.first_ns + samples.warm_up_ns
        self.seen = seen or Seen(samples)
        self.others: list[npt.NDArray[np.uint64]] = []  # (arrival, attempt) of retries and of sparse numbers
        self.hashes: list[npt.NDArray[np.uint64]] = []
        kinds = len(samples.kinds) + 1
        self.by_kind, self.measured_by_kind = np.zeros(kinds, np.int64), np.zeros(kinds, np.int64)
        self.originals = self.impossible = self.wrong = self.matched = self.not_started = self.late = 0
        self.dense = 0
        self.rows = first
        self.first_impossible: int | None = None

    def add(self, sifted: SiftedBlock) -> None:
        """Count the rows of a block."""
        block, rest = sifted.block, sifted.others
        retries = bool((rest.attempt != 0).any())
        originals = block.originals if retries else None
        self.originals += block.size if originals is None else _count(originals)
        self.by_kind += sifted.by_kind
        if originals is None and block.size and int(block.planned_ns.min()) >= self.measured_from:
            self.measured_by_kind += sifted.by_kind
        else:
            measured = block.originals & (block.planned_ns >= self.measured_from)
            self.measured_by_kind += count_by_kind(block.kind[measured], self.by_kind.size)
        self.matched += block.size - rest.size + _count(_MATCHED[rest.outcome])
        impossible = rest.impossible
        if self.first_impossible is None and impossible.any():
            self.first_impossible = self.rows + int(sifted.places[impossible.argmax()])
        self.impossible += _count(impossible)  # which are no evidence of anything
        self.wrong += _count((rest.outcome == Outcome.WRONG_REPLY) & ~impossible)
        never = rest.originals & (rest.outcome == Outcome.NOT_STARTED) & (rest.own_lag_ms > 0)
        self.not_started += _count(never)
        self.late += _count(never)
        if block.size and int(block.own_lag_ms.max()) > ON_TIME_MS:
            self.late += _count(block.originals & (block.own_lag_ms > ON_TIME_MS))
            self.late -= _count(never & (rest.own_lag_ms > ON_TIME_MS))
        if self.samples.numbered and block.arrival is not None:
            self._tick(block.arrival, originals, block.attempt)
        else:
            self.hashes.append(row_hashes(block, block.kind))
        self.rows += block.size

    def _tick(
        self, arrival: npt.NDArray[np.uint64], originals: Mask | None, attempt: npt.NDArray[Any]
    ) -> None:
        root = (arrival >> _STEP_BITS).view(np.int64)
        if originals is not None or int(root.max(initial=0)) >= self.seen.most_roots:
            dense = root < self.seen.most_roots
            if originals is not None:
                dense &= originals
            odd = ~dense
            self.others.append(np.stack([arrival[odd], attempt[odd].astype(np.uint64)]))
            arrival, root = arrival[dense], root[dense]
        self.dense += root.size
        step = arrival.astype(np.uint8)  # the number of a step has as many bits
        if not step.any():
            self.seen.of_step(0)[root] = 1
            return
        for each in np.unique(step).tolist():
            self.seen.of_step(each)[root[step == each]] = 1

    def join(self, later: Book) -> None:
        """Take over what was counted of later rows; both books have met the same arrivals."""
        for name in ("originals", "impossible", "wrong", "matched", "not_started", "late", "dense"):
            setattr(self, name, getattr(self, name) + getattr(later, name))
        self.by_kind, self.measured_by_kind = (
            self.by_kind + later.by_kind,
            self.measured_by_kind + later.measured_by_kind,
        )
        self.others += later.others
        self.hashes += later.hashes
        if self.first_impossible is None:
            self.first_impossible = later.first_impossible

    def closed(self) -> RollCall:
        """The roll call of all that was added."""
        kinds = self.samples.kinds
        distinct = sum(int(np.count_nonzero(each)) for each in self.seen.flags.values())
        others = np.concatenate(self.others, axis=1) if self.others else np.empty((2, 0), dtype=np.uint64)
        pairs, times = np.unique(others, axis=1, return_counts=True) if others.size else (others, np.empty(0))
        surplus = self.dense - distinct + int(others.shape[1] - pairs.shape[1]) + _repetitions(self)
        sparse = pairs[0][pairs[1] == 0]
        recorded_by_kind = self.measured_by_kind
        repeated = np.empty(0, dtype=np.uint64)
        if surplus and self.samples.numbered:
            repeated = np.unique(
                np.concatenate([self._repeated_dense(), pairs[0][(times > 1) & (pairs[1] == 0)]])
            )
            recorded_by_kind = recorded_by_kind - self._surplus_by_kind(repeated)
        return RollCall(
            originals=self.originals,
            recorded=distinct + int(sparse.size) if self.samples.numbered else self.originals,
            recorded_by_kind=dict(zip(kinds, recorded_by_kind.tolist(), strict=False)),
            repeated=surplus,
            repeated_arrivals=repeated,
            rows_by_kind=dict(zip(kinds, self.by_kind.tolist(), strict=False)),
            impossible=self.impossible,
            first_impossible=self.first_impossible,
            wrong_replies=self.wrong,
            matched=self.matched,
            not_started=self.not_started,
            late=self.late,
        )

    def _originals(self) -> Iterator[tuple[Block, npt.NDArray[np.uint64]]]:
        for block in self.samples.blocks():
            kept = block.at(block.originals)
            if kept.arrival is not None:
                yield kept, kept.arrival

    def _repeated_dense(self) -> npt.NDArray[np.uint64]:
        """Numbers that come a second time; a second pass, taken only when something is repeated at all."""
        met, found = Seen(self.samples), [np.empty(0, dtype=np.uint64)]
        for _, arrival in self._originals():
            numbers, times = np.unique(arrival, return_counts=True)
            root, step = numbers >> _STEP_BITS, numbers % np.uint64(STEPS_PER_ROOT)
            for each in self.seen.flags:
                flags = met.of_step(each)
                here = (step == each) & (root < met.most_roots)
                again = here & (times > 1)
                again[here] |= flags[root[here]] > 0
                flags[root[here]] = 1
                found.append(numbers[again])
        return np.unique(np.concatenate(found))

    def _surplus_by_kind(self, repeated: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
        """How many measured originals of each kind are one too many."""
        arrivals, kinds = [np.empty(0, dtype=np.uint64)], [np.empty(0, dtype=np.int64)]
        for block, arrival in self._originals():
            here = np.isin(arrival, repeated) & (block.planned_ns >= self.measured_from)
            arrivals.append(arrival[here])
            kinds.append(block.kind[here].astype(np.int64))
        kind = np.concatenate(kinds)
        pairs = np.unique(np.stack([np.concatenate(arrivals), kind.astype(np.uint64)]), axis=1)
        size = self.by_kind.size
        return np.bincount(kind, minlength=size) - np.bincount(pairs[1].astype(np.int64), minlength=size)


def row_hashes(block: Block, kind: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    """A number for the whole content of each row, different for different rows but once in 2^64.

    `kind`: a number for the kind of each row, such that recordings that are compared agree in it.
    """
    found = np.zeros(block.size, dtype=np.uint64)
    columns = (
        block.planned_ns,
        block.started_ns,
        block.ended_ns,
        kind,
        block.outcome,
        block.attempt,
        block.status,
        *(() if block.arrival is None else (block.arrival,)),
    )
    for column in columns:
        found = (found ^ column.astype(np.int64).view(np.uint64)) * _MIX[0]
        found ^= found >> np.uint64(29)
        found = found * _MIX[1] + _MIX[2]
    return found


def _repetitions(book: Book) -> int:
    """Rows that agree in everything with another one, where arrivals have no number."""
    if not book.hashes:
        return 0
    hashes = np.sort(np.concatenate(book.hashes))
    return int(np.count_nonzero(hashes[1:] == hashes[:-1]))


def _count(mask: Mask) -> int:
    return int(np.count_nonzero(mask))
