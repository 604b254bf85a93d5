"""Transactions: everything that one attempt at an arrival asks, from (seed, arrival) in constant time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat

import numpy as np
import numpy.typing as npt

from loadtests.claims import Claim
from loadtests.people import Charge, Population
from loadtests.random_bits import U64
from loadtests.transaction import Earlier, Transaction, identify, identify_roots
from scenarios.kinds import PAYMENT, AnyKind, CustomKind, Kind, class_of
from scenarios.observation import STEPS_PER_ROOT
from scenarios.scenario import Scenario
from scenarios.target import CheckAccount, Target


class Transactions:
    """Makes the transactions of one run."""

    def __init__(
        self, scenario: Scenario, target: Target, *, seed: int, nonce: str, expiration_year: int
    ) -> None:
        self._target = target
        self._nonce = nonce
        self._with_more = {Kind.CLAIM_STATUS, Kind.ECHECK_SALE, *target.custom_kinds}
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
        amount are those that a trace gave the root, if it did. A payment keeps its reference when it is sent again,
        or the gateway could not see that it is the same one."""
        root, people = arrival // STEPS_PER_ROOT, self._population
        pays = class_of(kind) == PAYMENT
        return Transaction(
            arrival=arrival,
            attempt=attempt,
            kind=kind,
            wire=self._target.wire_of(kind),
            person=people.person(root, payer_place),
            charge=people.charge(root, amount_class) if pays else None,
            identifiers=identify(self._nonce, arrival, 0 if pays else attempt),
            earlier=earlier,
            claim=self._claim(kind, root),
            check=self._check(kind, root),
        )

    def make_first(
        self,
        kinds: Sequence[AnyKind],
        roots: U64,
        payer_places: npt.NDArray[np.uint16],
        amount_classes: npt.NDArray[np.uint8],
    ) -> list[Transaction]:
        """What `make` gives for the first attempt at the first step of each root, a third of the time each."""
        wires = {kind: self._target.wire_of(kind) for kind in set(kinds)}
        made = list(
            map(
                Transaction,
                (roots * np.uint64(STEPS_PER_ROOT)).tolist(),
                repeat(0),
                kinds,
                [wires[kind] for kind in kinds],
                self._population.people(roots, payer_places),
                self._charges(kinds, roots, amount_classes),
                identify_roots(self._nonce, roots),
            )
        )
        for transaction in made:
            if transaction.kind in self._with_more:
                root = transaction.arrival // STEPS_PER_ROOT
                transaction.claim = self._claim(transaction.kind, root)
                transaction.check = self._check(transaction.kind, root)
        return made

    def _charges(
        self, kinds: Sequence[AnyKind], roots: U64, amount_classes: npt.NDArray[np.uint8]
    ) -> list[Charge | None]:
        pays = {kind: class_of(kind) == PAYMENT for kind in set(kinds)}
        if not any(pays.values()):
            return [None] * len(kinds)
        charges = self._population.charges(roots, amount_classes)
        if all(pays.values()):
            return [*charges]
        return [charge if pays[kind] else None for kind, charge in zip(kinds, charges, strict=True)]

    def _claim(self, kind: AnyKind, root: int) -> Claim | None:
        has_claim = kind == Kind.CLAIM_STATUS or isinstance(kind, CustomKind)
        return self._population.claim(root) if has_claim else None

    def _check(self, kind: AnyKind, root: int) -> CheckAccount | None:
        if kind != Kind.ECHECK_SALE:
            return None
        return self._target.echeck or self._population.check_account(root)
