"""The judgement row by row in plain Python: slow, short, and written apart from the one by columns.

It puts other counts under the same sentences: roll call, table and selection of times are replaced, and everything
after them (bounds, readings, doubts) is the product's own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from analysis.blocks import FURTHEST_NS, OWN_LAG_SATURATED_MS
from analysis.response_times import Pool, ResponseTimes, Selection
from analysis.roll_call import RollCall
from analysis.samples import Samples
from analysis.series import Bins
from analysis.table import MEASURED, Table
from scenarios.kinds import Kind
from scenarios.observation import ANSWERS, NEVER, Outcome, Rows
from scenarios.sla import Clause

DAY_NS = 86_400 * 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row as Python numbers, with what can be said of it under any clause."""

    arrival: int
    planned: int
    started: int
    ended: int
    kind: int  # place among the kinds of the recording
    outcome: int
    attempt: int
    status: int
    lag: int
    garbled: bool

    @property
    def timed(self) -> bool:
        return self.started != NEVER and self.ended != NEVER

    @property
    def impossible(self) -> bool:
        after = self.ended == NEVER or (
            self.ended >= self.planned and (self.started == NEVER or self.ended >= self.started)
        )
        return self.garbled or not after or (self.outcome in ANSWERS and not self.timed)

    def answered(self, answers: set[int]) -> bool:
        return self.outcome in answers and self.timed and not self.impossible

    def waited(self, cutoff: int) -> int:
        return (cutoff if self.ended == NEVER else self.ended) - self.planned


def read(samples: Samples, rows: Rows) -> list[Row]:
    """The rows of a run, in the order of its files."""
    run = samples.run
    assert run is not None
    places = {int(kind): samples.kinds.index(kind.text) for kind in Kind}
    found = []
    for each in rows.tolist():
        row = dict(zip(rows.dtype.names or (), each, strict=True))
        stamps = [row["planned_ns"], row["started_ns"], row["ended_ns"]]
        planned, started, ended = (max(-FURTHEST_NS, min(FURTHEST_NS, stamp)) for stamp in stamps)
        plausible = run.t0_ns - DAY_NS <= row["planned_ns"] <= run.t0_ns + run.length_ns + DAY_NS
        known = row["kind"] in places and row["outcome"] in set(Outcome)
        found.append(
            Row(
                arrival=row["arrival"],
                planned=planned,
                started=started,
                ended=ended,
                kind=places.get(row["kind"], len(samples.kinds) - 1),
                outcome=row["outcome"],
                attempt=row["attempt"],
                status=row["status"],
                lag=row["own_lag_ms"],
                garbled=not plausible or not known or stamps != [planned, started, ended],
            )
        )
    return found


def call(samples: Samples, rows: Sequence[Row]) -> RollCall:
    """The roll call."""
    originals = [row for row in rows if row.attempt == 0]
    times = Counter(row.arrival for row in originals)
    measured = [row for row in originals if row.planned >= samples.first_ns + samples.warm_up_ns]
    by_kind = Counter(kind for _, kind in {(row.arrival, row.kind) for row in measured})
    every = Counter(row.kind for row in rows)
    impossible = [place for place, row in enumerate(rows) if row.impossible]
    never = [row for row in originals if row.outcome == Outcome.NOT_STARTED and row.lag > 0]
    late = [row for row in originals if row.lag > 1000 and row not in never]
    return RollCall(
        originals=len(originals),
        recorded=len(times),
        recorded_by_kind={name: by_kind[place] for place, name in enumerate(samples.kinds)},
        repeated=len(rows) - len({(row.arrival, row.attempt) for row in rows}),
        repeated_arrivals=np.array(sorted(a for a, count in times.items() if count > 1), dtype=np.uint64),
        rows_by_kind={name: every[place] for place, name in enumerate(samples.kinds)},
        impossible=len(impossible),
        first_impossible=impossible[0] if impossible else None,
        wrong_replies=sum(row.outcome == Outcome.WRONG_REPLY and not row.impossible for row in rows),
        matched=sum(row.outcome in {*ANSWERS, Outcome.WRONG_REPLY} for row in rows),
        not_started=len(never),
        late=len(never) + len(late),
    )


