"""Running counts of one process: what the live line shows while the rows go to disk."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from scenarios.kinds import AnyKind, CustomKind, Kind, class_of
from scenarios.observation import ANSWERS, Outcome, Rows

REFUSALS_IN_A_ROW = 20
_REFUSED = frozenset({401, 403})
_BEFORE_ALL_NS = -1
_LATE_NS = 50_000_000
_CODES = 256  # of kinds and of outcomes: each is a byte of a row
_IS_ANSWER = np.isin(np.arange(_CODES), sorted(ANSWERS))

Counts = npt.NDArray[np.int64]


def _no_counts() -> Counts:
    return np.zeros(_CODES, dtype=np.int64)


@dataclass(slots=True)
class Tally:
    """Counts since the start; shares leave the warm-up out.

    What has ended is counted by the batch, from its rows: one by one that costs ten times as much.
    """

    limit_ns: int
    measured_from_ns: int
    custom_kinds: tuple[CustomKind, ...] = ()
    started: int = 0
    late: int = 0
    own_lag_ms: array[float] = field(default_factory=lambda: array("f"))
    refusals: Counter[int] = field(default_factory=Counter)  # in a row, by wire
    open: dict[int, tuple[AnyKind, int]] = field(default_factory=dict)  # arrival -> kind, planned_ns
    not_authorised: bool = False  # one wire's credentials were refused twenty times in a row
    _judged: Counts = field(default_factory=_no_counts)  # by kind
    _within: Counts = field(default_factory=_no_counts)  # by kind
    _by_outcome: Counts = field(default_factory=_no_counts)

    @property
    def in_flight(self) -> int:
        """Sent and not yet ended."""
        return len(self.open)

    @property
    def judged(self) -> Counter[str]:
        """Ended attempts that count, by class."""
        return self._by_class(self._judged)

    @property
    def within(self) -> Counter[str]:
        """Those of them that were answered within the limit."""
        return self._by_class(self._within)

    @property
    def outcomes(self) -> Counter[str]:
        """Ended attempts by the name of their outcome."""
        return Counter({each.text: int(self._by_outcome[each]) for each in Outcome if self._by_outcome[each]})

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
        """This attempt that has started is a retry: it is not overdue, however long it takes."""
        self.open[arrival] = (self.open[arrival][0], _BEFORE_ALL_NS)

    def end(self, arrival: int, wire: int, status: int) -> None:
        """An attempt has ended, with this HTTP status; `add` is given its row later."""
        del self.open[arrival]
        if status in _REFUSED:
            self.refusals[wire] += 1
            self.not_authorised = self.not_authorised or self.refusals[wire] >= REFUSALS_IN_A_ROW
        elif self.refusals:
            self.refusals.pop(wire, None)

    def add(self, rows: Rows) -> None:
        """Count what has ended. Retries are no transactions of their own, and what was cut off in flight or never
        sent is judged elsewhere."""
        outcome, kind = rows["outcome"], rows["kind"]
        self._by_outcome += np.bincount(outcome[outcome != Outcome.NOT_STARTED], minlength=_CODES)
        counts = rows["planned_ns"] >= self.measured_from_ns
        counts &= (rows["attempt"] == 0) & (outcome != Outcome.IN_FLIGHT) & (outcome != Outcome.NOT_STARTED)
        self._judged += np.bincount(kind[counts], minlength=_CODES)
        counts &= _IS_ANSWER[outcome] & (rows["ended_ns"] - rows["planned_ns"] <= self.limit_ns)
        self._within += np.bincount(kind[counts], minlength=_CODES)

    def _by_class(self, by_kind: Counts) -> Counter[str]:
        counts: Counter[str] = Counter()
        kinds: Iterable[AnyKind] = (*Kind, *self.custom_kinds)
        for kind in kinds:
            if by_kind[kind]:
                counts[class_of(kind)] += int(by_kind[kind])
        return counts
