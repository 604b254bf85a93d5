"""Time-outs without a timer for each request: one sweep over the open connections, twenty times a second."""

from __future__ import annotations

import time
from typing import Any, Protocol

from gevent import get_hub

SWEEP_EVERY_S = 0.05


class Expiring(Protocol):
    """What waits until a deadline."""

    deadline_s: float  # on the monotonic clock; infinite while nothing is waited for

    def expire(self) -> None:
        """The deadline has passed."""


class Deadlines:
    """Every open connection of a process; one that waits too long is told, at most one sweep late."""

    def __init__(self) -> None:
        self._open: set[Expiring] = set()
        self._timer: Any = None

    def watch(self, waiting: Expiring) -> None:
        """Look after this one until `forget`."""
        self._open.add(waiting)
        if self._timer is None:
            self._timer = get_hub().loop.timer(SWEEP_EVERY_S, SWEEP_EVERY_S, ref=False)
            self._timer.start(self._sweep)

    def forget(self, waiting: Expiring) -> None:
        """It is closed."""
        self._open.discard(waiting)
        if not self._open and self._timer is not None:
            self._timer.stop()
            self._timer.close()
            self._timer = None

    def _sweep(self) -> None:
        now_s = time.monotonic()
        for late in [each for each in self._open if each.deadline_s < now_s]:
            if late.deadline_s < now_s:  # telling one may have changed another
                late.expire()
