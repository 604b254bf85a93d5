"""Running counts of one process: what the live line shows while the rows go to disk."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field

from scenarios.kinds import AnyKind, class_of
from scenarios.observation import ANSWERS, Outcome

REFUSALS_IN_A_ROW = 20
_REFUSED = frozenset({401, 403})
_LATE_NS = 50_000_000


@dataclass(slots=True)
class Tally:
    """Counts since the start; shares leave the warm-up out."""

    limit_ns: int
    measured_from_ns: int
    started: int = 0
    late: int = 0
    own_lag_ms: array[float] = field(default_factory=lambda: array("f"))
    judged: Counter[str] = field(default_factory=Counter)
    within: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    refusals: Counter[int] = field(default_factory=Counter)
    open: dict[int, tuple[str, int]] = field(default_factory=dict)  # arrival -> class, planned_ns

    @property
    def in_flight(self) -> int:
        """Sent and not yet ended."""
        return len(self.open)

    def overdue(self, now_ns: int) -> Counter[str]:
        """Transactions in flight, by class, that are misses already, whatever comes."""
        return Counter(
            group
            for group, planned_ns in self.open.values()
            if planned_ns >= self.measured_from_ns and now_ns - planned_ns > self.limit_ns
        )

    def start(self, arrival: int, kind: AnyKind, planned_ns: int, own_lag_ns: int) -> None:
        """An attempt goes out, so much later than it could have."""
        self.started += 1
        self.open[arrival] = (class_of(kind), planned_ns)
        self.late += own_lag_ns >= _LATE_NS
        self.own_lag_ms.append(max(0, own_lag_ns) / 1e6)

    def end(self, arrival: int, wire: int, outcome: Outcome, status: int, ended_ns: int) -> None:
        """An attempt has ended."""
        group, planned_ns = self.open.pop(arrival)
        self.outcomes[outcome.text] += 1
        self.refusals[wire] = self.refusals[wire] + 1 if status in _REFUSED else 0
        if planned_ns >= self.measured_from_ns and outcome is not Outcome.IN_FLIGHT:
            self.judged[group] += 1
            self.within[group] += outcome in ANSWERS and ended_ns - planned_ns <= self.limit_ns

    @property
    def not_authorised(self) -> bool:
        """Whether one wire's credentials were refused twenty times in a row."""
        return any(count >= REFUSALS_IN_A_ROW for count in self.refusals.values())
