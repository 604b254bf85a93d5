"""People and their money: synthetic, the same for a seed, and in the declared proportions."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.people import Population, npi
from tests.loadtests.builders import scenario

MANY = range(20_000)


def population(seed: int = 7, **changes: object) -> Population:
    return Population(scenario(**changes), seed, expiration_year=2029)


def luhn_is_sound(number: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def test_a_seed_brings_forth_the_same_people_and_charges_in_any_order() -> None:
    one, other = population(), population()
    roots = [0, 1, 77, 10**9]
    people = [one.person(root) for root in roots]
    charges = [one.charge(root) for root in roots]
    assert [other.charge(root) for root in reversed(roots)] == charges[::-1]
    assert [other.person(root) for root in reversed(roots)] == people[::-1]
    assert [population(8).person(root) for root in roots] != people


def test_people_of_a_seed_never_change() -> None:
    person, charge = population(20261121).person(0), population(20261121).charge(0)
    assert (person.last_name, person.member_id, person.payer_id, charge.amount_cents) == (
        "GINKGO",
        "W734309666",
        "PAYER20",
        14500,
    )


def test_everybody_is_visibly_synthetic_and_fits_the_messages() -> None:
    made = population()
    for root in range(3000):
        person = made.person(root)
        assert person.member_id[0] == "W"
        assert len(person.member_id) == 10
        assert person.member_id[1:].isdigit()
        assert 1936 <= datetime.strptime(person.birth_date, "%Y%m%d").year <= 2010
        assert person.gender in "FM"
        assert person.first_name.isupper()
        assert person.last_name.isupper()
        assert len(person.provider_npi) == 10
        assert luhn_is_sound("80840" + person.provider_npi)


def test_people_of_one_seed_are_told_apart_by_their_member_numbers() -> None:
    made = population()
    members = Counter(made.person(root).member_id for root in MANY)
    assert len(members) > len(MANY) * 0.999  # a birthday or two among 10**9 numbers
    assert len({made.person(root).provider_npi for root in MANY}) == 300


def test_payers_come_in_their_shares_and_are_named_by_place() -> None:
    made = population(people={"payers": [{"id": "ACME", "share": 3}, {"id": "BETA", "share": 1}]})
    found = Counter((person.payer_place, person.payer_id) for person in map(made.person, MANY))
    assert set(found) == {(1, "ACME"), (2, "BETA")}
    assert found[1, "ACME"] / len(MANY) == pytest.approx(0.75, abs=0.02)


def test_the_largest_default_payer_carries_a_fifth_and_every_payer_occurs() -> None:
    made = population()
    found = Counter(made.person(root).payer_place for root in MANY)
    assert set(found) == set(range(1, 26))
    assert found[1] / len(MANY) == pytest.approx(0.20, abs=0.015)
    assert sum(found[place] for place in range(1, 6)) / len(MANY) == pytest.approx(0.60, abs=0.02)


@pytest.mark.parametrize(
    ("declined", "partial"),
    [
        pytest.param(0.05, 0.01, id="as-shipped"),
        pytest.param(0.3, 0.2, id="many"),
        pytest.param(0.0, 0.0, id="none"),
        pytest.param(1.0, 0.0, id="all-declined"),
        pytest.param(0.0, 1.0, id="all-in-part"),
    ],
)
def test_amounts_bring_about_declines_and_partial_approvals_at_the_declared_rates(
    declined: float, partial: float
) -> None:
    made = population(money={"declined_share": declined, "partial_share": partial})
    endings = Counter(made.charge(root).amount_cents % 100 for root in MANY)
    assert set(endings) <= {0, 5, 10}
    assert endings[5] / len(MANY) == pytest.approx(declined, abs=0.015 if 0 < declined < 1 else 0)
    assert endings[10] / len(MANY) == pytest.approx(partial, abs=0.015 if 0 < partial < 1 else 0)


def test_amounts_are_from_10_to_249_dollars() -> None:
    made = population()
    dollars = {made.charge(root).amount_cents // 100 for root in MANY}
    assert (min(dollars), max(dollars)) == (10, 249)


def test_cards_are_documented_test_numbers_with_sound_check_digits() -> None:
    made = population()
    cards = {made.charge(root).card for root in range(1000)}
    assert {card.number for card in cards} == {
        "4111111111111111",
        "5500000000000004",
        "340000000000009",
        "6011000000000004",
    }
    assert all(luhn_is_sound(card.number) for card in cards)
    assert {card.expiration for card in cards} == {"12/29"}
    assert all(len(card.verification) == (4 if card.number.startswith("34") else 3) for card in cards)


def test_a_card_of_the_next_century_still_expires_in_two_digits() -> None:
    made = Population(scenario(), 1, expiration_year=2103)
    assert made.charge(0).card.expiration == "12/03"


def test_the_published_example_of_a_provider_identifier_has_its_check_digit() -> None:
    assert npi(23_456_789) == "1234567893"


@given(st.integers(0, 99_999_999))
def test_every_provider_identifier_passes_the_check(place: int) -> None:
    assert len(npi(place)) == 10
    assert luhn_is_sound("80840" + npi(place))
