"""What was asked of the gateway over time: arrivals planned and started, and transactions in flight."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from analysis.reports.page.time_axis import TimeAxis
from analysis.reports.page.timed_block import TimedBlock
from scenarios.observation import NEVER


class TrafficCounts:
    """Counts by recording and bin: (R, B)."""

    def __init__(self, recordings: int, axis: TimeAxis) -> None:
        shape = (recordings, axis.count)
        self.axis = axis
        self.planned, self.started = (np.zeros(shape, dtype=np.int64) for _ in range(2))  # originals
        self._change, self._partly = np.zeros(shape), np.zeros(shape)  # of every attempt

    def add(self, timed: TimedBlock, first_ns: int) -> None:
        """Count the rows of a block of the recording that begins at `first_ns`."""
        place, block, count, width = timed.recording, timed.block, self.axis.count, self.axis.width_ns
        originals = block.originals
        self.planned[place] += np.bincount(timed.bins[timed.on_axis & originals], minlength=count)
        started, ended = block.started_ns - first_ns, block.ended_ns - first_ns
        begin = started // width
        sent = timed.sent & (started >= 0) & (begin < count)
        self.started[place] += np.bincount(begin[sent & originals], minlength=count)
        over = sent & (block.ended_ns != NEVER) & (ended >= started) & (ended < count * width)
        for stamps, sign in ((started[sent], 1.0), (ended[over], -1.0)):
            at = stamps // width
            self._change[place] += sign * np.bincount(at, minlength=count)
            share_of_bin = 1.0 - (stamps - at * width) / width
            self._partly[place] += sign * np.bincount(at, weights=share_of_bin, minlength=count)

    @property
    def in_flight(self) -> npt.NDArray[np.float64]:
        """Transactions on their way, averaged over each bin.

        Those that are on their way when a bin begins, and each that starts or ends in it by the part that is left.
        """
        before = np.cumsum(self._change, axis=1) - self._change
        return np.maximum(0.0, before + self._partly)
