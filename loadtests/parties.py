"""Who and how much of the arrivals that come next, made in chunks ahead of time.

A chunk costs a tenth of what its members would cost one by one. An arrival outside the present chunk (a follow-up of
an earlier root) is made on its own and comes out the same.
"""

from __future__ import annotations

from typing import NamedTuple

from loadtests.people import Charge, Person, Population
from loadtests.schedule import Arrivals
from scenarios.journeys import STEPS, Journey
from scenarios.kinds import KIND_CLASS, PAYMENT, Kind

_CHUNK = 2048  # about 2 ms of work


class Party(NamedTuple):
    """One root arrival's kind, person and, for a payment, charge."""

    root: int
    kind: Kind
    person: Person
    charge: Charge | None


class Parties:
    """The parties of one process's arrivals, by place."""

    def __init__(self, arrivals: Arrivals, population: Population) -> None:
        self._arrivals = arrivals
        self._population = population
        self._first = self._before = 0
        self._chunk: list[Party] = []

    def at(self, place: int) -> Party:
        """The party of the root at this place of the plan."""
        if self._first <= place < self._before:
            return self._chunk[place - self._first]
        if place == self._before:
            self._go_on(place)
            return self._chunk[0]
        return self._made(place, place + 1)[0]

    def _go_on(self, place: int) -> None:
        self._first, self._before = place, min(place + _CHUNK, len(self._arrivals))
        self._chunk = self._made(self._first, self._before)

    def _made(self, first: int, before: int) -> list[Party]:
        roots = self._arrivals.root[first:before]
        kinds = [_FIRST_KIND[journey] for journey in self._arrivals.journey[first:before].tolist()]
        charges = (
            self._population.charges(roots) if any(map(_PAYS.__getitem__, kinds)) else [None] * len(kinds)
        )
        return [
            Party(root, kind, person, charge if _PAYS[kind] else None)
            for root, kind, person, charge in zip(
                roots.tolist(), kinds, self._population.people(roots), charges, strict=True
            )
        ]


_FIRST_KIND = {int(journey): STEPS[journey][0] for journey in Journey}
_PAYS = {kind: KIND_CLASS[kind] == PAYMENT for kind in Kind}
