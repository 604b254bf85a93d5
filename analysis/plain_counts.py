"""Plain counts: the columns of plain rows added to a table. Every number is of raw rows; none is an estimate.

Each count is one `bincount` over cells; a row that is put aside falls into the column of no kind, which is dropped.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from analysis.plain_rows import PlainRows
from analysis.response_times import CodedRows, Histogram, encode
from analysis.table import Counts, Table
from scenarios.observation import Outcome

Cells = npt.NDArray[np.intp]

_LEVELS = 1 << 10  # of own lag that are counted as cells


def add_plain(table: Table, plain: PlainRows, *, first: int, zone: int, limit_ns: int | None) -> None:
    """Add plain rows of one zone to a table. `first`: the number of the first; no limit: all are hits."""
    kinds = table.kinds
    low, steps = table.bins.steps(plain.planned_ns)
    kind = plain.kind.astype(np.intp)
    cells = steps * np.intp(kinds + 1)
    cells += kind
    shape = int(steps.max()) + 1, kinds + 1
    span = slice(low, low + shape[0])
    n = counted(cells, shape)
    slow = np.flatnonzero(plain.response_ns > limit_ns) if limit_ns is not None else np.empty(0, np.intp)
    hits = n - counted(cells[slow], shape) if slow.size else n
    table.planned[span] += n[:, :kinds]
    table.n[span, :, zone] += n[:, :kinds]
    table.hits[span, :, zone] += hits[:, :kinds]
    _add_ended(table, plain, kind)
    of_kind = n.sum(axis=0)[:kinds]
    if not zone:
        table.exclude("warm_up", of_kind)
        return
    _add_outcomes(table, of_kind, kind, plain.outcome)
    if slow.size:
        table.slow_answers += counted(kind[slow] * 256 + plain.outcome[slow], (kinds + 1, 256))[:kinds]
    if plain.own_lag_ms.any():
        add_own_lag(table, kind, plain.own_lag_ms)
    times = plain.response_ns.astype(np.float64)  # exact below 104 days, as are their sums over a block
    sums = np.bincount(cells, weights=times, minlength=n.size).reshape(shape)
    table.time_sum_ns[span] += sums[:, :kinds]
    steps += np.uint16(low)
    table.times.coded.append(
        CodedRows(
            first=first,
            numbers=None,
            kind=plain.kind,
            bin=steps,
            response=add_codes(table.times.response, kind, plain.response_ns, times),
            service=add_codes(table.times.service, kind, plain.service_ns, None),
        )
    )


def _add_ended(table: Table, plain: PlainRows, kind: Cells) -> None:
    """Count the rows by the time they ended, but for those that ended beyond the last bin."""
    kinds, ended = table.kinds, plain.ended_ns
    if int(ended.max()) >= table.bins.end_ns:
        inside = np.flatnonzero(ended < table.bins.end_ns)
        if not inside.size:
            return
        ended, kind = ended[inside], kind[inside]
    low, steps = table.bins.steps(ended)
    cells = steps * np.intp(kinds + 1)
    cells += kind
    count = int(steps.max()) + 1
    table.ended[low : low + count] += counted(cells, (count, kinds + 1))[:, :kinds]


def _add_outcomes(table: Table, of_kind: Counts, kind: Cells, outcome: npt.NDArray[np.uint8]) -> None:
    """Most are completed, so only the others are counted one by one."""
    kinds = table.kinds
    others = np.flatnonzero(outcome != Outcome.COMPLETED)
    found = counted(kind[others] * 256 + outcome[others], (kinds + 1, 256))[:kinds]
    table.outcomes += found
    table.outcomes[:, Outcome.COMPLETED] += of_kind - found.sum(axis=1)


def add_own_lag(table: Table, kind: Cells, own_lag_ms: npt.NDArray[np.uint16]) -> None:
    """Count the rows that were late, of known kinds, by how late they were."""
    levels = int(own_lag_ms.max()) + 1
    if levels > _LEVELS:
        late = np.flatnonzero(own_lag_ms)
        np.add.at(table.own_lag_ms, (kind[late], own_lag_ms[late]), 1)
        return
    cells = kind * levels
    cells += own_lag_ms
    found = counted(cells, (table.kinds + 1, levels))[: table.kinds]
    table.own_lag_ms[:, 1:levels] += found[:, 1:]


def add_codes(
    histogram: Histogram, kind: Cells, times_ns: npt.NDArray[np.int64], times: npt.NDArray[np.float64] | None
) -> npt.NDArray[np.uint16]:
    """The codes of some times, added to a histogram by kind; with `times`, the same as floats, their sums too."""
    codes = encode(times_ns)
    low = int(codes.min()) if codes.size else 0
    width = int(codes.max()) + 1 - low if codes.size else 1
    kinds = len(histogram.counts)
    cells = kind * width
    cells += codes
    cells -= low
    counts = counted(cells, (kinds + 1, width))
    present = np.flatnonzero(counts[:kinds].any(axis=1)).tolist()
    for each in present:
        histogram.counts[each, low : low + width] += counts[each]
    if times is not None:
        sums = np.bincount(cells, weights=times, minlength=counts.size).reshape(counts.shape)
        for each in present:
            histogram.sums_ns[each, low : low + width] += sums[each]
    return codes


def counted(cells: npt.NDArray[Any], shape: tuple[int, ...]) -> Counts:
    """How often each cell of a shape occurs."""
    return np.bincount(cells, minlength=int(np.prod(shape))).reshape(shape)
