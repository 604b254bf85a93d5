"""Plain rows: first attempts with an answer and times that can be true. Nearly all rows are, and count by column.

The other rows of a block are put aside, to be looked at one by one. In the columns of the plain ones they stay where
they are under a kind beyond all kinds, so that columns keep their length and nothing has to be picked out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from analysis.blocks import Block, Mask, Nanoseconds, looked_up
from scenarios.observation import ANSWERS, NEVER

Places = npt.NDArray[np.intp]

_IS_NO_ANSWER = bytes(number not in ANSWERS for number in range(256))


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainRows:
    """Columns of the length of a block. A row that is aside has the kind `kinds`, and times that do no harm."""

    kinds: int
    planned_ns: Nanoseconds
    ended_ns: Nanoseconds
    response_ns: Nanoseconds
    service_ns: Nanoseconds
    kind: npt.NDArray[Any]
    outcome: npt.NDArray[np.uint8]
    own_lag_ms: npt.NDArray[np.uint16]

    @property
    def size(self) -> int:
        return int(self.planned_ns.size)

    def without(self, aside: Mask) -> PlainRows | None:
        """The same with more rows put aside; None where none is left."""
        places = np.flatnonzero(aside)
        if places.size == self.size:
            return None
        return self if not places.size else self.covered(places)

    def covered(self, places: Places) -> PlainRows:
        """The same with the rows at some places put aside, whose times can be true."""
        own_lag = self.own_lag_ms
        if own_lag.any():
            own_lag = _put(own_lag, places, 0)
        return replace(self, kind=_put(self.kind, places, self.kinds), own_lag_ms=own_lag)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiftedBlock:
    """A block in two: its plain rows, None where there are none, and the others with their places."""

    block: Block
    plain: PlainRows | None
    places: Places
    others: Block


def sift(block: Block, kinds: int) -> SiftedBlock:
    """Tell the plain rows of a block from the others; `kinds` is how many kinds are known."""
    response, service = block.ended_ns - block.planned_ns, block.ended_ns - block.started_ns
    untrue = block.garbled
    for times in (response, service):
        if times.size and int(times.min()) < 0:
            untrue = untrue | (times < 0)
    for stamps in (block.started_ns, block.ended_ns):
        if stamps.size and int(stamps.min()) <= NEVER:
            untrue = untrue | (stamps == NEVER)
    aside = looked_up(_IS_NO_ANSWER, block.outcome).view(np.bool_) | untrue | (block.attempt != 0)
    places = np.flatnonzero(aside)
    plain = PlainRows(
        kinds=kinds,
        planned_ns=block.planned_ns,
        ended_ns=block.ended_ns,
        response_ns=response,
        service_ns=service,
        kind=block.kind,
        outcome=block.outcome,
        own_lag_ms=block.own_lag_ms,
    )
    if places.size == block.size:
        return SiftedBlock(block=block, plain=None, places=places, others=block)
    if places.size:
        plain = _with_true_times(plain, np.flatnonzero(untrue), int(aside.argmin())).covered(places)
    return SiftedBlock(block=block, plain=plain, places=places, others=block.at(places))


def _with_true_times(plain: PlainRows, places: Places, stand_in: int) -> PlainRows:
    """The same with the times of one row at some places."""
    if not places.size:
        return plain
    return replace(
        plain,
        planned_ns=_put(plain.planned_ns, places, plain.planned_ns[stand_in]),
        ended_ns=_put(plain.ended_ns, places, plain.ended_ns[stand_in]),
        response_ns=_put(plain.response_ns, places, plain.response_ns[stand_in]),
        service_ns=_put(plain.service_ns, places, plain.service_ns[stand_in]),
    )


def _put(column: npt.NDArray[Any], places: Places, value: Any) -> npt.NDArray[Any]:
    found = column.copy()
    found[places] = value
    return found
