"""How a run stands while it goes on: every clause and class counted by the rules of the verdict, from what is on disk.

Only rows that are new since the last look are read, and counts are kept by second, so an hour costs no more to follow
than a minute. Shares and bounds come from the functions that the verdict itself uses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from analysis.counting import Counter
from analysis.dependence import Inflation
from analysis.doubts import Doubt, in_order
from analysis.generator_health import late_doubt, pool_doubt, start_doubts
from analysis.live_times import LiveTimes
from analysis.plain_rows import sift
from analysis.proportions import Bounds, Share
from analysis.roll_call import ON_TIME_MS
from analysis.row_tail import RowTail
from analysis.run_facts import RunFacts, read_run_facts
from analysis.samples import Samples, run_samples
from analysis.series import Bins
from analysis.table import MEASURED, ZONES
from analysis.tallies import miss_causes
from scenarios.observation import OBSERVATION, Outcome, Recording, Rows
from scenarios.run_folder import RunFolder
from scenarios.sla import Clause, Sla

Counts = npt.NDArray[np.int64]
_UNKNOWN = Inflation(vif=None, growth=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One class under one clause so far.

    `n` and `hits` count what was planned so long ago that all of it is decided: among what was planned since then the
    fast answers are there and the slow ones are not, and a share of these would flatter. `settled_n` and
    `settled_hits` count every row there is, which is what can be certain about the end.
    """

    clause: Clause
    population: str
    n: int
    hits: int
    settled_n: int
    settled_hits: int
    misses: Mapping[str, int]  # of what is settled, by cause
    inflation: Inflation

    @property
    def share(self) -> Share:
        """Hits of what is decided, with what dependence costs."""
        return Share(hits=self.hits, n=self.n, inflation=self.inflation)

    @property
    def settled(self) -> Share:
        """Hits of all rows there are."""
        return Share(hits=self.settled_hits, n=self.settled_n, inflation=self.inflation)

    @property
    def bounds(self) -> Bounds | None:
        """One-sided each, as in the verdict; None while there is too little to say."""
        share = self.share
        if not self.n or share.n_effective < 1:
            return None
        return share.bounds(self.clause.confidence)


def nothing_settled(slas: Sequence[Sla]) -> tuple[Standing, ...]:
    """How every class of every clause stands before the first row."""
    return tuple(
        Standing(
            clause=clause,
            population=name,
            n=0,
            hits=0,
            settled_n=0,
            settled_hits=0,
            misses={},
            inflation=_UNKNOWN,
        )
        for sla in slas
        for clause in sla.clauses
        for name in clause.classes
    )


class LiveCount:
    """Counts a run folder while it grows. Raises RunFolderError where plan.json cannot be read."""

    def __init__(self, folder: RunFolder) -> None:
        self.facts: RunFacts = read_run_facts(folder, torn=0)
        self._tail = RowTail(folder.observations)
        nothing = self._samples(np.empty(0, dtype=OBSERVATION))
        self._counts = [_ClauseCount(nothing, each) for sla in self.facts.slas for each in sla.clauses]
        self._not_started = self._late = 0
        self.rows = self.originals = 0  # of all attempts, and of first ones; warm-up included
        self.wrong_replies = 0

    def read(self) -> int:
        """Count what has come since the last call; how many rows that were."""
        found = 0
        while (rows := self._tail.fresh()).size:
            found += rows.size
            self.rows += rows.size
            first = rows["attempt"] == 0
            never = first & (rows["outcome"] == Outcome.NOT_STARTED) & (rows["own_lag_ms"] > 0)
            self.wrong_replies += int(np.count_nonzero(rows["outcome"] == Outcome.WRONG_REPLY))
            self.originals += int(np.count_nonzero(first))
            self._not_started += int(np.count_nonzero(never))
            self._late += int(np.count_nonzero(never | (first & (rows["own_lag_ms"] > ON_TIME_MS))))
            samples = self._samples(rows)
            for each in self._counts:
                each.add(samples)
        return found

    def standings(
        self, known: Sequence[Standing] = (), *, decided_ns: int | None = None
    ) -> tuple[Standing, ...]:
        """Every class of every clause, in their order. What was planned before `decided_ns`, to the next whole second,
        is decided; None: all is.

        What dependence costs is taken from `known` standings, where these are given: that is the dear part.
        """
        found = [one for each in self._counts for one in each.standings(decided_ns, with_inflation=not known)]
        if not known:
            return tuple(found)
        return tuple(
            replace(now, inflation=before.inflation) for now, before in zip(found, known, strict=True)
        )

    def doubts(self, standings: Sequence[Standing], *, pool_waits: int) -> tuple[Doubt, ...]:
        """The doubts that can be seen before the end, the gravest first."""
        found = list(pool_doubt(pool_waits))
        if self.originals:
            found += start_doubts(planned=self.originals, not_started=self._not_started, late=self._late)
        for each in self._counts:
            n = sum(one.settled_n for one in standings if one.clause is each.clause)
            found += late_doubt(each.clause, n, each.own_lag_ms())
        return in_order(found)

    def _samples(self, rows: Rows) -> Samples:
        return run_samples("a run that is going on", Recording(rows=rows, torn=0), self.facts)