class PlainTimes:
    """Answered and judged transactions after the warm-up: (kind, bin, response, service)."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, int, int, int]] = []

    def counts(self, kinds: Sequence[int], *, service: bool = False) -> Any:
        return np.array([len(self.of(kinds, service))])

    def of(self, kinds: Sequence[int], service: bool) -> list[int]:
        return sorted(row[3 if service else 2] for row in self.rows if row[0] in kinds)


class PlainTable(Table):
    """A table whose quantiles come from sorted lists."""

    def _faster(self, kinds: Sequence[int]) -> Any:
        found, total = np.zeros((2, self.bins.count), np.int64), int(self.n[:, list(kinds), MEASURED].sum())
        rows = cast(PlainTimes, self.times)
        times = rows.of(kinds, False)
        for place, share in enumerate((2, 3)):
            rank = -(-total * share // 4)
            if 1 <= rank <= len(times):
                for kind, where, response, _ in rows.rows:
                    found[place, where] += kind in kinds and response <= times[rank - 1]
        return found


def tabulate(samples: Samples, clause: Clause, rows: Sequence[Row]) -> Table:
    """The table of a run under a clause."""
    return _Plain(samples, clause).table_of(rows)


def select(pools: Sequence[Pool], ranks: Sequence[Sequence[int]], smallest: Sequence[int]) -> list[Selection]:
    """Times at ranks, by sorting everything."""
    found = []
    for pool, wanted, count in zip(pools, ranks, smallest, strict=True):
        times = sorted(
            each for of, kinds in pool.parts for each in cast(PlainTimes, of).of(kinds, pool.service)
        )
        at_rank = {rank: times[rank - 1] for rank in wanted if 1 <= rank <= len(times)}
        total = float(sum(times[:count])) if 1 <= count <= len(times) else None
        found.append(Selection(at_rank_ns=at_rank, sum_ns=total))
    return found


class _Plain:
    def __init__(self, samples: Samples, clause: Clause) -> None:
        self.samples, self.clause, self.times = samples, clause, PlainTimes()
        self.answers = {int(each) for each in Outcome if each in ANSWERS or each.text in clause.also_answers}
        self.bins = Bins.spanning(*samples.span_ns)
        self.windows = samples.maintenance if "scheduled_maintenance" in clause.excluding else ()
        table = Table.empty(
            len(samples.kinds), self.bins, cycle_s=samples.cycle_s, populations=(), at=_nothing
        )
        columns = {name: getattr(table, name) for name in table.__dataclass_fields__ if name[0] != "_"}
        self.table = PlainTable(**columns | {"times": cast(ResponseTimes, self.times)})

    def table_of(self, rows: Sequence[Row]) -> Table:
        best: dict[int, Row] = {}
        for row in rows:
            if row.attempt == 0 and (
                row.arrival not in best or self._order(row) < self._order(best[row.arrival])
            ):
                best[row.arrival] = row
        for row in best.values():
            self._add(row)
        return self.table

    def _order(self, row: Row) -> tuple[bool, int, int]:
        return not self._hit(row), row.waited(self.samples.cutoff_ns), row.outcome

    def _hit(self, row: Row) -> bool:
        if self.clause.measure == "failure_share":
            failed = row.outcome == Outcome.IN_FLIGHT or row.outcome in self.clause.failures
            return not failed and not row.impossible
        within = self.clause.measure == "availability" or row.ended - row.planned <= self.clause.limit_ns
        return row.answered(self.answers) and within

    def _bin(self, stamp: int) -> int:
        return max(0, min(self.bins.count - 1, (stamp - self.bins.first_ns) // self.bins.width_ns))

    def _exclude(self, reason: str, row: Row) -> None:
        self.table.exclude(reason, (np.arange(self.table.kinds) == row.kind).astype(np.int64))

    def _add(self, row: Row) -> None:
        table, limit, hit = self.table, self.clause.limit_ns, self._hit(row)
        waited, where = row.waited(self.samples.cutoff_ns), self._bin(row.planned)
        warm_up = self.samples.warm_up_ns
        zone = sum(row.planned >= self.samples.first_ns + times * warm_up for times in (1, 2))
        until = row.planned + max(waited, 0)
        during = any(start <= row.planned < end for start, end in self.windows)
        if zone and not during and any(row.planned < end and until > start for start, end in self.windows):
            self._exclude("overlapping", row)
            if hit:
                self._exclude("overlapping_hits", row)
        if during:
            self._exclude("maintenance" if zone else "warm_up", row)
            if zone and hit:
                self._exclude("during_hits", row)
            return
        table.planned[where, row.kind] += 1
        if row.ended != NEVER and row.ended < self.bins.end_ns:
            table.ended[self._bin(row.ended), row.kind] += 1
        if not zone:
            self._exclude("warm_up", row)
        timed = self.clause.measure != "failure_share"
        if row.outcome == Outcome.IN_FLIGHT and (waited <= limit or not timed):
            if zone:
                self._exclude("unresolvable", row)
                if hit:
                    self._exclude("unresolvable_hits", row)
                elif row.ended == NEVER and waited <= limit:
                    self._exclude("undecided", row)
            return
        table.n[where, row.kind, zone] += 1
        table.hits[where, row.kind, zone] += hit
        if not hit:
            self._miss(row, where, zone, waited)
        if zone:
            self._measure(row, where, waited)

    def _miss(self, row: Row, where: int, zone: int, waited: int) -> None:
        table, timed = self.table, self.clause.measure != "failure_share"
        slow = row.answered(self.answers) and timed
        in_time = row.lag >= OWN_LAG_SATURATED_MS or waited - row.lag * 10**6 <= self.clause.limit_ns
        if slow:
            table.hits_without_own_lag[row.kind, zone] += in_time
            table.slow_answers[row.kind, row.outcome] += zone > 0
        else:
            table.misses[row.kind, zone, row.outcome] += 1
        table.impossible[row.kind] += row.impossible and zone > 0
        by_time = slow or row.outcome in (Outcome.TIMEOUT, Outcome.IN_FLIGHT, Outcome.NOT_STARTED)
        never = row.outcome == Outcome.NOT_STARTED and row.lag > 0
        refused = row.outcome == Outcome.ERROR and row.status in (401, 403)
        if row.impossible or never or refused or (timed and by_time and in_time):
            table.questionable[where, row.kind, zone] += 1

    def _measure(self, row: Row, where: int, waited: int) -> None:
        table, answered = self.table, row.answered(self.answers)
        table.outcomes[row.kind, row.outcome] += 1
        if row.lag:
            table.own_lag_ms[row.kind, row.lag] += 1
        table.time_sum_ns[where, row.kind] += waited if answered else max(waited, self.clause.limit_ns)
        if answered:
            self.times.rows.append((row.kind, where, row.ended - row.planned, row.ended - row.started))


def _nothing(numbers: Any) -> Any:
    raise AssertionError(f"rows {numbers} are not read again")
