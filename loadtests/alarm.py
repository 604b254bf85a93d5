"""Wakes the hub at a moment. epoll counts in milliseconds; a timerfd wakes within some ten microseconds.

It rings at the lowest priority of the event loop: what has arrived from the gateway is read before the next request
goes out, so that a generator that cannot keep up shows it as its own lag and not as a slow gateway.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Callable
from typing import Any

from gevent import get_hub

_READABLE = 1
_LOWEST_PRIORITY = -2
_CLOCK_MONOTONIC, _NON_BLOCKING_CLOEXEC = 1, 0o2004000
_BILLION = 1_000_000_000
_AT_ONCE_NS = 1  # zero would disarm a timerfd


class TimerfdAlarm:
    """On Linux's timerfd, by ctypes: the `os` module has it from Python 3.13 on."""

    def __init__(self, ring: Callable[[], None]) -> None:
        """Raises OSError or AttributeError where there is no timerfd."""
        library = ctypes.CDLL(None, use_errno=True)
        self._set_time = library.timerfd_settime
        self._handle = library.timerfd_create(_CLOCK_MONOTONIC, _NON_BLOCKING_CLOEXEC)
        if self._handle < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._moment = (
            ctypes.c_long * 4
        )()  # struct itimerspec: interval and value, each seconds and nanoseconds
        self._watcher: Any = get_hub().loop.io(self._handle, _READABLE, priority=_LOWEST_PRIORITY)
        self._watcher.start(ring)

    def ring_in(self, wait_ns: int) -> None:
        """Ring after `wait_ns`, and no longer now."""
        self._moment[2], self._moment[3] = divmod(max(_AT_ONCE_NS, wait_ns), _BILLION)
        self._set_time(self._handle, 0, self._moment, None)  # which also takes back a ring not yet read

    def ring_again(self) -> None:
        """Asked while it rings: ring in the next turn of the loop too. As nobody reads it, it does so by itself."""

    def close(self) -> None:
        """Never ring again."""
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher.close()
            self._watcher = None
            os.close(self._handle)


class LoopAlarm:
    """On the event loop's own timer, where there is no timerfd: up to a millisecond late."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._timer: Any = None

    def ring_again(self) -> None:
        """Ring in the next turn of the loop too."""
        self.ring_in(0)

    def ring_in(self, wait_ns: int) -> None:
        """Ring once after `wait_ns`."""
        self.close()
        self._timer = get_hub().loop.timer(max(_AT_ONCE_NS, wait_ns) / 1e9, priority=_LOWEST_PRIORITY)
        self._timer.start(self._ring)

    def close(self) -> None:
        """Never ring again."""
        if self._timer is not None:
            self._timer.stop()
            self._timer.close()
            self._timer = None


def alarm(ring: Callable[[], None]) -> TimerfdAlarm | LoopAlarm:
    """The more exact one of this system."""
    with contextlib.suppress(OSError, AttributeError):
        return TimerfdAlarm(ring)
    return LoopAlarm(ring)
