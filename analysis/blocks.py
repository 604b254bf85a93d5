"""A block: some ten thousand rows of a recording as columns. Recordings are read block by block, never whole."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from scenarios.observation import ANSWERS, NEVER

Nanoseconds = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

BLOCK_ROWS = 1 << 17
FURTHEST_NS = 2**62 - 1  # stamps beyond it are garbage; differences of those within it fit 64 bits
OWN_LAG_SATURATED_MS = 65_535
_FEW_KINDS = 24

_IS_ANSWER = np.zeros(256, dtype=np.bool_)
_IS_ANSWER[[int(each) for each in ANSWERS]] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Rows as columns of equal length. Times are nanoseconds of any common epoch, -1 where there is none."""

    planned_ns: Nanoseconds
    started_ns: Nanoseconds
    ended_ns: Nanoseconds
    kind: npt.NDArray[Any]  # place among the kinds of the recording
    outcome: npt.NDArray[np.uint8]
    attempt: npt.NDArray[Any]
    status: npt.NDArray[Any]
    own_lag_ms: npt.NDArray[Any]
    arrival: npt.NDArray[np.uint64] | None  # None: the file does not number them
    garbled: Mask  # a number that no writer of ours writes

    @property
    def size(self) -> int:
        return int(self.planned_ns.size)

    @property
    def originals(self) -> Mask:
        """First attempts: a retry's success does not repair its original."""
        mask: Mask = self.attempt == 0
        return mask

    @property
    def backwards(self) -> Mask:
        """Rows that ended before they started or were planned."""
        ended, started = self.ended_ns != NEVER, self.started_ns != NEVER
        mask: Mask = ended & (
            (self.ended_ns < self.planned_ns) | (started & (self.ended_ns < self.started_ns))
        )
        return mask

    @property
    def impossible(self) -> Mask:
        """Rows that cannot be true: garbled, ended before start or plan, answered without a time."""
        timed = (self.ended_ns != NEVER) & (self.started_ns != NEVER)
        mask: Mask = self.garbled | self.backwards | (_IS_ANSWER[self.outcome] & ~timed)
        return mask

    def answered(self, answers: Mask) -> Mask:
        """Rows with an outcome that counts as an answer and times that can be true. `answers`: by outcome number."""
        mask = answers[self.outcome]
        mask &= self.ended_ns >= self.planned_ns
        mask &= self.ended_ns >= self.started_ns
        mask &= self.ended_ns != NEVER
        mask &= self.started_ns != NEVER
        mask &= ~self.garbled
        return mask

    def waited_ns(self, cutoff_ns: int) -> Nanoseconds:
        """From the planned moment to the end, or to the cut-off where no end came."""
        ended: Nanoseconds = np.where(self.ended_ns == NEVER, cutoff_ns, self.ended_ns)
        return ended - self.planned_ns

    def at(self, places: npt.NDArray[Any]) -> Block:
        """The rows at these places, or under this mask."""
        columns: dict[str, Any] = {each.name: getattr(self, each.name) for each in fields(self)}
        chosen: dict[str, Any] = {
            name: None if each is None else each[places] for name, each in columns.items()
        }
        return Block(**chosen)


def looked_up(table: bytes, column: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """What a table of 256 bytes has for each byte of a column, read-only: several times as fast as indexing."""
    return np.frombuffer(column.tobytes().translate(table), dtype=np.uint8)


def count_by_kind(kind: npt.NDArray[Any], kinds: int) -> npt.NDArray[np.int64]:
    """How many rows are of each kind. Comparing bytes is faster than counting them as long as kinds are few."""
    if kinds > _FEW_KINDS:
        return np.bincount(kind, minlength=kinds)
    found, left = np.zeros(kinds, dtype=np.int64), kind.size
    for each in range(kinds):
        if left:
            found[each] = np.count_nonzero(kind == each)
            left -= found[each]
    return found


def joined_blocks(blocks: list[Block]) -> Block:
    """Blocks one after the other as one; there must be at least one."""
    columns: dict[str, list[Any]] = {
        each.name: [getattr(block, each.name) for block in blocks] for each in fields(Block)
    }
    joined: dict[str, Any] = {
        name: None if parts[0] is None else np.concatenate(parts) for name, parts in columns.items()
    }
    return Block(**joined)
