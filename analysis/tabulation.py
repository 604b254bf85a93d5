"""Tabulation: one pass over the rows of a recording to counts by second, kind and outcome under one clause."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from analysis.blocks import BLOCK_ROWS, OWN_LAG_SATURATED_MS, Block, Mask, joined_blocks
from analysis.response_times import UNANSWERED, CodedBlock, Histogram, encode
from analysis.roll_call import Book, RollCall
from analysis.samples import Places, Samples
from analysis.series import Bins
from analysis.table import ZONES, Table
from scenarios.observation import ANSWERS, NEVER, Outcome
from scenarios.sla import Clause

# Takes a block, how to read its rows again, which of them are measured, which answered, and their bins.
KeepTimes = Callable[[Block, Callable[[Places], Block], Mask, Mask, npt.NDArray[np.int64]], None]

NS_PER_MS = 1_000_000
MAINTENANCE = "scheduled_maintenance"
_REFUSED_CREDENTIALS = (401, 403)
# Time alone made these a miss: had it been measured or waited for properly, it could have been a hit.
_ENDED_BY_TIME = (Outcome.TIMEOUT, Outcome.IN_FLIGHT)


def tabulate(samples: Samples, roll: RollCall, clause: Clause) -> Table:
    """The table of a recording under a clause.

    Memory: the table, and 7 bytes a judged row for the codes of its times.
    """
    counter = RowCounter(samples, clause)
    repeated: list[Block] = []
    held, most = 0, _REPEATED_ROWS
    for first, block in zip(range(0, samples.size, BLOCK_ROWS), samples.blocks(), strict=True):
        again = roll.is_repeated(block)
        if again is not None and again.any():
            repeated.append(block.at(again))
            held += repeated[-1].size
            if held > most:  # only the best of each arrival need be held
                repeated = [counter.once_each(joined_blocks(repeated))]
                held, most = repeated[0].size, 2 * repeated[0].size + _REPEATED_ROWS
            counter.add(block, partial(samples.block_rows, first), ~again)
        else:
            counter.add(block, partial(samples.block_rows, first), None)
    if repeated:
        best = counter.once_each(joined_blocks(repeated))
        counter.add(best, best.at, None)
    return counter.table


def call_and_tabulate(samples: Samples, clause: Clause) -> tuple[RollCall, Table]:
    """Roll call and table in one pass over the rows; where arrivals repeat, the table takes a second one."""
    book, counter = Book(samples), RowCounter(samples, clause)
    with ThreadPoolExecutor(1) as other:  # numpy lets go of the lock, so a second core can count
        waiting: deque[Future[None]] = deque()
        for first, block in zip(range(0, samples.size, BLOCK_ROWS), samples.blocks(), strict=True):
            waiting.append(other.submit(counter.add, block, partial(samples.block_rows, first), None))
            book.add(block)
            if len(waiting) > _BLOCKS_AHEAD:
                waiting.popleft().result()
        while waiting:
            waiting.popleft().result()
    roll = book.closed()
    return roll, tabulate(samples, roll, clause) if roll.repeated_arrivals.size else counter.table


_BLOCKS_AHEAD = 4
_REPEATED_ROWS = 1 << 20


class RowCounter:
    """Adds blocks to a table. `keep_times` takes the place of coding each judged row's times, which is what grows."""

    def __init__(self, samples: Samples, clause: Clause, *, keep_times: KeepTimes | None = None) -> None:
        self.samples, self.limit_ns = samples, clause.limit_ns
        self._keep_times = keep_times or self._code
        self.answers = np.zeros(256, dtype=np.bool_)
        answers = [int(each) for each in Outcome if each in ANSWERS or each.text in clause.also_answers]
        self.answers[answers] = True
        self.failures: Mask | None = None  # of a clause that counts failures whatever their time
        if clause.measure == "failure_share":
            self.failures = np.zeros(256, dtype=np.bool_)
            self.failures[[int(each) for each in clause.failures]] = True
        self.within_any_time = clause.measure == "availability"
        self.by_time = np.zeros(256, dtype=np.bool_)
        self.by_time[[int(each) for each in _ENDED_BY_TIME]] = True
        # Given up before it had waited the limit counts as cut short; of other tools' files nobody knows when.
        self.by_time[Outcome.NOT_STARTED] = samples.run is not None
        self.windows = samples.maintenance if MAINTENANCE in clause.excluding else ()
        self.zone_starts = [samples.first_ns + factor * samples.warm_up_ns for factor in (1, 2)]
        self.bins = Bins.spanning(*samples.span_ns)
        self.edges = np.array(samples.days_ns, dtype=np.int64)
        days = max(0, self.edges.size - 1)
        self.table = Table.empty(len(samples.kinds), self.bins, cycle_s=samples.cycle_s, days=days)

    def add(self, block: Block, read: Callable[[Places], Block], kept: Mask | None) -> None:
        """Count the originals of a block, but for those that are not kept."""
        if not block.size:
            return
        table = self.table
        inside = block.originals if kept is None else block.originals & kept
        answered = block.answered(self.answers)
        hit = self._hits(block, answered)
        bins, zone = self.bins.places(block.planned_ns), self._zones(block)
        if self.edges.size:
            inside = inside & (block.planned_ns >= self.edges[0]) & (block.planned_ns < self.edges[-1])
        if self.windows:
            inside = self._outside_maintenance(block, inside, hit, zone > 0)
        self._count_in_flight(block, bins, inside)
        judged = self._judged(block, inside, hit, zone)
        low, high = int(bins.min()), int(bins.max()) + 1
        cells = ((bins - low) * len(self.samples.kinds) + block.kind) * ZONES + zone
        span, shape = slice(low, high), (high - low, len(self.samples.kinds), ZONES)
        pairs = cells * 2 + hit
        both = _counted(pairs if judged.all() else pairs[judged], (*shape, 2))
        table.n[span] += both.sum(axis=-1)
        table.hits[span] += both[..., 1]
        misses = np.flatnonzero(judged & ~hit)
        if misses.size:
            table.questionable[span] += _counted(
                cells[misses][self._count_misses(block.at(misses), answered[misses], zone[misses])], shape
            )
        measured = judged & (zone > 0)
        if self.edges.size:
            self._count_days(block, measured, hit)
        self._count_own_lag(block, measured)
        self._keep_times(block, read, measured, answered, bins)

    def once_each(self, block: Block) -> Block:
        """The rows with each arrival once. Of duplicates the best stays: no FAIL rests on a recording fault."""
        assert block.arrival is not None
        waited = block.waited_ns(self.samples.cutoff_ns)
        hit = self._hits(block, block.answered(self.answers))
        order = np.lexsort((block.outcome, waited, ~hit, block.arrival))
        first = np.append(True, np.diff(block.arrival[order]) != 0)
        return block.at(order[first])

    def _hits(self, block: Block, answered: Mask) -> Mask:
        """Good transactions: answered within the limit, answered at all, or not failed."""
        if self.failures is not None:
            ended = (block.outcome != Outcome.IN_FLIGHT) & ~block.impossible
            return np.asarray(ended & ~self.failures[block.outcome])
        if self.within_any_time:
            return answered
        return np.asarray(answered & (block.ended_ns - block.planned_ns <= self.limit_ns))

    def _zones(self, block: Block) -> npt.NDArray[np.int64]:
        """0 in the warm-up, 1 after it and before twice its length, 2 beyond."""
        first, second = self.zone_starts
        if int(block.planned_ns.min()) >= second:
            return np.full(block.size, 2, dtype=np.int64)
        return (block.planned_ns >= first).astype(np.int64) + (block.planned_ns >= second)

    def _judged(self, block: Block, inside: Mask, hit: Mask, zone: npt.NDArray[np.int64]) -> Mask:
        """Decidable originals outside maintenance, in every zone; what is left out is counted by its reason.

        A row cut off in flight before it had waited the limit could still have met it, so it is outside. In a file
        with a cut-off, all rows planned less than a limit before it are outside: dropping only the unfinished ones
        would flatter the share.
        """
        measured = zone > 0

        def exclude(reason: str, mask: Mask) -> None:
            self.table.exclude(reason, block.kind[mask])

        if not measured.all():
            exclude("warm_up", inside & ~measured)
        if self.samples.settled_by_plan:
            open_ended = block.planned_ns > self.samples.cutoff_ns - self.limit_ns
        elif (block.outcome == Outcome.IN_FLIGHT).any():
            waited = block.waited_ns(self.samples.cutoff_ns)
            open_ended = block.outcome == Outcome.IN_FLIGHT
            if self.failures is None:
                open_ended &= waited <= self.limit_ns
        else:
            return inside
        left = inside & open_ended & measured
        waiting = (block.ended_ns == NEVER) & (block.waited_ns(self.samples.cutoff_ns) <= self.limit_ns)
        exclude("unresolvable", left)
        exclude("unresolvable_hits", left & hit)
        exclude("undecided", left & waiting & ~hit)
        return inside & ~open_ended

    def _outside_maintenance(self, block: Block, inside: Mask, hit: Mask, measured: Mask) -> Mask:
        """Originals planned outside every window; those inside one, or under way during one, are counted."""
        during, touched = (np.zeros(block.size, dtype=np.bool_) for _ in range(2))
        ended = block.planned_ns + np.maximum(block.waited_ns(self.samples.cutoff_ns), 0)
        for start, end in self.windows:
            during |= (block.planned_ns >= start) & (block.planned_ns < end)
            touched |= (block.planned_ns < end) & (ended > start)
        left, touched = inside & measured & during, inside & measured & touched & ~during
        self.table.exclude("warm_up", block.kind[inside & during & ~measured])
        for reason, mask in (("maintenance", left), ("during_hits", left & hit)):
            self.table.exclude(reason, block.kind[mask])
        for reason, mask in (("overlapping", touched), ("overlapping_hits", touched & hit)):
            self.table.exclude(reason, block.kind[mask])
        return inside & ~during

    def _count_in_flight(self, block: Block, bins: npt.NDArray[np.int64], inside: Mask) -> None:
        table, kinds = self.table, len(self.samples.kinds)
        low, high = int(bins.min()), int(bins.max()) + 1
        table.planned[low:high] += _counted(
            (bins - low)[inside] * kinds + block.kind[inside], (high - low, kinds)
        )
        over = inside & (block.ended_ns != NEVER) & (block.ended_ns < self.bins.end_ns)
        ends = self.bins.places(block.ended_ns[over])
        if ends.size:
            low, high = int(ends.min()), int(ends.max()) + 1
            table.ended[low:high] += _counted((ends - low) * kinds + block.kind[over], (high - low, kinds))

    def _count_misses(self, block: Block, answered: Mask, zone: npt.NDArray[np.int64]) -> Mask:
        """Count judged misses by cause; the mask says which may be ours.

        Late through own lag, cut short of the limit, never sent, credentials refused, or a row that cannot be true.
        """
        table, kind = self.table, block.kind.astype(np.int64)
        if self.failures is not None:
            answered = np.zeros_like(answered)  # a miss by its outcome, not by its time
        waited = block.waited_ns(self.samples.cutoff_ns)
        lag_ms = block.own_lag_ms.astype(np.int64)
        without_lag = (lag_ms >= OWN_LAG_SATURATED_MS) | (waited - lag_ms * NS_PER_MS <= self.limit_ns)
        never_sent = (block.outcome == Outcome.NOT_STARTED) & (lag_ms > 0)
        refused = (block.outcome == Outcome.ERROR) & np.isin(block.status, _REFUSED_CREDENTIALS)
        impossible = block.impossible
        np.add.at(table.misses, (kind[~answered], zone[~answered], block.outcome[~answered]), 1)
        np.add.at(table.hits_without_own_lag, (kind, zone), answered & without_lag)
        measured = zone > 0
        np.add.at(table.impossible, kind, impossible & measured)
        slow = answered & measured
        np.add.at(table.slow_answers, (kind[slow], block.outcome[slow]), 1)
        if self.failures is not None:
            return np.asarray(never_sent | refused | impossible)  # a failure is one however long it took
        by_time = answered | self.by_time[block.outcome]
        if self.samples.resolution_ns:
            without_lag = without_lag | (waited - self.samples.resolution_ns <= self.limit_ns)
        return np.asarray((by_time & without_lag) | never_sent | refused | impossible)

    def _count_days(self, block: Block, measured: Mask, hit: Mask) -> None:
        at = np.flatnonzero(measured)
        day = np.searchsorted(self.edges, block.planned_ns[at], side="right") - 1
        shape = self.table.days.shape
        both = _counted((day * shape[1] + block.kind[at]) * 2 + hit[at], shape)
        self.table.days[..., 0] += both.sum(axis=-1)
        self.table.days[..., 1] += both[..., 1]

    def _count_own_lag(self, block: Block, measured: Mask) -> None:
        lag = block.own_lag_ms
        if lag.any():
            here = measured & (lag > 0)
            np.add.at(self.table.own_lag_ms, (block.kind[here], lag[here]), 1)

    def _code(
        self,
        block: Block,
        read: Callable[[Places], Block],
        measured: Mask,
        answered: Mask,
        bins: npt.NDArray[np.int64],
    ) -> None:
        """Keep what is needed to find quantiles: codes of response and service time, bin and kind of each row."""
        whole = bool(measured.all())
        kept = slice(None) if whole else np.flatnonzero(measured)
        kind, bins, ok = block.kind[kept], bins[kept], answered[kept]
        ended = block.ended_ns[kept]
        response, service = ended - block.planned_ns[kept], ended - block.started_ns[kept]
        codes = _codes(response, ok)
        services = _codes(service, ok)
        _add_times(self.table.times.response, kind, codes, response, ok)
        _add_times(self.table.times.service, kind, services, None, ok)
        counts = np.bincount(kind * np.intp(256) + block.outcome[kept], minlength=self.table.outcomes.size)
        self.table.outcomes += counts.reshape(self.table.outcomes.shape)
        counted = response if ok.all() else self._time_counted(block, kept, ok)
        low, high = (int(bins.min()), int(bins.max()) + 1) if bins.size else (0, 0)
        kinds = len(self.samples.kinds)
        sums = np.bincount((bins - low) * kinds + kind, weights=counted, minlength=(high - low) * kinds)
        self.table.time_sum_ns[low:high] += sums.reshape(high - low, kinds)
        self.table.times.blocks.append(
            CodedBlock(
                read=read,
                judged=None if whole else np.packbits(measured),
                kind=kind,
                bin=bins.astype(np.uint16),
                response=codes,
                service=services,
            )
        )

    def _time_counted(self, block: Block, kept: Any, ok: Mask) -> npt.NDArray[np.int64]:
        """Response times; what was not answered counts as long as it was waited for, and the limit at least."""
        waited = block.waited_ns(self.samples.cutoff_ns)[kept]
        return np.asarray(np.where(ok, waited, np.maximum(waited, self.limit_ns)))


