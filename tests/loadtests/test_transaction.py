"""Identifiers: no two requests of a run share one, and no two runs either."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.run_plan import new_nonce
from loadtests.transaction import WIRE_OF_KIND, identify
from scenarios.journeys import STEPS
from scenarios.observation import STEPS_PER_ROOT

NONCES = st.text(st.sampled_from("0123456789abcdefghijklmnopqrstuvwxyz"), min_size=6, max_size=6)


@pytest.mark.parametrize("nonce", ["000000", "k3x9ab", "zzzzzz"])
def test_identifiers_are_unique_over_arrivals_steps_and_attempts(nonce: str) -> None:
    places = list(product(range(0, 100_000, 7), range(4), range(3)))
    made = [identify(nonce, root * STEPS_PER_ROOT + step, attempt) for root, step, attempt in places]
    assert len({identifiers.reference for identifiers in made}) == len(places)
    assert len({identifiers.control_number for identifiers in made}) == len(places)


@given(st.lists(NONCES, min_size=2, max_size=2, unique=True), st.integers(0, 2**40))
def test_two_runs_with_one_seed_use_different_references(nonces: list[str], root: int) -> None:
    one, other = (identify(nonce, root * STEPS_PER_ROOT, 0) for nonce in nonces)
    assert one.reference != other.reference


def test_control_numbers_of_two_runs_start_at_different_places() -> None:
    starts = {identify(new_nonce(), 0, 0).control_number for _ in range(200)}
    assert len(starts) > 190


@given(NONCES, st.integers(0, 10**9), st.integers(0, 15), st.integers(0, 9))
def test_identifiers_fit_their_fields(nonce: str, root: int, step: int, attempt: int) -> None:
    made = identify(nonce, root * STEPS_PER_ROOT + step, attempt)
    assert len(made.reference) <= 30
    assert made.reference.startswith(nonce)
    assert made.reference.isascii()
    assert 1 <= made.control_number <= 999_999_999


def test_identifiers_are_computed_not_drawn() -> None:
    assert identify("k3x9ab", 5 * 256 + 2, 1) == identify("k3x9ab", 5 * 256 + 2, 1)
    assert identify("k3x9ab", 5 * 256 + 2, 1).reference == "k3x9ab-5-2-1"


def test_a_nonce_is_six_letters_and_not_the_last_one() -> None:
    nonces = {new_nonce() for _ in range(100)}
    assert len(nonces) == 100
    assert all(len(nonce) == 6 and int(nonce, 36) >= 0 and nonce == nonce.lower() for nonce in nonces)


def test_every_step_of_a_journey_has_a_wire() -> None:
    assert {kind for steps in STEPS.values() for kind in steps} <= set(WIRE_OF_KIND)
