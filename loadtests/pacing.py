"""The pacer: hands each arrival to an idle user (lane) at its moment; keeps those that find no user idle.

The schedule is the queue: arrivals before `due` have come, those before `_next` have been taken, and what lies
between them waits for a user. Beside it stands what answers bring (`Upcoming`): follow-ups and retries, each taken in
its turn by planned moment. Handing out happens in the hub, a few at a time, after everything that has arrived was
read: a generator that is too slow then falls behind with sending, which is its own lag, and not with reading, which
would pass for the gateway's.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from gevent import get_hub, getcurrent
from gevent.event import Event

from loadtests.alarm import alarm
from loadtests.clock import RunClock
from loadtests.upcoming import Step, Upcoming

_CHUNK = 4096  # offsets turned into Python integers at a time
_AT_ONCE = 32  # handed out before what has arrived meanwhile is read


class Due(msgspec.Struct, gc=False):
    """An arrival whose moment has come.

    `sendable_ns` is when it could have been sent as far as the gateway is concerned: its planned moment when a user
    was idle then, else the moment a user came free. Starting later than that is the generator's own lag. `step` is
    None for the first attempt at a root.
    """

    place: int
    planned_ns: int
    sendable_ns: int
    step: Step | None = None


class _Moments:
    """Planned moments by place, for one reader that goes forward."""

    __slots__ = ("_before", "_chunk", "_first", "_offset_ns", "_t0_ns")

    def __init__(self, offset_ns: npt.NDArray[np.int64], t0_ns: int) -> None:
        self._offset_ns = offset_ns
        self._t0_ns = t0_ns
        self._first = self._before = 0
        self._chunk: list[int] = []

    def at(self, place: int) -> int:
        if place >= self._before:
            self._first = place
            self._chunk = (self._offset_ns[place : place + _CHUNK] + self._t0_ns).tolist()
            self._before = place + len(self._chunk)
        return self._chunk[place - self._first]


class Pacer:
    """Follows the schedule; users call `take`.

    Idle users wait on a stack, so that the ones used last, with the warmest connections, are used next.
    """

    def __init__(self, offset_ns: npt.NDArray[np.int64], *, length_ns: int | None = None) -> None:
        """`length_ns`: how long to wait for what answers bring; None where they bring nothing."""
        self._offset_ns = offset_ns
        self._length_ns = length_ns
        self._later = Upcoming() if length_ns is not None else None
        self._rings_ns = 0  # when the alarm rings next; 0 while it does or soon will
        self._clock = RunClock.starting_in(0)  # users may be waiting before the run has its own
        self._coming = self._waiting = _Moments(offset_ns, 0)
        self._hub = get_hub()
        self._idle: list[Any] = []  # greenlets
        self._next = 0  # the first arrival that nobody has taken
        self._over = Event()
        self._alarm = alarm(self._ring)
        self._closed = self._following = False
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
        return self.due - self._next + (len(self._later.waiting) if self._later is not None else 0)

    @property
    def steps_due(self) -> int:
        """Follow-ups and retries whose moment has come."""
        return self._later.due if self._later is not None else 0

    @property
    def closed(self) -> bool:
        """Whether handing out has ended for good."""
        return self._closed

    def follow(self, clock: RunClock) -> None:
        """Hand out arrivals at their moments on this clock until the schedule ends, or the planned length where
        answers bring more; returns early when closed."""
        self._clock = clock
        self._coming = _Moments(self._offset_ns, clock.t0_ns)
        self._waiting = _Moments(self._offset_ns, clock.t0_ns)
        if not self._closed:
            self._following = True
            self._alarm.ring_in(0)
            self._over.wait()
        self._alarm.close()

    def take(self) -> Due | None:
        """The next arrival for the calling user, waiting for it; None once the pacer is closed."""
        if self._closed:
            return None
        place = self._next
        if self._later is not None and (step_due := self._take_step(self._later, place)) is not None:
            return step_due
        if place < self.due or self._comes_due(place):
            self._next = place + 1
            planned_ns, now_ns = self._waiting.at(place), self._clock.now_ns()
            return Due(place, planned_ns, now_ns if now_ns > planned_ns else planned_ns)
        user = getcurrent()
        self._idle.append(user)
        try:
            due: Due | None = self._hub.switch()
        except BaseException:
            if user in self._idle:
                self._idle.remove(user)
            raise
        return due

    def expect(self, due_ns: int, step: Step) -> None:
        """Hand this out at its moment, unless the run is over by then."""
        if self._later is None or self._length_ns is None or self._closed:
            return
        if due_ns < self._clock.t0_ns + self._length_ns:
            self._later.add(due_ns, step)
            if due_ns < self._rings_ns:
                self._ring_at(due_ns)

    def _take_step(self, later: Upcoming, place: int) -> Due | None:
        """The follow-up or retry whose turn it is; None where none has come due, or a root comes before it."""
        noticed = bool(later.waiting)
        due_ns, now_ns = later.waiting[0][0] if noticed else later.next_ns, self._clock.now_ns()
        if due_ns > now_ns or not self._following or (self._idle and not noticed):
            return None
        if place < len(self._offset_ns) and self._waiting.at(place) <= due_ns:
            return None
        if noticed:
            due_ns, step = later.waiting.popleft()
        else:
            due_ns, step = later.pop()
            self.pool_waits += 1
            self.idle_min = 0
        return Due(step.place, due_ns, now_ns, step)

    def _comes_due(self, place: int) -> bool:
        """Whether the next arrival's moment has come, unnoticed so far, while no user was idle."""
        if self._idle or not self._following or place == len(self._offset_ns):
            return False
        if self._waiting.at(place) > self._clock.now_ns():
            return False
        self.due = place + 1
        self.pool_waits += 1
        self.idle_min = 0
        return True

    def close(self) -> None:
        """No arrival is handed out from now on; waiting users are told."""
        self._closed = True
        self._over.set()
        self._alarm.close()
        while self._idle:
            self._hub.loop.run_callback(self._idle.pop().switch, None)

    def left_over(self) -> set[int]:
        """Places of the arrivals that came due, found no idle user and were never taken."""
        return set(range(self._next, self.due))

    def steps_left_over(self, before_ns: int) -> list[tuple[int, Step, bool]]:
        """What answers brought, was due before this moment and was never taken (`Upcoming.left_over`)."""
        return self._later.left_over(before_ns) if self._later is not None else []

    def _ring(self) -> None:
        """In the hub: hand out what is due, at most so many, and say when to go on."""
        now_ns, later = self._clock.now_ns(), self._later
        self._rings_ns = 0
        if not self._idle:
            self._let_wait(now_ns)
        for _ in range(_AT_ONCE):
            place = self.due
            if later is not None and later.next_ns <= now_ns and self._is_before_root(later.next_ns, place):
                due_ns, step = later.pop()
                self._hand_out(step.place, due_ns, step)
            elif place == len(self._offset_ns):
                self._wait_for_end(now_ns)
                return
            else:
                planned_ns = self._coming.at(place)
                if planned_ns > now_ns:
                    self._ring_at(planned_ns if later is None else min(planned_ns, later.next_ns))
                    return
                self.due = place + 1
                self._hand_out(place, planned_ns, None)
            if self._closed:  # by the user that was just given something to do
                return
        self._alarm.ring_again()

    def _let_wait(self, now_ns: int) -> None:
        """While no user is idle, every root that comes due waits."""
        due = int(np.searchsorted(self._offset_ns, now_ns - self._clock.t0_ns, side="right"))
        if due > self.due:
            self.pool_waits += due - self.due
            self.idle_min = 0
            self.due = due

    def _is_before_root(self, moment_ns: int, place: int) -> bool:
        return place == len(self._offset_ns) or moment_ns < self._coming.at(place)

    def _wait_for_end(self, now_ns: int) -> None:
        """No root is left: over, unless answers may still bring something."""
        if self._later is not None and self._length_ns is not None:
            end_ns = self._clock.t0_ns + self._length_ns
            if now_ns < end_ns:
                self._ring_at(min(self._later.next_ns, end_ns))
                return
        self._alarm.close()
        self._over.set()

    def _ring_at(self, moment_ns: int) -> None:
        self._rings_ns = moment_ns
        self._alarm.ring_in(moment_ns - self._clock.now_ns())

    def _hand_out(self, place: int, planned_ns: int, step: Step | None) -> None:
        """To an idle user; else it waits."""
        user = None
        if self._idle:  # then nothing waits: this is the next one
            user = self._idle.pop()
            if step is None:
                self._next = place + 1
        else:
            self.pool_waits += 1
            if step is not None and self._later is not None:
                self._later.waiting.append((planned_ns, step))
        idle = len(self._idle)
        if self.idle_min is None or idle < self.idle_min:
            self.idle_min = idle
        if user is not None:
            user.switch(Due(place, planned_ns, planned_ns, step))
