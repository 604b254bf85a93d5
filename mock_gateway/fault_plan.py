"""When each fault fires: the plan that a profile begins with, and that may change while it runs."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from mock_gateway.faults import NO_EFFECT, Effect, Fault, FaultKind

_DELAYS = frozenset({FaultKind.LATENCY, FaultKind.STALL})
# How often a request that is held looks again, should the plan not have told it.
_LOOK_AGAIN_S = 60.0


@dataclass(slots=True, kw_only=True)
class PlannedFault:
    """A fault in force: its number, its own random stream, and how often it fired.

    Its times count from `origin_s` on the timeline: 0 for the faults of the profile, the moment of adding
    for those that came later.
    """

    number: int
    fault: Fault
    random: Random
    origin_s: float = 0.0
    fired: int = 0

    @property
    def is_used_up(self) -> bool:
        return self.fault.count is not None and self.fired >= self.fault.count

    def is_active(self, elapsed_s: float) -> bool:
        return not self.is_used_up and self.fault.is_active(elapsed_s - self.origin_s)

    def remaining_s(self, elapsed_s: float) -> float:
        """Seconds until its window ends; infinite without one."""
        if self.fault.lasts is None:
            return math.inf
        return self.origin_s + self.fault.at + self.fault.lasts - elapsed_s


class FaultPlan:
    """The faults in force, in order, each with its own random stream and count."""

    def __init__(self, faults: Iterable[Fault], seed: int) -> None:
        self._seed = seed
        self._next = 0
        self._planned: list[PlannedFault] = []
        self._changed: asyncio.Event | None = None
        self.fired: Counter[str] = Counter()
        for fault in faults:
            self.add(fault)

    def __iter__(self) -> Iterator[PlannedFault]:
        return iter(self._planned)

    def add(self, fault: Fault, *, elapsed_s: float = 0.0) -> PlannedFault:
        """Put a fault in force; its times count from `elapsed_s` on the timeline."""
        random = Random(f"{self._seed}/fault/{self._next}")
        planned = PlannedFault(number=self._next, fault=fault, random=random, origin_s=elapsed_s)
        self._next += 1
        self._planned.append(planned)
        self.fired[fault.kind.value] += 0
        return planned

    def remove(self, number: int | None = None) -> int:
        """Take one fault, or all of them, out of force; gives how many there were."""
        kept = [planned for planned in self._planned if number is not None and planned.number != number]
        removed = len(self._planned) - len(kept)
        self._planned = kept
        if self._changed is not None:
            self._changed.set()
        return removed

    def crash_times(self) -> list[float]:
        """Seconds on the timeline at which the process is to die."""
        return [
            planned.origin_s + planned.fault.at
            for planned in self._planned
            if planned.fault.kind is FaultKind.CRASH
        ]

    def choose(
        self,
        route: str,
        elapsed_s: float,
        *,
        payer: str | None = None,
        impossible: AbstractSet[FaultKind] = frozenset(),
    ) -> Effect:
        """What befalls this request: every delay adds up; of the rest the first declared one wins.

        `impossible` names kinds that this request cannot show (a declined sale has no amount to change);
        they neither fire nor count.
        """
        if not self._planned:
            return NO_EFFECT
        added_s = 0.0
        delayed_by: FaultKind | None = None
        chosen: Fault | None = None
        for planned in self._planned:
            fault = planned.fault
            if not fault.concerns(route, payer) or fault.holds or fault.kind is FaultKind.MAINTENANCE:
                continue
            # Drawn whether or not the fault is active: the k-th request's fate must not hang on timing.
            hit = fault.share >= 1.0 or planned.random.random() < fault.share
            if not hit or not planned.is_active(elapsed_s):
                continue
            if fault.kind in _DELAYS:
                added_s += fault.add or 0.0
                delayed_by = fault.kind
            elif chosen is None and fault.kind not in impossible:
                chosen = fault
            else:
                continue
            self._count(planned)
        return Effect(added_s=added_s, delayed_by=delayed_by, fault=chosen)

    def find_maintenance(self, route: str, elapsed_s: float) -> float | None:
        """Seconds until the maintenance window that this route is in ends, None outside of one."""
        for planned in self._planned:
            fault = planned.fault
            if (
                fault.kind is FaultKind.MAINTENANCE
                and fault.concerns(route, None)
                and planned.is_active(elapsed_s)
            ):
                self._count(planned)
                return planned.remaining_s(elapsed_s)
        return None

    def find_hold(self, route: str, payer: str, elapsed_s: float) -> PlannedFault | None:
        """The stall that holds this request now."""
        for planned in self._planned:
            fault = planned.fault
            if fault.holds and fault.concerns(route, payer) and planned.is_active(elapsed_s):
                return planned
        return None

    def count_held(self, planned: PlannedFault) -> None:
        self._count(planned)

    async def wait_for_change(self, longest_s: float) -> None:
        """Until a fault is taken out of force, or so many seconds."""
        if self._changed is None or self._changed.is_set():
            self._changed = asyncio.Event()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), min(longest_s, _LOOK_AGAIN_S))

    def _count(self, planned: PlannedFault) -> None:
        planned.fired += 1
        self.fired[planned.fault.kind.value] += 1
