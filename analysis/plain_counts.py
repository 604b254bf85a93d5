"""Plain counts: the columns of plain rows added to a table. Every number is of raw rows; none is an estimate.

Each count is one `bincount` over cells in numbers as small as will do. Only the kinds of a block get cells; rows that
are put aside fall into the last of them, which is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analysis.blocks import Mask, Nanoseconds, looked_up
from analysis.cells import Cells, Counts, cells_of, counted
from analysis.coded_times import CodedTimes
from analysis.plain_rows import PlainRows
from analysis.response_times import CodedRows
from analysis.series import Bins
from analysis.table import ZONES, Table
from scenarios.observation import Outcome

_LEVELS = 1 << 10  # of own lag that are counted as cells


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seconds:
    """Where plain rows lie in a table by bin of planned time and kind."""

    present: npt.NDArray[np.intp]  # the kinds that may occur
    slot: Cells  # for each row the place of its kind among them, or the place after the last
    bins: slice
    steps: npt.NDArray[np.uint16]  # for each row how many bins beyond the first of them
    shape: tuple[int, int]
    cells: Cells

    @classmethod
    def of(cls, plain: PlainRows, bins: Bins) -> _Seconds:
        present, slot = _slots(plain)
        within, steps = bins.steps(plain.planned_ns, plain.planned_span)
        shape = within.stop - within.start, present.size + 1
        cells = cells_of(steps, slot, shape)
        return cls(present=present, slot=slot, bins=within, steps=steps, shape=shape, cells=cells)

    @property
    def place(self) -> tuple[slice, npt.NDArray[np.intp]]:
        return self.bins, self.present

    def counted(self, places: npt.NDArray[np.intp] | None = None) -> Counts:
        """Rows by bin and kind that occurs; all of them, or those at some places."""
        cells = self.cells if places is None else self.cells[places]
        return counted(cells, self.shape)[:, :-1]

    def by_kind(self, counts: Counts, kinds: int) -> Counts:
        found = np.zeros(kinds, dtype=np.int64)
        found[self.present] = counts.sum(axis=0)
        return found


def add_plain(
    table: Table,
    plain: PlainRows,
    *,
    first: int,
    zones: int | npt.NDArray[np.int64],
    slow: npt.NDArray[np.intp],
) -> None:
    """Add plain rows to a table. `first`: the number of the first; `zones`: of all or of each; `slow`: the places of
    those that are no hits."""
    seconds = _Seconds.of(plain, table.bins)
    n = seconds.counted()
    table.planned[seconds.place] += n
    _add_ended(table, plain, seconds)
    if isinstance(zones, int):
        _add_zone(table, seconds, zones, n, slow)
        if zones:
            _measure(table, plain, seconds, n, first, slow)
        return
    for zone in range(ZONES):
        of_zone = seconds.counted(np.flatnonzero(zones == zone))
        _add_zone(table, seconds, zone, of_zone, slow[zones[slow] == zone])
    measured = plain.without(zones == 0)
    if measured is not None:
        seconds = _Seconds.of(measured, table.bins)
        _measure(table, measured, seconds, seconds.counted(), first, slow[zones[slow] > 0])


def _add_zone(table: Table, seconds: _Seconds, zone: int, n: Counts, slow: npt.NDArray[np.intp]) -> None:
    table.n[*seconds.place, zone] += n
    table.hits[*seconds.place, zone] += n - seconds.counted(slow) if slow.size else n
    if not zone:
        table.exclude("warm_up", seconds.by_kind(n, table.kinds))


def _measure(
    table: Table, plain: PlainRows, seconds: _Seconds, n: Counts, first: int, slow: npt.NDArray[np.intp]
) -> None:
    """Count rows after the warm-up, `n` by bin and kind, by outcome, own lag and time."""
    by_kind = seconds.by_kind(n, plain.kinds)
    _add_outcomes(table, plain, by_kind, slow)
    if plain.most_own_lag_ms:
        add_own_lag(table, plain.kind, plain.own_lag_ms, by_kind)
    times = plain.response_ns.astype(np.float64)  # exact below 104 days, as are their sums over a block
    size = seconds.shape[0] * seconds.shape[1]
    sums = np.bincount(seconds.cells, weights=times, minlength=size).reshape(seconds.shape)
    table.time_sum_ns[seconds.place] += sums[:, :-1]
    slots = seconds.slot, seconds.present
    response = CodedTimes.of(plain.response_ns, plain.response_span, *slots)
    response.add_to(table.times.response)
    response.add_sums_to(table.times.response, times)
    service = CodedTimes.of(plain.service_ns, plain.service_span, *slots)
    service.add_to(table.times.service, like=response)
    table.times.coded.append(
        CodedRows(
            first=first,
            numbers=None,
            kind=plain.kind,
            bin=seconds.steps + np.uint16(seconds.bins.start),
            response=response.codes,
            service=service.codes,
        )
    )


def _slots(plain: PlainRows) -> tuple[npt.NDArray[np.intp], npt.NDArray[Any]]:
    """The kinds that may occur, and for each row the place of its kind among them, or the place after the last."""
    if plain.kind.dtype != np.uint8:
        return np.arange(plain.kinds), plain.kind
    place = np.full(256, plain.present.size, dtype=np.uint8)
    place[plain.present] = np.arange(plain.present.size)
    return plain.present, looked_up(place.tobytes(), plain.kind)


def _add_ended(table: Table, plain: PlainRows, seconds: _Seconds) -> None:
    """Count the rows by the time they ended, but for those that ended beyond the last bin."""
    slot, ended = seconds.slot, plain.ended_ns
    if plain.ended_span[1] >= table.bins.end_ns:
        inside = np.flatnonzero(ended < table.bins.end_ns)
        if not inside.size:
            return
        ended, slot = ended[inside], slot[inside]
    bins, steps = table.bins.steps(ended, plain.ended_span)
    shape = bins.stop - bins.start, seconds.shape[1]
    found = counted(cells_of(steps, slot, shape), shape)
    table.ended[bins, seconds.present] += found[:, :-1]


def _add_outcomes(table: Table, plain: PlainRows, by_kind: Counts, slow: npt.NDArray[np.intp]) -> None:
    """Count by kind and outcome, all rows and slow ones. Most are completed, so only the others get cells."""
    shape = plain.kinds + 1, 256
    others = np.flatnonzero(plain.outcome != Outcome.COMPLETED)
    found = counted(cells_of(plain.kind[others], plain.outcome[others], shape), shape)[:-1]
    found[:, Outcome.COMPLETED] += by_kind - found.sum(axis=1)
    table.outcomes += found
    if slow.size:
        table.slow_answers += counted(cells_of(plain.kind[slow], plain.outcome[slow], shape), shape)[:-1]


def add_own_lag(
    table: Table, kind: npt.NDArray[Any], own_lag_ms: npt.NDArray[np.uint16], by_kind: Counts
) -> None:
    """Count rows, so many of each known kind, by how late they were. Most are late by a beginning millisecond, so only
    the others are looked at one by one."""
    others = np.flatnonzero(own_lag_ms != 1)
    lags, kinds = own_lag_ms[others], kind[others]
    table.own_lag_ms[:, 1] += by_kind - np.bincount(kinds, minlength=table.kinds + 1)[:-1]
    levels = int(lags.max(initial=0)) + 1
    if levels > _LEVELS:
        late = np.flatnonzero((lags > 1) & (kinds < table.kinds))
        np.add.at(table.own_lag_ms, (kinds[late], lags[late]), 1)
    elif levels > 2:
        shape = table.kinds + 1, levels
        table.own_lag_ms[:, 2:levels] += counted(cells_of(kinds, lags, shape), shape)[:-1, 2:]


def add_days(
    table: Table, edges: Nanoseconds, planned_ns: Nanoseconds, kind: npt.NDArray[np.intp], hit: Mask
) -> None:
    """Count judged rows by the day of a month in which they were planned, and of these the hits."""
    day = np.searchsorted(edges, planned_ns, side="right") - 1
    table.days[..., 0] += counted(day * table.kinds + kind, table.days.shape[:2])
    table.days[..., 1] += counted((day * table.kinds + kind)[hit], table.days.shape[:2])
