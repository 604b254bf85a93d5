"""How well this process keeps up: the lateness of its timers and the processor share of the last seconds."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

_EVERY_S = 0.1
_KEPT = 300
_SATURATED_SHARE = 0.85


class SelfWatch:
    """Samples of the last half minute. Until `run` is started everything reads as zero."""

    def __init__(self) -> None:
        self._lags_s: deque[float] = deque(maxlen=_KEPT)
        # (moment, processor seconds) at each sample.
        self._spent: deque[tuple[float, float]] = deque(maxlen=_KEPT // 10)

    async def run(self, each_time: Callable[[], None]) -> None:
        """Sample for ever, calling `each_time` as well."""
        while True:
            due_s = time.monotonic() + _EVERY_S
            await asyncio.sleep(_EVERY_S)
            self.note(time.monotonic() - due_s, time.monotonic(), time.process_time())
            each_time()

    def note(self, lag_s: float, moment_s: float, spent_s: float) -> None:
        self._lags_s.append(max(0.0, lag_s))
        self._spent.append((moment_s, spent_s))

    def cpu_share_recent(self) -> float:
        """Processor seconds per second over the last three seconds."""
        if len(self._spent) < 2:
            return 0.0
        (first_s, first_spent_s), (last_s, last_spent_s) = self._spent[0], self._spent[-1]
        return (last_spent_s - first_spent_s) / (last_s - first_s)

    def read(self) -> dict[str, object]:
        lags_s = sorted(self._lags_s) or [0.0]
        share = self.cpu_share_recent()
        return {
            "cpu_share_recent": round(share, 4),
            "is_saturated": share > _SATURATED_SHARE,
            "timer_lag_ms_p99": round(lags_s[int(0.99 * (len(lags_s) - 1))] * 1000, 3),
            "timer_lag_ms_max": round(lags_s[-1] * 1000, 3),
        }
