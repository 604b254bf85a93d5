"""What an attempt is followed by: the journey's next step, the same once more, or nothing.

A pure function of the seed, the root and its journey, the attempt and its outcome. So whoever has an attempt's row
knows what had to follow it and when: the process that sends, and whoever draws up the accounts after its death. It
comes in two forms that agree: for one attempt, and for rows by the thousand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from loadtests.random_bits import U64, Stream, bits, bits_of_one, stream_key
from scenarios.follow_ups import Again
from scenarios.journeys import MOST_STEPS, Journey
from scenarios.kinds import FIRST_CUSTOM_KIND, PAYMENT, AnyKind, Kind, class_of
from scenarios.observation import STEPS_PER_ROOT, Outcome, Rows
from scenarios.scenario import Scenario

_JOURNEYS = 256
_ATTEMPTS = 4
_COMPLETED, _TIMEOUT, _PAYER_UNAVAILABLE = Outcome.COMPLETED, Outcome.TIMEOUT, Outcome.PAYER_UNAVAILABLE
_TRIED_AGAIN = frozenset({Outcome.ERROR, Outcome.TIMEOUT, Outcome.CONNECTION, Outcome.PAYER_UNAVAILABLE})
_IS_TRIED_AGAIN = np.zeros(256, dtype=bool)
_IS_TRIED_AGAIN[[int(each) for each in _TRIED_AGAIN]] = True
_WHOLE = 1 << 32  # shares are compared with the upper half of 64 bits

Ints = npt.NDArray[np.int64]


class Next(NamedTuple):
    """What follows an attempt, so long after its end."""

    arrival: int
    attempt: int
    kind: AnyKind
    wait_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Successors:
    """What follows each of some attempts. Equal shapes (n,); `kind` is 0 where nothing does."""

    arrival: U64
    attempt: npt.NDArray[np.uint8]
    kind: npt.NDArray[np.uint8]
    due_ns: Ints  # on the clock of the rows


class _Waits:
    """A table of waits from which one is drawn: the least, and how many nanoseconds there are to choose from."""

    def __init__(self, size: int) -> None:
        self.least_ns = [0] * size
        self.choices = [1] * size

    def put(self, place: int, least_s: float, most_s: float) -> None:
        self.least_ns[place] = round(least_s * 1e9)
        self.choices[place] = round(most_s * 1e9) - self.least_ns[place] + 1

    def one(self, place: int, draw: int) -> int:
        return self.least_ns[place] + draw % self.choices[place]

    def many(self, places: Ints, draws: U64) -> Ints:
        least_ns, choices = self._arrays
        waits: Ints = least_ns[places] + (draws % choices[places]).astype(np.int64)
        return waits

    @cached_property
    def _arrays(self) -> tuple[Ints, U64]:
        return np.array(self.least_ns, dtype=np.int64), np.array(self.choices, dtype=np.uint64)


class Succession:
    """The rules of one scenario and seed."""

    def __init__(self, scenario: Scenario, seed: int, first_kinds: Mapping[int, AnyKind]) -> None:
        """`first_kinds`: of each journey's first step."""
        self._keys = {stream: stream_key(seed, stream) for stream in Stream}
        self._void = int(scenario.follow_ups.void_share * _WHOLE)
        self._most = scenario.retries.most
        places = _JOURNEYS * MOST_STEPS  # journey * MOST_STEPS + step
        self._kinds: list[Kind | None] = [None] * places  # of the next step,
        self._others: list[Kind | None] = [None] * places  # and where the share decides against that one
        self._thinks = _Waits(places)
        self._again = _Waits(2 * places)  # the gateway's own stand behind all others
        self._shares = [0] * (2 * places)
        self._by_gateway = places
        for journey, _ in scenario.journey_weights:
            self._lay_course(scenario, journey)
            self._lay_retries(scenario, journey, first_kinds[journey])
        self._share_array = np.array(self._shares, dtype=np.uint64)
        self._kind_arrays = [
            np.array([kind or 0 for kind in kinds], dtype=np.uint8) for kinds in (self._kinds, self._others)
        ]

    def _lay_course(self, scenario: Scenario, journey: int) -> None:
        for step, follow_up in enumerate(scenario.follow_ups.course(journey)):
            place, think = journey * MOST_STEPS + step, scenario.think.of(follow_up.think)
            self._kinds[place], self._others[place] = follow_up.kinds[0], follow_up.kinds[-1]
            self._thinks.put(place, think.least, think.most)

    def _lay_retries(self, scenario: Scenario, journey: int, first: AnyKind) -> None:
        retries = scenario.retries
        by_system = journey < FIRST_CUSTOM_KIND and Journey(journey).by_system
        kinds = [first, *(follow_up.kinds[0] for follow_up in scenario.follow_ups.course(journey))]
        for step, kind in enumerate(kinds):
            if retries.payments or class_of(kind) != PAYMENT:
                place = journey * MOST_STEPS + step
                self._put_again(place, retries.system if by_system else retries.human)
                self._put_again(self._by_gateway + place, retries.gateway)

    def _put_again(self, place: int, who: Again | None) -> None:
        if who is not None:
            self._shares[place] = int(who.share * _WHOLE)
            self._again.put(place, who.least, who.most)

    def after(self, journey: int, arrival: int, attempt: int, kind: AnyKind, outcome: Outcome) -> Next | None:
        """What follows an attempt at an arrival of a root with this journey."""
        root, step = divmod(arrival, STEPS_PER_ROOT)
        place = journey * MOST_STEPS + step
        if outcome is _COMPLETED:
            return self._next_step(root, arrival + 1, place)
        if attempt >= self._most or outcome not in _TRIED_AGAIN:
            return None
        if (
            not attempt
            and outcome in (_TIMEOUT, _PAYER_UNAVAILABLE)
            and self._shares[self._by_gateway + place]
        ):
            place += self._by_gateway
        address = arrival * _ATTEMPTS + attempt + 1
        if bits_of_one(self._keys[Stream.TRIES_AGAIN], address) >> 32 >= self._shares[place]:
            return None
        wait_ns = self._again.one(place, bits_of_one(self._keys[Stream.RETRY_WAIT], address))
        return Next(arrival, attempt + 1, kind, wait_ns)

    def _next_step(self, root: int, arrival: int, place: int) -> Next | None:
        kind = self._kinds[place]
        if kind is None:
            return None
        if bits_of_one(self._keys[Stream.VOID_OR_REFUND], root) >> 32 >= self._void:
            kind = self._others[place] or kind
        wait_ns = self._thinks.one(place, bits_of_one(self._keys[Stream.THINK], arrival))
        return Next(arrival, 0, kind, wait_ns)

    def follow(self, rows: Rows, journey: npt.NDArray[np.uint8]) -> Successors:
        """What follows the attempts of some rows, whose roots have these journeys; only what `after` names."""
        arrival, attempt, outcome = rows["arrival"], rows["attempt"], rows["outcome"]
        place = journey.astype(np.int64) * MOST_STEPS + (arrival % STEPS_PER_ROOT).astype(np.int64)
        steps = self.next_kinds(arrival, place)
        leads_on = (outcome == _COMPLETED) & (steps > 0)
        by_gateway = (attempt == 0) & np.isin(outcome, (_TIMEOUT, _PAYER_UNAVAILABLE))
        shares = self._share_array
        rule = place + np.where(by_gateway & (shares[place + self._by_gateway] > 0), self._by_gateway, 0)
        address = arrival * np.uint64(_ATTEMPTS) + attempt + np.uint64(1)
        draws = bits(self._keys[Stream.TRIES_AGAIN], address) >> np.uint64(32)
        again = _IS_TRIED_AGAIN[outcome] & (attempt < self._most) & (draws < shares[rule])
        waits = np.where(
            leads_on,
            self.think_ns(arrival, place),
            self._again.many(rule, bits(self._keys[Stream.RETRY_WAIT], address)),
        )
        return Successors(
            arrival=np.where(leads_on, arrival + np.uint64(1), arrival),
            attempt=np.where(leads_on, 0, attempt + 1).astype(np.uint8),
            kind=np.where(leads_on, steps, np.where(again, rows["kind"], 0)).astype(np.uint8),
            due_ns=rows["ended_ns"] + waits,
        )

    def next_kinds(self, arrival: U64, place: Ints) -> npt.NDArray[np.uint8]:
        """The kind of the step after each arrival's, if its answer leads on; 0 where there is none."""
        first, other = (kinds[place] for kinds in self._kind_arrays)
        draws = bits(self._keys[Stream.VOID_OR_REFUND], arrival // np.uint64(STEPS_PER_ROOT))
        chosen: npt.NDArray[np.uint8] = np.where(draws >> np.uint64(32) < self._void, first, other)
        return chosen

    def think_ns(self, arrival: U64, place: Ints) -> Ints:
        """How long it is thought after each arrival's answer."""
        return self._thinks.many(place, bits(self._keys[Stream.THINK], arrival + np.uint64(1)))
