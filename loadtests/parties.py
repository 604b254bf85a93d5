"""The first transaction of each root arrival with its call, made ahead of time in chunks.

In one go they cost a third of what they would cost one by one between two requests. A chunk reaches no further ahead
than a second, so that the dates in its requests are right. A root outside the present chunk is made on its own.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from loadtests.run_plan import RunPlan
from loadtests.transaction import Call, Transaction
from loadtests.transactions import Transactions
from loadtests.upcoming import Step
from scenarios.journeys import Journey
from scenarios.kinds import AnyKind, Kind

_MOST_AHEAD = 256  # half a millisecond of work: who waits behind it does not wait long
_FURTHEST_AHEAD_NS = 1_000_000_000


# What is asked, and the request that asks it; None for a user's own kind, whose call is built when it is sent.
Party = tuple[Transaction, Call | None]


class Parties:
    """Who asks for what and how much, by place in one process's plan."""

    def __init__(
        self, plan: RunPlan, transactions: Transactions, build: Callable[[Transaction], Call]
    ) -> None:
        self._plan = plan
        self._transactions = transactions
        self._build = build
        self._first_kinds: dict[int, AnyKind] = {}
        self._first = self._before = 0
        self._chunk: list[Party] = []

    def at(self, place: int) -> Party:
        """The first transaction of the root at this place of the plan."""
        if self._first <= place < self._before:
            return self._chunk[place - self._first]
        if place != self._before:
            return self._with_calls(self.transactions(place, place + 1))[0]
        offsets = self._plan.arrivals.offset_ns[place : place + _MOST_AHEAD]
        near = int(np.searchsorted(offsets, offsets[0] + _FURTHEST_AHEAD_NS, side="right"))
        chunk = self._with_calls(self.transactions(place, place + near))
        self._first, self._before, self._chunk = place, place + near, chunk
        return chunk[0]

    def transactions(self, first: int, before: int) -> list[Transaction]:
        """The first transactions of the roots at these places."""
        arrivals = self._plan.arrivals
        return self._transactions.make_first(
            [self._first_kind(journey) for journey in arrivals.journey[first:before].tolist()],
            arrivals.root[first:before],
            arrivals.payer[first:before],
            arrivals.amount_class[first:before],
        )

    def later(self, step: Step) -> Transaction:
        """A follow-up or a retry: the root's own person and claim, and its amount unless it is a copay's."""
        arrivals = self._plan.arrivals
        amount_class = int(arrivals.amount_class[step.place])
        is_copay = step.kind == Kind.CARD_SALE and arrivals.journey[step.place] == Journey.CHECK_IN
        if is_copay and not amount_class:
            amount_class = self._plan.scenario.follow_ups.copay_class
        return self._transactions.make(
            step.kind,
            step.arrival,
            attempt=step.attempt,
            earlier=step.earlier,
            payer_place=int(arrivals.payer[step.place]),
            amount_class=amount_class,
        )

    def _first_kind(self, journey: int) -> AnyKind:
        if journey not in self._first_kinds:
            self._first_kinds[journey] = self._plan.steps(journey)[0]
        return self._first_kinds[journey]

    def _with_calls(self, transactions: list[Transaction]) -> list[Party]:
        build = self._build
        return [(each, build(each) if each.kind.__class__ is Kind else None) for each in transactions]
