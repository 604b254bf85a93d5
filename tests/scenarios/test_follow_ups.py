"""Think times, repeats and retries as declared: defaults where a key is left out, and sense where it is not."""

from __future__ import annotations

from typing import Any

import pytest

from scenarios.errors import DeclarationError
from scenarios.follow_ups import FollowUps, Retries, Think
from scenarios.journeys import FIRST_KINDS, FOLLOW_UPS, MOST_STEPS, STEPS, Journey
from scenarios.kinds import Kind
from scenarios.loading import load_scenario, shipped_names
from scenarios.scenario import Scenario
from tests.loadtests.builders import phase, scenario


def settings(*pairs: str) -> Scenario:
    return load_scenario("smoke", settings=["journeys.check_in=1", *pairs])


def test_every_journey_begins_with_something_and_fits_into_an_arrivals_number() -> None:
    assert set(FIRST_KINDS) == set(Journey)
    assert all(STEPS[journey][0] is first for journey, first in FIRST_KINDS.items())
    longest = FollowUps(claim_polls=MOST_STEPS, instalments=MOST_STEPS - 1)
    assert all(len(longest.course(journey)) < MOST_STEPS for journey in Journey)
    assert all(hasattr(Think(), each.think) for course in FOLLOW_UPS.values() for each in course)


def test_a_custom_journey_has_no_course() -> None:
    assert FollowUps().course(100) == ()


def test_half_a_range_keeps_the_default_of_the_other_half() -> None:
    declared = settings("think.copay.from=0s", "think.receipt.to=2s").think
    assert (declared.copay.least, declared.copay.most) == (0.0, 180.0)
    assert (declared.receipt.least, declared.receipt.most) == (1.0, 2.0)
    assert declared.instalment == Think().instalment


def test_an_empty_table_declares_retries_with_what_is_usual() -> None:
    retries = settings("retries.human.share=0.5", "retries.system={}").retries
    assert retries.human is not None
    assert (retries.human.share, retries.human.least, retries.human.most) == (0.5, 20.0, 60.0)
    assert retries.system is not None
    assert (retries.system.share, retries.system.least, retries.system.most) == (1.0, 90.0, 90.0)
    assert retries.gateway is None
    assert set(retries.declared) == {"human", "system"}


def test_nothing_is_tried_again_unless_that_is_declared() -> None:
    assert Retries().declared == {}
    assert not scenario(phase()).may_follow
    assert scenario(phase(), retries={"human": {}}).may_follow
    assert scenario(phase(), journeys={"check_in": 1}).may_follow
    single = scenario(phase(), journeys={"claim_follow_up": 1}, follow_ups={"claim_polls": 1})
    assert not single.may_follow


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        pytest.param(
            "think.copay.from=5m", "think.copay: `to` must not be below `from` (got 5m to 3m)", id="order"
        ),
        pytest.param("think.copay.from=30", "think.copay.from: a duration needs its unit", id="unit"),
        pytest.param("think.copy.to=3s", "think.copy: unknown key; did you mean copay?", id="name"),
        pytest.param("think.copay=3s", "think.copay: ", id="no range"),
        pytest.param("think.copay.to=48h", "think.copay.to: ", id="too long"),
        pytest.param("follow_ups.claim_polls=0", "follow_ups.claim_polls: ", id="no poll"),
        pytest.param("follow_ups.claim_polls=17", "follow_ups.claim_polls: ", id="too many polls"),
        pytest.param("follow_ups.void_share=1.5", "follow_ups.void_share: ", id="share"),
        pytest.param("follow_ups.copay_amount=tiny", "follow_ups.copay_amount: ", id="amount"),
        pytest.param("retries.most=9", "retries.most: ", id="too many retries"),
        pytest.param("retries.humans={}", "retries.humans: unknown key; did you mean human?", id="who"),
        pytest.param("retries.human.share=2", "retries.human.share: ", id="retry share"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place(setting: str, problem: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        settings(setting)
    assert problem in str(refused.value)


def test_a_scenario_says_what_follows_and_who_tries_again() -> None:
    said = "\n".join(
        settings("journeys.claim_follow_up=1", "retries.human={}", "retries.payments=true").describe()
    )
    assert (
        "check_in: eligibility_inquiry, then card_sale after 30s to 3m, then receipt_lookup after 1s to 5s"
        in said
    )
    assert "claim_follow_up: claim_status, then 2 times claim_status after 2m to 5m" in said
    assert "at most 2 an arrival (payments too): human in 70% of cases after 20s to 1m" in said


@pytest.mark.parametrize("name", shipped_names("traffic"))
def test_no_shipped_scenario_sends_a_payment_twice(name: str) -> None:
    assert not load_scenario(name).retries.payments


def test_what_is_declared_survives_json() -> None:
    content: dict[str, Any] = settings("think.copay.from=0s", "retries.human={}").model_dump(
        mode="json", by_alias=True
    )
    assert content["think"]["copay"] == {"from": "0s", "to": "3m"}
    assert content["retries"]["human"] == {"from": "20s", "to": "1m", "share": 0.7}
    assert Scenario.model_validate(content).retries.human is not None


def test_the_journeys_of_a_front_desk_have_the_steps_one_would_expect() -> None:
    assert STEPS[Journey.CHECK_IN] == (Kind.ELIGIBILITY_INQUIRY, Kind.CARD_SALE, Kind.RECEIPT_LOOKUP)
    assert STEPS[Journey.BILL_PAY] == (Kind.TOKEN_SAVE, Kind.TOKEN_SALE)
