"""Transactions: everything that one attempt at an arrival asks, from (seed, arrival) in constant time."""

from __future__ import annotations

from loadtests.people import Population
from loadtests.transaction import Earlier, Transaction, identify
from scenarios.kinds import PAYMENT, AnyKind, CustomKind, Kind, class_of
from scenarios.observation import STEPS_PER_ROOT
from scenarios.scenario import Scenario
from scenarios.target import Target


class Transactions:
    """Makes the transactions of one run."""

    def __init__(
        self, scenario: Scenario, target: Target, *, seed: int, nonce: str, expiration_year: int
    ) -> None:
        self._target = target
        self._nonce = nonce
        self._population = Population(scenario, seed, expiration_year=expiration_year)

    def make(
        self,
        kind: AnyKind,
        arrival: int,
        *,
        attempt: int = 0,
        earlier: Earlier | None = None,
        payer_place: int = 0,
        amount_class: int = 0,
    ) -> Transaction:
        """What an attempt asks. All steps of a root are about the same person, charge and claim; payer and class of
        amount are those that a trace gave the root, if it did."""
        root, people = arrival // STEPS_PER_ROOT, self._population
        has_claim = kind == Kind.CLAIM_STATUS or isinstance(kind, CustomKind)
        return Transaction(
            arrival=arrival,
            attempt=attempt,
            kind=kind,
            wire=self._target.wire_of(kind),
            person=people.person(root, payer_place),
            charge=people.charge(root, amount_class) if class_of(kind) == PAYMENT else None,
            identifiers=identify(self._nonce, arrival, attempt),
            earlier=earlier,
            claim=people.claim(root) if has_claim else None,
            check=(self._target.echeck or people.check_account(root)) if kind == Kind.ECHECK_SALE else None,
        )
