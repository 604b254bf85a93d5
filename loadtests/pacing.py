"""The pacer: hands each arrival to an idle user (lane) at its moment; keeps those that find no user idle."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import gevent
import numpy as np
import numpy.typing as npt
from gevent.event import AsyncResult, Event

from loadtests.clock import RunClock

_CHUNK = 4096  # offsets turned into Python integers at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """An arrival whose moment has come.

    `sendable_ns` is when it could have been sent as far as the gateway is concerned: its planned moment when a user
    was idle then, else the moment a user came free. Starting later than that is the generator's own lag.
    """

    place: int
    planned_ns: int
    sendable_ns: int


class Pacer:
    """One greenlet that follows the schedule; users call `take`.

    Idle users wait on a stack, so that the ones used last, with the warmest connections, are used next.
    """

    def __init__(self, offset_ns: npt.NDArray[np.int64]) -> None:
        self._offset_ns = offset_ns
        self._clock = RunClock.starting_in(0)  # users may be waiting before the run has its own
        self._idle: list[AsyncResult[Due | None]] = []
        self._backlog: deque[tuple[int, int]] = deque()
        self._closing = Event()
        self.due = 0  # arrivals whose moment has come
        self.pool_waits = 0
        self.idle_min: int | None = None

    @property
    def idle(self) -> int:
        """Users that wait for work."""
        return len(self._idle)

    @property
    def backlog(self) -> int:
        """Arrivals that wait for a user."""
        return len(self._backlog)

    def follow(self, clock: RunClock) -> None:
        """Hand out arrivals at their moments on this clock until the schedule ends; returns early when closed."""
        self._clock = clock
        for first in range(0, len(self._offset_ns), _CHUNK):
            moments = (self._offset_ns[first : first + _CHUNK] + clock.t0_ns).tolist()
            for place, planned_ns in enumerate(moments, first):
                wait_ns = planned_ns - self._clock.now_ns()
                if wait_ns > 0:
                    self._closing.wait(wait_ns / 1e9)
                elif place % 64 == 0:
                    gevent.sleep(0)  # behind schedule: let replies in between
                if self.closed:
                    return
                self._hand_out(place, planned_ns)

    def _hand_out(self, place: int, planned_ns: int) -> None:
        self.due = place + 1
        if self._idle:
            self._idle.pop().set(Due(place=place, planned_ns=planned_ns, sendable_ns=planned_ns))
        else:
            self._backlog.append((place, planned_ns))
            self.pool_waits += 1
        idle = len(self._idle)
        if self.idle_min is None or idle < self.idle_min:
            self.idle_min = idle

    def take(self) -> Due | None:
        """The next arrival for the calling user, waiting for it; None once the pacer is closed."""
        if self.closed:
            return None
        if self._backlog:
            place, planned_ns = self._backlog.popleft()
            return Due(place=place, planned_ns=planned_ns, sendable_ns=max(planned_ns, self._clock.now_ns()))
        slot: AsyncResult[Due | None] = AsyncResult()
        self._idle.append(slot)
        try:
            due: Due | None = slot.get()
            return due
        finally:
            if slot in self._idle:
                self._idle.remove(slot)

    def close(self) -> None:
        """No arrival is handed out from now on; waiting users are told."""
        self._closing.set()
        while self._idle:
            self._idle.pop().set(None)

    @property
    def closed(self) -> bool:
        """Whether handing out has ended for good."""
        return bool(self._closing.is_set())

    def left_over(self) -> set[int]:
        """Places of the arrivals that came due, found no idle user and were never taken."""
        return {place for place, _ in self._backlog}
