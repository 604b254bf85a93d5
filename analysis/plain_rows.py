"""Plain rows: first attempts with an answer and times that can be true. Nearly all rows are, and count by column.

The other rows of a block are put aside, to be looked at one by one. In the columns of the plain ones they stand as
copies of a plain row, of a kind beyond all kinds: so columns keep their length, and nothing has to be picked out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from analysis.blocks import Block, Mask, Nanoseconds
from scenarios.observation import ANSWERS, NEVER

_IS_ANSWER = np.zeros(256, dtype=np.bool_)
_IS_ANSWER[[int(each) for each in ANSWERS]] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainRows:
    """Columns of the length of a block."""

    planned_ns: Nanoseconds
    ended_ns: Nanoseconds
    response_ns: Nanoseconds
    service_ns: Nanoseconds
    kind: npt.NDArray[Any]  # the number of kinds where a row is aside
    outcome: npt.NDArray[np.uint8]
    own_lag_ms: npt.NDArray[np.uint16]
    aside: Mask

    @property
    def size(self) -> int:
        return int(self.planned_ns.size)

    def without(self, aside: Mask, kinds: int) -> PlainRows | None:
        """The plain rows but for more that are put aside; None where none is left. `kinds`: how many there are."""
        places = np.flatnonzero(aside)
        if not places.size:
            return self
        if places.size == self.size:
            return None
        stand_in = int(aside.argmin())

        def covered(column: npt.NDArray[Any], value: Any = None) -> npt.NDArray[Any]:
            found = column.copy()
            found[places] = column[stand_in] if value is None else value
            return found

        return replace(
            self,
            planned_ns=covered(self.planned_ns),
            ended_ns=covered(self.ended_ns),
            response_ns=covered(self.response_ns),
            service_ns=covered(self.service_ns),
            kind=covered(self.kind, kinds),
            outcome=covered(self.outcome),
            own_lag_ms=covered(self.own_lag_ms, 0),
            aside=self.aside | aside,
        )


def sift(block: Block) -> PlainRows:
    """The columns of a block with the rows marked that are not plain; they still have to be covered."""
    aside = ~_IS_ANSWER.take(block.outcome, mode="clip")
    aside |= block.garbled
    aside |= block.attempt != 0
    response, service = block.ended_ns - block.planned_ns, block.ended_ns - block.started_ns
    for times in (response, service):
        if times.size and int(times.min()) < 0:
            aside |= times < 0
    for stamps in (block.started_ns, block.ended_ns):
        if stamps.size and int(stamps.min()) <= NEVER:
            aside |= stamps == NEVER
    return PlainRows(
        planned_ns=block.planned_ns,
        ended_ns=block.ended_ns,
        response_ns=response,
        service_ns=service,
        kind=block.kind,
        outcome=block.outcome,
        own_lag_ms=block.own_lag_ms,
        aside=aside,
    )
