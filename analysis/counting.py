"""Counting: the rows of a recording added to a table of counts by second, kind and outcome under one clause.

Plain rows are counted by column. Rows that need a closer look are gathered until they are worth one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from analysis.blocks import BLOCK_ROWS, OWN_LAG_SATURATED_MS, Block, Mask, joined_blocks
from analysis.cells import counted
from analysis.coded_times import CodedTimes
from analysis.plain_counts import add_days, add_own_lag, add_plain
from analysis.plain_rows import PlainRows, SiftedBlock
from analysis.response_times import CodedRows
from analysis.samples import Places, Samples
from analysis.series import Bins
from analysis.table import ZONES, Table
from scenarios.observation import ANSWERS, NEVER, Outcome
from scenarios.sla import Clause

NS_PER_MS = 1_000_000
MAINTENANCE = "scheduled_maintenance"
_REFUSED_CREDENTIALS = (401, 403)
# Time alone made these a miss: had it been measured or waited for properly, it could have been a hit.
_ENDED_BY_TIME = (Outcome.TIMEOUT, Outcome.IN_FLIGHT)


class Counter:
    """Adds rows to a table; what is gathered is in it after `finish`."""

    def __init__(self, samples: Samples, clause: Clause) -> None:
        self.samples, self.limit_ns = samples, clause.limit_ns
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
        self.edges = np.array(samples.days_ns, dtype=np.int64)  # of the days of a month, if one is judged
        names = samples.custom_classes or clause.classes
        self.table = Table.empty(
            len(samples.kinds),
            self.bins,
            cycle_s=samples.cycle_s,
            populations=tuple(tuple(samples.kinds_of(name).tolist()) for name in names),
            at=samples.at,
            days=max(0, self.edges.size - 1),
        )
        self._gathered: list[tuple[Places, Block]] = []
        self._held = 0

    def add(self, sifted: SiftedBlock, first: int, left_out: Mask | None) -> None:
        """Count the rows of a block, the first of them by its number, but for those that are left out."""
        plain, places, others = sifted.plain, sifted.places, sifted.others
        slow = self._slow(plain)
        aside = None if plain is None else self._aside(plain, slow)
        if left_out is not None:
            kept = ~left_out[places]
            places, others = places[kept], others.at(kept)
        self._gather(first + places, others)
        if plain is not None and aside is not None:
            more = np.flatnonzero(
                aside & (plain.kind < plain.kinds) & (True if left_out is None else ~left_out)
            )
            self._gather(first + more, sifted.block.at(more))
            plain = plain.without(aside)
        if plain is not None and left_out is not None:
            plain = plain.without(left_out)
        if plain is not None:
            self._add_plain(plain, first, slow)

    def _slow(self, plain: PlainRows | None) -> Places:
        """Where plain rows are no hits by their time."""
        if plain is None or self.failures is not None or self.within_any_time:
            return np.empty(0, dtype=np.intp)
        return np.flatnonzero(plain.response_ns > self.limit_ns)

    def _gather(self, numbers: Places, block: Block) -> None:
        if block.size:
            self._gathered.append((numbers, block))
            self._held += block.size
            if self._held >= BLOCK_ROWS:
                self.finish()

    def _add_plain(self, plain: PlainRows, first: int, slow: Places) -> None:
        zones: int | npt.NDArray[np.int64] = ZONES - 1
        if plain.planned_span[0] < self.zone_starts[-1]:
            zones = self._zones(plain.planned_ns)
        add_plain(self.table, plain, first=first, zones=zones, slow=slow)
        if self.edges.size:
            self._add_days(plain, zones, slow)

    def _add_days(self, plain: PlainRows, zones: int | npt.NDArray[np.int64], slow: Places) -> None:
        hit = np.ones(plain.size, dtype=np.bool_)
        hit[slow] = False
        at = np.flatnonzero((plain.kind < plain.kinds) & (np.asarray(zones) > 0))
        add_days(self.table, self.edges, plain.planned_ns[at], plain.kind[at].astype(np.intp), hit[at])

    def finish(self) -> None:
        """Count what was gathered."""
        if self._gathered:
            numbers = np.concatenate([each for each, _ in self._gathered])
            self.add_one_by_one(joined_blocks([block for _, block in self._gathered]), numbers)
            self._gathered, self._held = [], 0

    def _aside(self, plain: PlainRows, slow: Places) -> Mask | None:
        """Rows that are not plain under this clause: their place in time, or our own lag, may decide on them."""
        aside = None
        if self.failures is not None:
            aside = self.failures[plain.outcome]
        for start, end in self.windows:
            if plain.planned_span[0] < end and plain.ended_span[1] >= start:
                aside = _either(aside, (plain.planned_ns < end) & (plain.ended_ns >= start))
        if self.edges.size:
            outside = self._outside_month(plain.planned_ns)
            aside = _either(aside, outside) if outside.any() else aside
        if self.samples.resolution_ns:
            over_ns = plain.response_ns - self.limit_ns
            aside = _either(aside, (over_ns > 0) & (over_ns <= self.samples.resolution_ns))
        newest = self.samples.cutoff_ns - self.limit_ns
        if self.samples.settled_by_plan and plain.planned_span[1] > newest:
            aside = _either(aside, plain.planned_ns > newest)
        if plain.most_own_lag_ms and slow.size:
            late = slow[self._is_late_by_lag(plain.response_ns[slow], plain.own_lag_ms[slow])]
            if late.size:
                aside = np.zeros(plain.size, dtype=np.bool_) if aside is None else aside
                aside[late] = True
        return aside

    def _outside_month(self, planned_ns: npt.NDArray[np.int64]) -> Mask:
        mask: Mask = (planned_ns < self.edges[0]) | (planned_ns >= self.edges[-1])
        return mask

    def _is_late_by_lag(self, waited_ns: npt.NDArray[np.int64], own_lag_ms: npt.NDArray[np.uint16]) -> Mask:
        """Which of some times beyond the limit would be within it without our own lag."""
        own = own_lag_ms.astype(np.int64)
        mask: Mask = (own >= OWN_LAG_SATURATED_MS) | (waited_ns - own * NS_PER_MS <= self.limit_ns)
        return mask

    def add_one_by_one(self, block: Block, numbers: Places) -> None:
        """Count rows of any sort with their numbers."""
        if not block.size:
            return
        table = self.table
        inside = block.originals
        answered = block.answered(self.answers)
        hit = self._hits(block, answered)
        bins, zone = self.bins.places(block.planned_ns), self._zones(block.planned_ns)
        if self.edges.size:
            inside = inside & ~self._outside_month(block.planned_ns)
        if self.windows:
            inside = self._outside_maintenance(block, inside, hit, zone > 0)
        self._count_in_flight(block, bins, inside)
        judged = self._judged(block, inside, hit, zone)
        low, high = int(bins.min()), int(bins.max()) + 1
        cells = ((bins - low) * table.kinds + block.kind) * ZONES + zone
        span, shape = slice(low, high), (high - low, table.kinds, ZONES)
        pairs = cells * 2 + hit
        both = counted(pairs[judged], (*shape, 2))
        table.n[span] += both.sum(axis=-1)
        table.hits[span] += both[..., 1]
        misses = np.flatnonzero(judged & ~hit)
        if misses.size:
            table.questionable[span] += counted(
                cells[misses][self._count_misses(block.at(misses), answered[misses], zone[misses])], shape
            )
        kept = np.flatnonzero(judged & (zone > 0))
        if kept.size:
            if self.edges.size:
                kind = block.kind[kept].astype(np.intp)
                add_days(table, self.edges, block.planned_ns[kept], kind, hit[kept])
            self._measure(block.at(kept), numbers[kept], answered[kept], bins[kept])

    def _exclude(self, reason: str, kinds: npt.NDArray[np.int64]) -> None:
        self.table.exclude(reason, np.bincount(kinds, minlength=self.table.kinds))

    def best_places(self, block: Block) -> Places:
        """Where each arrival stands once. Of duplicates the best stays: no FAIL rests on a recording fault."""
        assert block.arrival is not None
        waited = block.waited_ns(self.samples.cutoff_ns)
        hit = self._hits(block, block.answered(self.answers))
        order = np.lexsort((block.outcome, waited, ~hit, block.arrival))
        best: Places = order[np.append(True, np.diff(block.arrival[order]) != 0)]
        return best

    def _hits(self, block: Block, answered: Mask) -> Mask:
        """Good transactions: answered within the limit, answered at all, or not failed."""
        if self.failures is not None:
            ended = (block.outcome != Outcome.IN_FLIGHT) & ~block.impossible
            return np.asarray(ended & ~self.failures[block.outcome])
        if self.within_any_time:
            return answered
        return np.asarray(answered & (block.ended_ns - block.planned_ns <= self.limit_ns))

    def _zones(self, planned_ns: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """0 in the warm-up, 1 after it and before twice its length, 2 beyond."""
        first, second = self.zone_starts
        return (planned_ns >= first).astype(np.int64) + (planned_ns >= second)

    def _judged(self, block: Block, inside: Mask, hit: Mask, zone: npt.NDArray[np.int64]) -> Mask:
        """Decidable originals outside maintenance, in every zone; what is left out is counted by its reason.

        A row cut off in flight before it had waited the limit could still have met it, so it is outside. In a file
        with a cut-off, all rows planned less than a limit before it are outside: dropping only the unfinished ones
        would flatter the share.
        """
        measured = zone > 0

        def exclude(reason: str, mask: Mask) -> None:
            self._exclude(reason, block.kind[mask])

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
        self._exclude("warm_up", block.kind[inside & during & ~measured])
        for reason, mask in (("maintenance", left), ("during_hits", left & hit)):
            self._exclude(reason, block.kind[mask])
        for reason, mask in (("overlapping", touched), ("overlapping_hits", touched & hit)):
            self._exclude(reason, block.kind[mask])
        return inside & ~during

    def _count_in_flight(self, block: Block, bins: npt.NDArray[np.int64], inside: Mask) -> None:
        table, kinds = self.table, self.table.kinds
        low, high = int(bins.min()), int(bins.max()) + 1
        table.planned[low:high] += counted(
            (bins - low)[inside] * kinds + block.kind[inside], (high - low, kinds)
        )
        over = inside & (block.ended_ns != NEVER) & (block.ended_ns < self.bins.end_ns)
        ends = self.bins.places(block.ended_ns[over])
        if ends.size:
            low, high = int(ends.min()), int(ends.max()) + 1
            table.ended[low:high] += counted((ends - low) * kinds + block.kind[over], (high - low, kinds))

    def _count_misses(self, block: Block, answered: Mask, zone: npt.NDArray[np.int64]) -> Mask:
        """Count judged misses by cause; the mask says which may be ours.

        Late through own lag, cut short of the limit, never sent, credentials refused, or a row that cannot be true.
        """
        table, kind = self.table, block.kind.astype(np.int64)
        if self.failures is not None:
            answered = np.zeros_like(answered)  # a miss by its outcome, not by its time
        waited = block.waited_ns(self.samples.cutoff_ns)
        without_lag = self._is_late_by_lag(waited, block.own_lag_ms)
        never_sent = (block.outcome == Outcome.NOT_STARTED) & (block.own_lag_ms > 0)
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

    def _measure(self, block: Block, numbers: Places, ok: Mask, bins: npt.NDArray[np.int64]) -> None:
        """Count judged rows after the warm-up by outcome, own lag and time; answered ones with their codes.

        What was not answered counts as long as it was waited for, and the limit at least.
        """
        table, kinds, kind = self.table, self.table.kinds, block.kind.astype(np.intp)
        table.outcomes += counted(kind * 256 + block.outcome, table.outcomes.shape)
        add_own_lag(table, kind, block.own_lag_ms, np.bincount(kind, minlength=kinds))
        waited = block.waited_ns(self.samples.cutoff_ns)
        times = np.where(ok, waited, np.maximum(waited, self.limit_ns))
        low, count = int(bins.min()), int(bins.max()) + 1 - int(bins.min())
        sums = np.bincount((bins - low) * kinds + kind, weights=times, minlength=count * kinds)
        table.time_sum_ns[low : low + count] += sums.reshape(count, kinds)
        if not ok.any():
            return
        answered, kind = block.at(ok), kind[ok]
        every = np.arange(kinds)
        response = answered.ended_ns - answered.planned_ns
        service = answered.ended_ns - answered.started_ns
        response_codes, service_codes = (
            CodedTimes.of(each, (int(each.min()), int(each.max())), kind, every)
            for each in (response, service)
        )
        response_codes.add_to(table.times.response)
        response_codes.add_sums_to(table.times.response, response.astype(float))
        service_codes.add_to(table.times.service)
        table.times.coded.append(
            CodedRows(
                first=0,
                numbers=numbers[ok],
                kind=answered.kind,
                bin=bins[ok].astype(np.uint16),
                response=response_codes.codes,
                service=service_codes.codes,
            )
        )


def _either(one: Mask | None, other: Mask) -> Mask:
    return other if one is None else one | other
