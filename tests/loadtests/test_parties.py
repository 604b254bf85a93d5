"""What is made ahead in chunks is what would be made one by one, and reaches no further ahead than it may."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.parties import Parties
from loadtests.people import Population
from loadtests.run_plan import RunPlan
from loadtests.transaction import Call, Transaction, identify, identify_roots
from loadtests.transactions import Transactions
from scenarios.kinds import Kind
from scenarios.observation import STEPS_PER_ROOT
from tests.loadtests.builders import NONCE, phase, run_plan, scenario, target

ROOTS = st.lists(st.integers(0, 2**40), min_size=1, max_size=30)


def parties(plan: RunPlan, built: list[Transaction] | None = None) -> Parties:
    transactions = Transactions(plan.scenario, plan.target, seed=plan.seed, nonce=NONCE, expiration_year=2029)

    def build(transaction: Transaction) -> Call:
        if built is not None:
            built.append(transaction)
        return Call("http://127.0.0.1:9/", {}, str(transaction.arrival).encode())

    return Parties(plan, transactions, build)


@pytest.mark.parametrize("people", [{}, {"dependents_share": 1.0}, {"payers": [{"id": "ACME", "share": 1}]}])
@given(roots=ROOTS)
def test_people_and_charges_of_many_are_those_of_each(roots: list[int], people: dict[str, Any]) -> None:
    population = Population(scenario(people=people), 7, expiration_year=2029)
    payers = np.array([root % 2 for root in roots], dtype=np.uint16)
    classes = np.array([root % 4 for root in roots], dtype=np.uint8)
    at = np.array(roots, dtype=np.uint64)
    assert population.people(at, payers) == [
        population.person(*each) for each in zip(roots, payers.tolist(), strict=True)
    ]
    assert population.charges(at, classes) == [
        population.charge(*each) for each in zip(roots, classes.tolist(), strict=True)
    ]


@given(ROOTS)
def test_identifiers_of_many_are_those_of_each(roots: list[int]) -> None:
    made = identify_roots(NONCE, np.array(roots, dtype=np.uint64))
    assert made == [identify(NONCE, root * STEPS_PER_ROOT, 0) for root in roots]


def test_transactions_of_every_kind_are_those_made_one_by_one() -> None:
    plan = run_plan()
    made = Transactions(plan.scenario, target(), seed=7, nonce=NONCE, expiration_year=2029)
    kinds = list(Kind) * 5
    roots = np.arange(len(kinds), dtype=np.uint64)
    at_once = made.make_first(kinds, roots, np.zeros(len(kinds), np.uint16), np.zeros(len(kinds), np.uint8))
    assert at_once == [made.make(kind, root * STEPS_PER_ROOT) for root, kind in enumerate(kinds)]


def test_the_order_of_asking_changes_nothing() -> None:
    plan = run_plan(phase(400, "2s"))
    forward, anyhow = parties(plan), parties(plan)
    places = range(len(plan.arrivals))
    made = [forward.at(place) for place in places]
    assert [anyhow.at(place) for place in reversed(places)] == made[::-1]
    assert [forward.at(place) for place in places] == made
    assert all(call is not None and call.body == b"%d" % transaction.arrival for transaction, call in made)


def test_calls_are_built_no_more_than_a_second_ahead() -> None:
    built: list[Transaction] = []
    made = parties(run_plan(phase(10, "10s", "even")), built)
    made.at(0)
    assert len(built) == 11  # those planned within the second that begins with the first
    made.at(1)
    assert len(built) == 11
