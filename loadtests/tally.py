"""Running counts of one process: what the live line shows while the rows go to disk."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from scenarios.kinds import AnyKind, class_of
from scenarios.observation import ANSWERS, Outcome

REFUSALS_IN_A_ROW = 20
_REFUSED = frozenset({401, 403})
_BEFORE_ALL_NS = -1
_LATE_NS = 50_000_000
_IN_FLIGHT = Outcome.IN_FLIGHT


@dataclass(slots=True)
class Tally:
    """Counts since the start; shares leave the warm-up out."""

    limit_ns: int
    measured_from_ns: int
    started: int = 0
    late: int = 0
    own_lag_ms: array[float] = field(default_factory=lambda: array("f"))
    refusals: Counter[int] = field(default_factory=Counter)  # in a row, by wire
    open: dict[int, tuple[AnyKind, int]] = field(default_factory=dict)  # arrival -> kind, planned_ns
    not_authorised: bool = False  # one wire's credentials were refused twenty times in a row
    # Counted for each transaction: a Counter would cost three times as much.
    _judged: dict[AnyKind, int] = field(default_factory=lambda: defaultdict(int))
    _within: dict[AnyKind, int] = field(default_factory=lambda: defaultdict(int))
    _by_outcome: list[int] = field(default_factory=lambda: [0] * (max(Outcome) + 1))

    @property
    def in_flight(self) -> int:
        """Sent and not yet ended."""
        return len(self.open)

    @property
    def judged(self) -> Counter[str]:
        """Ended attempts that count, by class."""
        return _by_class(self._judged)

    @property
    def within(self) -> Counter[str]:
        """Those of them that were answered within the limit."""
        return _by_class(self._within)

    @property
    def outcomes(self) -> Counter[str]:
        """Ended attempts by the name of their outcome."""
        return Counter({each.text: self._by_outcome[each] for each in Outcome if self._by_outcome[each]})

    def overdue(self, now_ns: int) -> Counter[str]:
        """Transactions in flight, by class, that are misses already, whatever comes."""
        return Counter(
            class_of(kind)
            for kind, planned_ns in self.open.values()
            if planned_ns >= self.measured_from_ns and now_ns - planned_ns > self.limit_ns
        )

    def start(self, arrival: int, kind: AnyKind, planned_ns: int, own_lag_ns: int) -> None:
        """An attempt goes out, so much later than it could have."""
        self.started += 1
        self.open[arrival] = (kind, planned_ns)
        if own_lag_ns >= _LATE_NS:
            self.late += 1
        self.own_lag_ms.append(own_lag_ns / 1e6 if own_lag_ns > 0 else 0.0)

    def set_aside(self, arrival: int) -> None:
        """This attempt that has started is a retry: it does not count as judged, however it ends."""
        self.open[arrival] = (self.open[arrival][0], _BEFORE_ALL_NS)

    def end(self, arrival: int, wire: int, outcome: Outcome, status: int, ended_ns: int) -> None:
        """An attempt has ended."""
        kind, planned_ns = self.open.pop(arrival)
        self._by_outcome[outcome] += 1
        if status in _REFUSED:
            self.refusals[wire] += 1
            self.not_authorised = self.not_authorised or self.refusals[wire] >= REFUSALS_IN_A_ROW
        elif self.refusals:
            self.refusals.pop(wire, None)
        if planned_ns >= self.measured_from_ns and outcome is not _IN_FLIGHT:
            self._judged[kind] += 1
            if outcome in ANSWERS and ended_ns - planned_ns <= self.limit_ns:
                self._within[kind] += 1


def _by_class(by_kind: dict[AnyKind, int]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for kind, count in by_kind.items():
        counts[class_of(kind)] += count
    return counts
