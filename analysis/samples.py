"""Samples: the rows to judge as columns, whatever file they came from, and what is known about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.run_facts import RunFacts, read_run_facts
from scenarios.kinds import KIND_CLASS, Kind
from scenarios.observation import ANSWERS, NEVER, Outcome, Recording
from scenarios.run_folder import RunFolder

Nanoseconds = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

FURTHEST_NS = 2**62 - 1  # stamps beyond it are garbage; differences of those within it fit 64 bits
OWN_LAG_SATURATED_MS = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Rows as columns of equal length. Times are nanoseconds of any common epoch, -1 where there is none."""

    source: str
    planned_ns: Nanoseconds
    started_ns: Nanoseconds
    ended_ns: Nanoseconds
    kind: npt.NDArray[np.intp]  # place in `kinds`
    outcome: npt.NDArray[np.uint8]
    attempt: npt.NDArray[np.int64]
    status: npt.NDArray[np.int64]
    own_lag_ms: npt.NDArray[np.int64]
    arrival: npt.NDArray[np.uint64] | None  # None: the file does not number them
    garbled: Mask  # a number that no writer of ours writes
    kinds: tuple[str, ...]
    kind_class: Mapping[str, str]
    custom_classes: tuple[str, ...] | None  # kinds that stand in for the clause's classes
    first_ns: int  # the warm-up begins here
    warm_up_ns: int
    cutoff_ns: int
    settled_by_plan: bool  # only rows planned a limit before the cut-off can be judged
    maintenance: tuple[tuple[int, int], ...]  # [from, to) in nanoseconds of the same epoch
    longest_stall_s: float | None
    cycle_s: float | None  # length of a declared load cycle
    has_planned_times: bool
    replies_checked: bool  # slagate itself matched each reply to its request
    run: RunFacts | None

    @property
    def span_ns(self) -> tuple[int, int]:
        """The first and the last moment for which arrivals were planned: of a run as declared, of a file as found."""
        if self.run is not None:
            return self.run.t0_ns, self.run.t0_ns + self.run.length_ns - 1
        return (int(self.planned_ns.min()), int(self.planned_ns.max())) if self.planned_ns.size else (0, 0)

    @property
    def originals(self) -> Mask:
        """First attempts: a retry's success does not repair its original."""
        mask: Mask = self.attempt == 0
        return mask

    @property
    def waited_ns(self) -> Nanoseconds:
        """From the planned moment to the end, or to the cut-off where no end came."""
        ended: Nanoseconds = np.where(self.ended_ns == NEVER, self.cutoff_ns, self.ended_ns)
        return ended - self.planned_ns

    @property
    def impossible(self) -> Mask:
        """Rows that cannot be true: garbled, ended before start or plan, answered without a time."""
        ended, started = self.ended_ns != NEVER, self.started_ns != NEVER
        backwards = ended & (
            (self.ended_ns < self.planned_ns) | (started & (self.ended_ns < self.started_ns))
        )
        answered = np.isin(self.outcome, [int(each) for each in ANSWERS])
        mask: Mask = self.garbled | backwards | (answered & ~(ended & started))
        return mask

    def members(self, population: str) -> Mask:
        """The rows of a class, or of a kind that stands in for one."""
        if self.custom_classes is not None:
            wanted = [place for place, kind in enumerate(self.kinds) if kind == population]
        else:
            wanted = [
                place for place, kind in enumerate(self.kinds) if self.kind_class.get(kind) == population
            ]
        return np.isin(self.kind, wanted)


def read_run(folder: RunFolder) -> Samples:
    """The samples of a run folder. Raises RunFolderError where its facts cannot be read."""
    recording = folder.read_observations()
    facts = read_run_facts(folder, torn=recording.torn)
    return run_samples(str(folder.path), recording, facts)


def run_samples(source: str, recording: Recording, facts: RunFacts) -> Samples:
    """Rows and facts of one run as samples."""
    rows = recording.rows
    stamps = [np.asarray(rows[name]).astype(np.int64) for name in ("planned_ns", "started_ns", "ended_ns")]
    garbled = np.zeros(rows.size, dtype=np.bool_)
    for each in stamps:
        garbled |= (each > FURTHEST_NS) | (each < -FURTHEST_NS)
    planned, started, ended = (np.clip(each, -FURTHEST_NS, FURTHEST_NS) for each in stamps)
    kinds, kind, unknown = _kind_places(rows["kind"])
    outcome = np.asarray(rows["outcome"]).astype(np.uint8)
    garbled |= unknown | ~np.isin(outcome, [int(each) for each in Outcome])
    return Samples(
        source=source,
        planned_ns=planned,
        started_ns=started,
        ended_ns=ended,
        kind=kind,
        outcome=outcome,
        attempt=np.asarray(rows["attempt"]).astype(np.int64),
        status=np.asarray(rows["status"]).astype(np.int64),
        own_lag_ms=np.asarray(rows["own_lag_ms"]).astype(np.int64),
        arrival=np.asarray(rows["arrival"]).astype(np.uint64),
        garbled=garbled,
        kinds=kinds,
        kind_class={each.text: KIND_CLASS[each] for each in Kind},
        custom_classes=None,
        first_ns=facts.t0_ns,
        warm_up_ns=facts.warm_up_ns,
        cutoff_ns=facts.end.ended_ns if facts.end else _latest(planned, started, ended, facts.t0_ns),
        settled_by_plan=False,
        maintenance=(),
        longest_stall_s=facts.longest_stall_s,
        cycle_s=facts.cycle_s,
        has_planned_times=True,
        replies_checked=True,
        run=facts,
    )


def _kind_places(codes: npt.NDArray[np.uint8]) -> tuple[tuple[str, ...], npt.NDArray[np.intp], Mask]:
    """Names, each row's place among them, and which rows carry a number that is no kind."""
    known = list(Kind)
    place_of = np.full(256, len(known), dtype=np.intp)
    place_of[[int(each) for each in known]] = np.arange(len(known))
    places = place_of[codes]
    return (*(each.text for each in known), "unknown"), places, places == len(known)


def _latest(planned: Nanoseconds, started: Nanoseconds, ended: Nanoseconds, fallback: int) -> int:
    return max((int(each.max()) for each in (planned, started, ended) if each.size), default=fallback)
