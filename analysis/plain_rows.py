"""Plain rows: first attempts with an answer and times that can be true. Nearly all rows are, and count by column.

The other rows of a block are put aside, to be looked at one by one. In the columns of the plain ones they stay where
they are under a kind beyond all kinds, so that columns keep their length and nothing has to be picked out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from analysis.blocks import Block, Mask, Nanoseconds, count_by_kind
from scenarios.observation import ANSWERS, NEVER

Places = npt.NDArray[np.intp]
Span = tuple[int, int]  # no value of a column is below the first or above the second

_ANSWERS = np.uint8(len(ANSWERS))  # outcomes from 1 on


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainRows:
    """Columns of the length of a block. A row that is aside has the kind `kinds`, and times that do no harm.

    What is asked of a column more than once, its span above all, is kept: every look costs a hand-over between threads.
    """

    kinds: int
    present: npt.NDArray[np.intp]  # no other kinds occur
    planned_span: Span
    ended_span: Span
    response_span: Span
    service_span: Span
    most_own_lag_ms: int
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
        if self.most_own_lag_ms:
            own_lag = _put(own_lag, places, 0)
        return replace(self, kind=_put(self.kind, places, self.kinds), own_lag_ms=own_lag)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiftedBlock:
    """A block in two: its plain rows, None where there are none, and the others with their places."""

    block: Block
    by_kind: npt.NDArray[np.int64]  # rows of each kind, and of none that is known
    plain: PlainRows | None
    places: Places
    others: Block


def sift(block: Block, kinds: int) -> SiftedBlock:
    """Tell the plain rows of a block from the others; `kinds` is how many kinds are known."""
    by_kind = count_by_kind(block.kind, kinds + 1)
    if not block.size:
        return SiftedBlock(
            block=block, by_kind=by_kind, plain=None, places=np.empty(0, np.intp), others=block
        )
    response, service = block.ended_ns - block.planned_ns, block.ended_ns - block.started_ns
    response_span, service_span, ended_span = _span(response), _span(service), _span(block.ended_ns)
    untrue = block.garbled
    for times, (least, _) in ((response, response_span), (service, service_span)):
        if least < 0:
            untrue = untrue | (times < 0)
    for stamps, least in ((block.started_ns, int(block.started_ns.min())), (block.ended_ns, ended_span[0])):
        if least <= NEVER:
            untrue = untrue | (stamps == NEVER)
    aside = (block.outcome - np.uint8(1) >= _ANSWERS) | untrue | (block.attempt != 0)
    places = np.flatnonzero(aside)
    if places.size == block.size:
        return SiftedBlock(block=block, by_kind=by_kind, plain=None, places=places, others=block)
    plain = PlainRows(
        kinds=kinds,
        present=np.flatnonzero(by_kind[:-1]),
        planned_span=_span(block.planned_ns),
        ended_span=ended_span,
        response_span=response_span,
        service_span=service_span,
        most_own_lag_ms=int(block.own_lag_ms.max()),
        planned_ns=block.planned_ns,
        ended_ns=block.ended_ns,
        response_ns=response,
        service_ns=service,
        kind=block.kind,
        outcome=block.outcome,
        own_lag_ms=block.own_lag_ms,
    )
    if places.size:
        plain = _with_true_times(plain, np.flatnonzero(untrue), int(aside.argmin())).covered(places)
    return SiftedBlock(block=block, by_kind=by_kind, plain=plain, places=places, others=block.at(places))


def _span(column: Nanoseconds) -> Span:
    return int(column.min()), int(column.max())


def _with_true_times(plain: PlainRows, places: Places, stand_in: int) -> PlainRows:
    """The same with the times of one row at some places."""
    if not places.size:
        return plain
    planned, ended, response, service = (
        _put(column, places, column[stand_in])
        for column in (plain.planned_ns, plain.ended_ns, plain.response_ns, plain.service_ns)
    )
    return replace(
        plain,
        planned_ns=planned,
        ended_ns=ended,
        response_ns=response,
        service_ns=service,
        planned_span=_span(planned),
        ended_span=_span(ended),
        response_span=_span(response),
        service_span=_span(service),
    )


def _put(column: npt.NDArray[Any], places: Places, value: Any) -> npt.NDArray[Any]:
    found = column.copy()
    found[places] = value
    return found