class _ClauseCount:
    """What one clause counts."""

    def __init__(self, samples: Samples, clause: Clause) -> None:
        self.clause = clause
        self._kinds = [samples.kinds_of(name).tolist() for name in clause.classes]
        class_of_kind = np.full(len(samples.kinds), -1, dtype=np.intp)
        for place, kinds in enumerate(self._kinds):
            class_of_kind[kinds] = place
        self._met: set[int] = set()  # kinds that there are
        self._times = LiveTimes(class_of_kind, len(clause.classes), Bins.spanning(*samples.span_ns).count)
        self._counter = Counter(samples, clause)

    def add(self, samples: Samples) -> None:
        """Count new rows."""
        self._counter.samples = samples
        for first, block in samples.numbered_blocks():
            self._counter.add(sift(block, len(samples.kinds)), first, None)
            self._met.update(np.unique(block.kind).tolist())
        self._counter.finish()
        coded = self._counter.table.times.coded  # grows with the rows; the live times take its place
        self._times.add(coded)
        coded.clear()

    def standings(self, decided_ns: int | None, *, with_inflation: bool) -> Iterator[Standing]:
        """Each class of the clause."""
        table = self._counter.table
        decided = slice(None if decided_ns is None else table.bins.begun_before(decided_ns))
        for place, (name, kinds) in enumerate(zip(self.clause.classes, self._kinds, strict=True)):
            met = [kind for kind in kinds if kind in self._met]
            n, hits = (_measured(each, met) for each in (table.n, table.hits))
            misses = miss_causes([(table, met)], int(n.sum() - hits.sum()))
            if self.clause.measure == "availability":
                n, hits = (n > 0).astype(np.int64), (hits > 0).astype(np.int64)
                misses = {"without_service": int(n.sum() - hits.sum())}
            varied = with_inflation and n[decided].any()
            yield Standing(
                clause=self.clause,
                population=name,
                n=int(n[decided].sum()),
                hits=int(hits[decided].sum()),
                settled_n=int(n.sum()),
                settled_hits=int(hits.sum()),
                misses={cause: count for cause, count in misses.items() if count},
                inflation=self._inflation(place, n[decided], hits[decided]) if varied else _UNKNOWN,
            )

    def own_lag_ms(self) -> Counts:
        """Judged rows by own lag in ms, over the classes of the clause."""
        kinds = [kind for each in self._kinds for kind in each if kind in self._met]
        return np.asarray(self._counter.table.own_lag_ms[kinds].sum(axis=0))

    def _inflation(self, place: int, n: Counts, hits: Counts) -> Inflation:
        """What dependence costs the first bins, as the verdict's series would have it."""
        series = self._counter.table.series([])
        nothing = np.zeros_like(n)
        faster = (nothing, nothing) if self.clause.measure == "availability" else self._times.faster(place, n)
        return replace(series, n=n, hits=hits, faster_p50=faster[0], faster_p75=faster[1]).inflation()


def _measured(counts: Counts, kinds: Sequence[int]) -> Counts:
    """Counts of some kinds by bin, the warm-up left out; column by column, which numpy does much faster."""
    found = np.zeros(len(counts), dtype=np.int64)
    for kind in kinds:
        for zone in range(*MEASURED.indices(ZONES)):
            found += counts[:, kind, zone]
    return found