def _codes(times: npt.NDArray[np.int64], ok: Mask) -> npt.NDArray[np.uint16]:
    codes = encode(times)
    codes[~ok] = UNANSWERED
    return codes


def _add_times(
    histogram: Histogram,
    kind: npt.NDArray[Any],
    codes: npt.NDArray[np.uint16],
    times: npt.NDArray[np.int64] | None,
    ok: Mask,
) -> None:
    """Add answered times to a histogram of kinds and codes."""
    if not ok.all():
        kind, codes = kind[ok], codes[ok]
        times = None if times is None else times[ok]
    if not kind.size:
        return
    kinds, low, high = len(histogram.counts), int(codes.min()), int(codes.max()) + 1
    cells = (codes - np.uint16(low)) * np.intp(kinds) + kind
    counts = np.bincount(cells, minlength=(high - low) * kinds).reshape(high - low, kinds)
    for each in np.flatnonzero(counts.any(axis=0)).tolist():
        histogram.counts[each, low:high] += counts[:, each]
    if times is not None:
        sums = np.bincount(cells, weights=times, minlength=counts.size).reshape(counts.shape)
        for each in np.flatnonzero(counts.any(axis=0)).tolist():
            histogram.sums_ns[each, low:high] += sums[:, each]


def _counted(cells: npt.NDArray[Any], shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    return np.bincount(cells, minlength=int(np.prod(shape))).reshape(shape)
