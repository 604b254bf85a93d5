"""The transactions that took longest, each with what it takes to find it again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.blocks import Block
from analysis.samples import Samples
from scenarios.observation import NEVER, STEPS_PER_ROOT, Outcome

SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowTransaction:
    """One attempt. Times in seconds; None where they do not exist."""

    recording: int  # its place among those judged as one
    arrival: int | None  # root * 256 + step; None: the file does not number them
    attempt: int
    kind: str
    outcome: str
    status: int
    planned_ns: int  # since the epoch of the recording
    planned_s: float  # since the start of the recording
    response_s: float
    service_s: float | None
    unfinished: bool  # it had waited this long when the recording ended

    @property
    def arrival_text(self) -> str:
        """The arrival as root, or root.step."""
        if self.arrival is None:
            return "not numbered"
        root, step = divmod(self.arrival, STEPS_PER_ROOT)
        return f"{root}.{step}" if step else str(root)


class Slowest:
    """Keeps the slowest transactions of all that it is shown. Arrivals that were never sent have no time."""

    def __init__(self) -> None:
        self._found: list[SlowTransaction] = []
        self._at_least_ns = NEVER

    def add(self, block: Block, recording: int, samples: Samples) -> None:
        """Look at a block."""
        waited = np.where(block.started_ns == NEVER, NEVER, block.waited_ns(samples.cutoff_ns))
        waited[block.garbled] = NEVER
        places = np.flatnonzero(waited > self._at_least_ns)
        if places.size > SHOWN:
            places = places[np.argpartition(-waited[places], SHOWN - 1)[:SHOWN]]
        if not places.size:
            return
        rows = block.at(places)
        self._found += [
            _slow(rows, place, int(time), recording, samples) for place, time in enumerate(waited[places])
        ]
        self._found.sort(key=lambda each: (-each.response_s, each.recording, each.arrival or 0, each.attempt))
        del self._found[SHOWN:]
        if len(self._found) == SHOWN:
            self._at_least_ns = int(self._found[-1].response_s * 1e9) - 1

    @property
    def transactions(self) -> tuple[SlowTransaction, ...]:
        """The slowest first."""
        return tuple(self._found)


def _slow(rows: Block, place: int, waited_ns: int, recording: int, samples: Samples) -> SlowTransaction:
    ended, kind = int(rows.ended_ns[place]), int(rows.kind[place])
    outcome = int(rows.outcome[place])
    known = outcome in set(Outcome)
    return SlowTransaction(
        recording=recording,
        arrival=None if rows.arrival is None or not samples.numbered else int(rows.arrival[place]),
        attempt=int(rows.attempt[place]),
        kind=samples.kinds[kind] if kind < len(samples.kinds) else "unknown",
        outcome=Outcome(outcome).text if known else f"unknown ({outcome})",
        status=int(rows.status[place]),
        planned_ns=int(rows.planned_ns[place]),
        planned_s=(int(rows.planned_ns[place]) - samples.first_ns) / 1e9,
        response_s=waited_ns / 1e9,
        service_s=None if ended == NEVER else (ended - int(rows.started_ns[place])) / 1e9,
        unfinished=ended == NEVER or outcome == Outcome.IN_FLIGHT,
    )
