"""What an attempt asks, from (seed, arrival): the same in any order, with what its kind needs and nothing else."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from loadtests.people import Population
from loadtests.schedule import plan_arrivals
from loadtests.transaction import Earlier
from loadtests.transactions import Transactions
from scenarios.errors import DeclarationError
from scenarios.kinds import PAYMENT, CustomKind, Kind, Wire, class_of
from scenarios.loading import load_scenario
from scenarios.target import CheckAccount
from tests.loadtests.builders import NONCE, scenario, target
from tests.scenarios.declared import SCENARIO, written

MANY = range(4000)
OWN = CustomKind(100, "text_to_pay", PAYMENT)


def transactions(**target_changes: object) -> Transactions:
    return Transactions(scenario(), target(**target_changes), seed=7, nonce=NONCE, expiration_year=2029)


def population(seed: int = 7, **people: object) -> Population:
    return Population(scenario(people=people), seed, expiration_year=2029)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_dependents_come_in_their_declared_share(share: float) -> None:
    made = population(dependents_share=share)
    found = sum(made.person(root).dependent is not None for root in MANY)
    assert found / len(MANY) == pytest.approx(share, abs=0.03 if 0 < share < 1 else 0)


def test_a_quarter_of_patients_are_dependents_unless_told_otherwise() -> None:
    made = population()
    assert sum(made.person(root).dependent is not None for root in MANY) / len(MANY) == pytest.approx(
        0.25, abs=0.03
    )


def test_dependents_are_children_and_spouses_with_sound_birth_dates() -> None:
    made = population(dependents_share=1.0)
    patients = [patient for root in MANY if (patient := made.person(root).dependent)]
    years = {"19": range(2004, 2025), "01": range(1964, 1985)}
    assert {patient.relationship for patient in patients} == set(years)
    for patient in patients:
        assert datetime.strptime(patient.birth_date, "%Y%m%d").year in years[patient.relationship]
        assert patient.gender in "FM"
    shares = Counter(patient.relationship for patient in patients)
    assert shares["19"] / len(patients) == pytest.approx(11 / 16, abs=0.03)


def test_a_share_of_dependents_changes_nobody_else() -> None:
    with_them, without = population(dependents_share=1.0), population(dependents_share=0.0)
    for root in range(200):
        one, other = with_them.person(root), without.person(root)
        assert (one.member_id, one.payer_id, one.provider_npi) == (
            other.member_id,
            other.payer_id,
            other.provider_npi,
        )


def test_a_claim_is_the_same_for_every_poll_and_another_for_another_root() -> None:
    made = transactions()
    polls = [made.make(Kind.CLAIM_STATUS, 5 * 256 + step).claim for step in range(4)]
    assert polls[0] is not None
    assert len(set(polls)) == 1
    claims = [made.make(Kind.CLAIM_STATUS, root * 256).claim for root in range(500)]
    assert len(set(claims)) == 500
    assert all(claim and 5_000 <= claim.charge_cents < 255_000 for claim in claims)
    assert all(claim and 7 <= claim.days_ago <= 126 for claim in claims)


def test_each_kind_gets_what_it_needs_and_nothing_else() -> None:
    made = transactions()
    for kind in Kind:
        one = made.make(kind, 5 * 256 + 2, attempt=1)
        assert (one.charge is not None) == (class_of(kind) == PAYMENT)
        assert (one.claim is not None) == (kind is Kind.CLAIM_STATUS)
        assert (one.check is not None) == (kind is Kind.ECHECK_SALE)
        # a payment that is sent again keeps its reference, so that the gateway can see that it is the same one
        reference = "k3x9ab-5-2-0" if class_of(kind) == PAYMENT else "k3x9ab-5-2-1"
        assert (one.arrival, one.attempt, one.identifiers.reference) == (1282, 1, reference)
    own = made.make(OWN, 0)
    assert (own.wire, own.kind.text, class_of(own.kind)) == (Wire.CUSTOM, "text_to_pay", "payment")
    assert own.charge
    assert own.claim


def test_everything_is_computed_and_nothing_drawn() -> None:
    one, other = transactions(), transactions()
    made = [one.make(kind, root * 256) for root in range(50) for kind in Kind]
    again = [other.make(kind, root * 256) for root in reversed(range(50)) for kind in reversed(Kind)]
    assert made == again[::-1]


def test_what_came_before_is_carried_along() -> None:
    earlier = Earlier(transaction_id="T", token="K", amount_cents=5)
    assert transactions().make(Kind.REFUND, 0, earlier=earlier).earlier == earlier


def test_a_declared_account_stands_in_for_the_made_up_one() -> None:
    account = CheckAccount(routing_number="111000025", account_number="42")
    assert transactions(echeck=account).make(Kind.ECHECK_SALE, 0).check == account
    made_up = transactions().make(Kind.ECHECK_SALE, 0).check
    assert made_up
    assert made_up.routing_number == "021000021"
    assert transactions().make(Kind.ECHECK_SALE, 256).check != made_up


MEMBERS = """member_id,first_name,last_name,birth_date,gender,payer_id
A1,Jane,Doe,1980-01-31,F,TEST1
A2,John,O'Neil-Smith,19751224,M,TEST2
A3,Kim,Doe,2001-02-28,U,TEST1
"""


def test_members_of_a_sandbox_stand_in_for_synthetic_people(tmp_path: Path) -> None:
    written(tmp_path, MEMBERS, "members.csv")
    declared = load_scenario(written(tmp_path, SCENARIO + '[people]\nmembers = "members.csv"\n'))
    made = Population(declared, 7, expiration_year=2029)
    people = [made.person(root) for root in range(3000)]
    assert [made.person(root) for root in range(3000)] == people
    found = Counter(person.member_id for person in people)
    assert set(found) == {"A1", "A2", "A3"}
    assert min(found.values()) > 900
    for person in people:
        place, payer = {"A1": (1, "TEST1"), "A2": (2, "TEST2"), "A3": (1, "TEST1")}[person.member_id]
        assert (person.payer_place, person.payer_id) == (place, payer)
        assert person.dependent is None
    second = next(person for person in people if person.member_id == "A2")
    assert (second.last_name, second.birth_date, second.gender) == ("O'Neil-Smith", "19751224", "M")


def test_members_that_changed_since_the_plan_are_refused(tmp_path: Path) -> None:
    written(tmp_path, MEMBERS, "members.csv")
    declared = load_scenario(written(tmp_path, SCENARIO + '[people]\nmembers = "members.csv"\n'))
    written(tmp_path, MEMBERS.replace("Jane", "Janet"), "members.csv")
    with pytest.raises(DeclarationError, match="its contents have changed"):
        Population(declared, 7, expiration_year=2029)


def test_a_traces_payer_gets_one_of_its_own_members(tmp_path: Path) -> None:
    written(tmp_path, MEMBERS, "members.csv")
    declared = load_scenario(written(tmp_path, SCENARIO + '[people]\nmembers = "members.csv"\n'))
    made = Population(declared, 7, expiration_year=2029)
    assert {made.person(root, 2).member_id for root in range(200)} == {"A2"}
    assert {made.person(root, 1).member_id for root in range(200)} == {"A1", "A3"}


def test_a_trace_replays_members_and_finds_its_payers_among_theirs(tmp_path: Path) -> None:
    written(tmp_path, MEMBERS, "members.csv")
    written(
        tmp_path,
        "timestamp,kind,payer\n1760000000,card_sale,TEST2\n1760000001,eligibility_inquiry,TEST1\n",
        "log.csv",
    )
    text = (
        'name = "replay"\npurpose = "A log."\nassurance = "smoke"\n'
        '[[phases]]\nshape = "trace"\nfile = "log.csv"\n[people]\nmembers = "members.csv"\n'
    )
    arrivals = plan_arrivals(load_scenario(written(tmp_path, text)), 7)
    assert arrivals.payer.tolist() == [2, 1]
