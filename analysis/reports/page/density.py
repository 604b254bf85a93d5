"""Every attempt that was sent by planned time and by the level of its time, and each miss while they are few."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.reports.page.time_axis import TimeAxis
from analysis.reports.page.time_codes import CODES
from analysis.reports.page.timed_block import TimedBlock
from scenarios.observation import NEVER

MOST_MISSES = 3000  # drawn one by one; beyond it they are cells
COARSE = 8  # codes to a level: 16 levels an octave
LEVELS = CODES // COARSE


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """A transaction that is not within the limit, to be drawn by itself."""

    planned_s: float
    waited_s: float
    outcome: int


class Density:
    """Counts by bin and level: (B, LEVELS)."""

    def __init__(self, axis: TimeAxis) -> None:
        shape = (axis.count, LEVELS)
        self.within, self.late, self.unanswered = (np.zeros(shape, dtype=np.int64) for _ in range(3))
        self.slowest_ns = np.full(axis.count, NEVER, dtype=np.int64)  # by bin
        self.misses = self.never_sent = 0
        self.single_misses: list[Miss] = []  # every one, or none where there are too many

    @property
    def beyond(self) -> npt.NDArray[np.int64]:
        """Misses: answered too late, or not at all."""
        return self.late + self.unanswered

    def add(self, timed: TimedBlock) -> None:
        """Count the attempts of a block."""
        self.never_sent += int(np.count_nonzero(timed.block.started_ns == NEVER))
        drawn = np.flatnonzero(timed.on_axis & timed.sent)
        if not drawn.size:
            return
        bins, rows = timed.bins[drawn], timed.rows.at(drawn)
        low, high = int(bins.min()), int(bins.max()) + 1
        fate = np.where(rows.hit, 0, np.where(rows.answered, 1, 2))
        cells = ((bins - low) * LEVELS + rows.codes // COARSE) * 3 + fate
        counted = np.bincount(cells, minlength=3 * LEVELS * (high - low)).reshape(high - low, LEVELS, 3)
        for place, into in enumerate((self.within, self.late, self.unanswered)):
            into[low:high] += counted[..., place]
        np.maximum.at(self.slowest_ns, bins, rows.waited_ns)
        self._keep(timed, drawn[~rows.hit])

    def _keep(self, timed: TimedBlock, missed: npt.NDArray[np.intp]) -> None:
        self.misses += missed.size
        if self.misses > MOST_MISSES:
            self.single_misses = []
            return
        columns = (timed.planned_ns, timed.rows.waited_ns, timed.block.outcome)
        self.single_misses += [
            Miss(planned_s=planned / 1e9, waited_s=waited / 1e9, outcome=outcome)
            for planned, waited, outcome in zip(*(each[missed].tolist() for each in columns), strict=True)
        ]
