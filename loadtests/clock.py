"""The run's clock: t0 is read once from the wall clock; from then on the monotonic clock counts."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from time import monotonic_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class RunClock:
    """Nanoseconds since the epoch that never jump."""

    t0_ns: int
    monotonic_at_t0_ns: int
    _ahead_ns: int = field(init=False, repr=False, compare=False)  # looked at three times a transaction

    def __post_init__(self) -> None:
        object.__setattr__(self, "_ahead_ns", self.t0_ns - self.monotonic_at_t0_ns)

    @classmethod
    def starting_in(cls, lead_s: float) -> RunClock:
        """A clock whose t0 lies `lead_s` ahead."""
        lead_ns = round(lead_s * 1e9)
        return cls(t0_ns=time.time_ns() + lead_ns, monotonic_at_t0_ns=monotonic_ns() + lead_ns)

    def now_ns(self) -> int:
        """The present moment on this clock."""
        return monotonic_ns() + self._ahead_ns
