"""Plain counts: the columns of plain rows added to a table. Every number is of raw rows; none is an estimate.

Each count is one `bincount` over cells in numbers as small as will do. Only the kinds of a block get cells; rows that
are put aside fall into the last of them, which is dropped.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from analysis.blocks import Nanoseconds, looked_up
from analysis.plain_rows import PlainRows
from analysis.response_times import CodedRows, Histogram, encode
from analysis.table import Counts, Table
from scenarios.observation import Outcome

Cells = npt.NDArray[Any]

_LEVELS = 1 << 10  # of own lag that are counted as cells


def add_plain(table: Table, plain: PlainRows, *, first: int, zone: int, limit_ns: int | None) -> None:
    """Add plain rows of one zone to a table. `first`: the number of the first; no limit: all are hits."""
    present, slot = _slots(plain)
    slots = present.size + 1
    low, steps = table.bins.steps(plain.planned_ns)
    shape = int(steps.max()) + 1, slots
    cells, span = cells_of(steps, slot, shape), slice(low, low + shape[0])
    n = counted(cells, shape)
    slow = np.flatnonzero(plain.response_ns > limit_ns) if limit_ns is not None else np.empty(0, np.intp)
    hits = n - counted(cells[slow], shape) if slow.size else n
    table.planned[span, present] += n[:, :-1]
    table.n[span, present, zone] += n[:, :-1]
    table.hits[span, present, zone] += hits[:, :-1]
    _add_ended(table, plain.ended_ns, present, slot)
    of_kind = np.zeros(table.kinds, dtype=np.int64)
    of_kind[present] = n.sum(axis=0)[:-1]
    if not zone:
        table.exclude("warm_up", of_kind)
        return
    _add_outcomes(table, plain, of_kind, slow)
    if plain.own_lag_ms.any():
        add_own_lag(table, plain.kind, plain.own_lag_ms)
    times = plain.response_ns.astype(np.float64)  # exact below 104 days, as are their sums over a block
    sums = np.bincount(cells, weights=times, minlength=n.size).reshape(shape)
    table.time_sum_ns[span, present] += sums[:, :-1]
    steps += np.uint16(low)
    table.times.coded.append(
        CodedRows(
            first=first,
            numbers=None,
            kind=plain.kind,
            bin=steps,
            response=add_codes(table.times.response, plain.response_ns, times, present, slot),
            service=add_codes(table.times.service, plain.service_ns, None, present, slot),
        )
    )


def _slots(plain: PlainRows) -> tuple[npt.NDArray[np.intp], npt.NDArray[Any]]:
    """The kinds that occur, and for each row the place of its kind among them, or the place after the last."""
    if plain.kind.dtype != np.uint8:
        return np.arange(plain.kinds), plain.kind
    numbers = plain.kind.tobytes()
    present = np.array([each for each in range(plain.kinds) if each in numbers], dtype=np.intp)
    place = np.full(256, present.size, dtype=np.uint8)
    place[present] = np.arange(present.size)
    return present, looked_up(place.tobytes(), plain.kind)


def _add_ended(table: Table, ended: Nanoseconds, present: npt.NDArray[np.intp], slot: Cells) -> None:
    """Count the rows by the time they ended, but for those that ended beyond the last bin."""
    if int(ended.max()) >= table.bins.end_ns:
        inside = np.flatnonzero(ended < table.bins.end_ns)
        if not inside.size:
            return
        ended, slot = ended[inside], slot[inside]
    low, steps = table.bins.steps(ended)
    shape = int(steps.max()) + 1, present.size + 1
    table.ended[low : low + shape[0], present] += counted(cells_of(steps, slot, shape), shape)[:, :-1]


def _add_outcomes(table: Table, plain: PlainRows, of_kind: Counts, slow: npt.NDArray[np.intp]) -> None:
    """Count by kind and outcome. Most are completed, so only the others are counted one by one."""
    shape = plain.kinds + 1, 256
    others = np.flatnonzero(plain.outcome != Outcome.COMPLETED)
    found = counted(cells_of(plain.kind[others], plain.outcome[others], shape), shape)[:-1]
    table.outcomes += found
    table.outcomes[:, Outcome.COMPLETED] += of_kind - found.sum(axis=1)
    if slow.size:
        table.slow_answers += counted(cells_of(plain.kind[slow], plain.outcome[slow], shape), shape)[:-1]


def add_own_lag(table: Table, kind: npt.NDArray[Any], own_lag_ms: npt.NDArray[np.uint16]) -> None:
    """Count the rows that were late, which are of known kinds, by how late they were."""
    levels = int(own_lag_ms.max(initial=0)) + 1
    if levels > _LEVELS:
        late = np.flatnonzero(own_lag_ms)
        np.add.at(table.own_lag_ms, (kind[late], own_lag_ms[late]), 1)
        return
    shape = table.kinds + 1, levels
    table.own_lag_ms[:, 1:levels] += counted(cells_of(kind, own_lag_ms, shape), shape)[:-1, 1:]


def add_codes(
    histogram: Histogram,
    times_ns: Nanoseconds,
    times: npt.NDArray[np.float64] | None,
    present: npt.NDArray[np.intp],
    slot: Cells,
) -> npt.NDArray[np.uint16]:
    """The codes of some times, added to a histogram by kind; with `times`, the same as floats, their sums too."""
    codes = encode(times_ns)
    low = int(codes.min())
    shape = present.size + 1, int(codes.max()) + 1 - low
    cells = cells_of(slot, codes - np.uint16(low), shape)
    counts = counted(cells, shape)
    sums = None if times is None else np.bincount(cells, weights=times, minlength=counts.size).reshape(shape)
    for place, kind in enumerate(present.tolist()):
        histogram.counts[kind, low : low + shape[1]] += counts[place]
        if sums is not None:
            histogram.sums_ns[kind, low : low + shape[1]] += sums[place]
    return codes


def cells_of(major: npt.NDArray[Any], minor: npt.NDArray[Any], shape: tuple[int, int]) -> Cells:
    """Places in a shape, in numbers of 16 bits where they fit."""
    cells: Cells = major.astype(np.uint16 if shape[0] * shape[1] <= 1 << 16 else np.int64)
    np.multiply(cells, cells.dtype.type(shape[1]), out=cells)
    np.add(cells, minor, out=cells)
    return cells


def counted(cells: npt.NDArray[Any], shape: tuple[int, ...]) -> Counts:
    """How often each cell of a shape occurs."""
    return np.bincount(cells, minlength=int(np.prod(shape))).reshape(shape)
