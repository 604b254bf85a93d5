"""The first transaction of each root arrival with its call, made ahead of time in chunks.

In one go they cost a third of what they would cost one by one between two requests. A chunk reaches no further ahead
than a second, so that the dates in its requests are right. A root outside the present chunk is made on its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from loadtests.people import Population
from loadtests.schedule import Arrivals
from loadtests.transaction import WIRE_OF_KIND, Call, Transaction, identify_roots
from scenarios.journeys import STEPS, Journey
from scenarios.kinds import KIND_CLASS, PAYMENT, Kind, Wire
from scenarios.observation import STEPS_PER_ROOT

_MOST_AHEAD = 512  # some 3 ms of work, once in so many arrivals
_FURTHEST_AHEAD_NS = 1_000_000_000


def _first(journey: Journey) -> tuple[Kind, Wire, bool]:
    kind = STEPS[journey][0]
    return kind, WIRE_OF_KIND[kind], KIND_CLASS[kind] == PAYMENT


_FIRST = {int(journey): _first(journey) for journey in Journey}


class Party(NamedTuple):
    """What is asked, and the request that asks it."""

    transaction: Transaction
    call: Call


class Parties:
    """Who asks for what and how much, by place in one process's plan."""

    def __init__(
        self, arrivals: Arrivals, population: Population, nonce: str, build: Callable[[Transaction], Call]
    ) -> None:
        self._arrivals = arrivals
        self._population = population
        self._nonce = nonce
        self._build = build
        self._first = self._before = 0
        self._chunk: list[Party] = []

    def at(self, place: int) -> Party:
        """The first transaction of the root at this place of the plan."""
        if self._first <= place < self._before:
            return self._chunk[place - self._first]
        if place != self._before:
            return self._with_calls(self.transactions(place, place + 1))[0]
        offsets = self._arrivals.offset_ns[place : place + _MOST_AHEAD]
        near = int(np.searchsorted(offsets, offsets[0] + _FURTHEST_AHEAD_NS, side="right"))
        self._first, self._before = place, place + near
        self._chunk = self._with_calls(self.transactions(self._first, self._before))
        return self._chunk[0]

    def transactions(self, first: int, before: int) -> list[Transaction]:
        """The first transactions of the roots at these places."""
        roots = self._arrivals.root[first:before]
        firsts = [_FIRST[journey] for journey in self._arrivals.journey[first:before].tolist()]
        people = self._population.people(roots)
        charges = self._population.charges(roots)
        identifiers = identify_roots(self._nonce, roots)
        return [
            Transaction(root * STEPS_PER_ROOT, 0, kind, wire, person, charge if pays else None, identity)
            for root, (kind, wire, pays), person, charge, identity in zip(
                roots.tolist(), firsts, people, charges, identifiers, strict=True
            )
        ]

    def _with_calls(self, transactions: list[Transaction]) -> list[Party]:
        build = self._build
        # Party's own __new__ would cost three times this
        return [tuple.__new__(Party, (transaction, build(transaction))) for transaction in transactions]
