"""How a worker's clock lies to the master's: measured by exchanges, so that no host's wall clock need be right.

The worker notes its monotonic clock, asks, gets the master's wall clock, and notes its monotonic clock again:

    worker   sent ------------------------- received        (monotonic, ns)
    master              master                              (wall, ns)

The master read its clock somewhere in between, most likely halfway, and wrong by at most half the round trip
(Cristian 1989). Of many exchanges the one with the shortest round trip says it best.
"""

from __future__ import annotations

from dataclasses import dataclass

from loadtests.clock import RunClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One question and its answer; nanoseconds."""

    sent_ns: int  # worker, monotonic
    master_ns: int  # master, since the epoch
    received_ns: int  # worker, monotonic

    @property
    def round_trip_ns(self) -> int:
        return self.received_ns - self.sent_ns

    @property
    def master_less_monotonic_ns(self) -> int:
        """What to add to the worker's monotonic clock to have the master's time."""
        return self.master_ns - (self.sent_ns + self.received_ns) // 2


class ClockOffset:
    """The best exchange so far, and what follows from it. Before the first exchange nothing is known."""

    def __init__(self) -> None:
        self._best: Exchange | None = None
        self.exchanges = 0

    def add(self, exchange: Exchange) -> None:
        """Take an exchange into account."""
        self.exchanges += 1
        if self._best is None or exchange.round_trip_ns <= self._best.round_trip_ns:
            self._best = exchange

    def run_clock(self, t0_ns: int) -> RunClock:
        """The run's clock on this worker, where `t0_ns` is the start in the master's time."""
        return RunClock(t0_ns=t0_ns, monotonic_at_t0_ns=t0_ns - self._known.master_less_monotonic_ns)

    def wall_offset_ns(self, wall_ns: int, monotonic_ns: int) -> int:
        """How far the worker's wall clock is ahead of the master's; both readings are of one moment."""
        return wall_ns - (monotonic_ns + self._known.master_less_monotonic_ns)

    def ahead_of_ns(self, earlier: ClockOffset) -> int:
        """How far the two clocks have moved apart since an earlier measurement."""
        return self._known.master_less_monotonic_ns - earlier._known.master_less_monotonic_ns

    @property
    def round_trip_ns(self) -> int:
        """Of the best exchange; twice the largest possible error."""
        return self._known.round_trip_ns

    @property
    def _known(self) -> Exchange:
        if self._best is None:
            raise ValueError("no exchange with the master yet")
        return self._best
