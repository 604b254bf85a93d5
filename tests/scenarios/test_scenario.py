"""The scenario: what follows from it, its rules between keys, its sentences and its JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.errors import DeclarationError
from scenarios.journeys import Journey
from scenarios.loading import load_scenario, shipped_names
from scenarios.scenario import ZIPF_PAYER_SHARES, Scenario
from tests.scenarios.declared import SCENARIO, written


@pytest.fixture
def clinic(tmp_path: Path) -> Scenario:
    return load_scenario(written(tmp_path, SCENARIO))


def refused(folder: Path, text: str) -> str:
    path = written(folder, text)
    with pytest.raises(DeclarationError) as caught:
        load_scenario(path)
    return str(caught.value).removeprefix(f"{path}: ")


def test_length_peak_and_expected_arrivals_follow_from_the_phases(clinic: Scenario) -> None:
    assert clinic.length_s == 90.0
    assert clinic.peak_per_s == 40.0
    assert [phase.expected_arrivals for phase in clinic.phases] == [1200.0, 600.0]


def test_journeys_come_in_the_order_of_their_numbers_whatever_the_order_of_the_file(tmp_path: Path) -> None:
    swapped = SCENARIO.replace(
        "eligibility_only = 3\ncard_sale_only = 1", "card_sale_only = 1\neligibility_only = 3"
    )
    assert load_scenario(written(tmp_path, swapped)).journey_weights == (
        (Journey.ELIGIBILITY_ONLY, 3.0),
        (Journey.CARD_SALE_ONLY, 1.0),
    )


def test_a_scenario_says_what_it_sends_in_sentences(clinic: Scenario) -> None:
    assert clinic.describe() == [
        "clinic: A front desk.",
        "30s at 40 arrivals/s, at random (Poisson)",
        "1m at 10 arrivals/s, evenly spaced",
        "Journeys: 75% eligibility_only, 25% card_sale_only (card_sale, eligibility_inquiry).",
        "The first 5s are warm-up and are not judged.",
    ]


@pytest.mark.parametrize("warm_up", ["1m30s", "2m"])
def test_a_warm_up_that_leaves_nothing_to_judge_is_refused(tmp_path: Path, warm_up: str) -> None:
    said = refused(tmp_path, SCENARIO.replace('"5s"', f'"{warm_up}"'))
    assert said == (
        f"warm_up: must be shorter than the phases together (1m30s), or nothing is judged (got {warm_up})"
    )


def test_a_warm_up_just_shorter_than_the_phases_is_accepted(tmp_path: Path) -> None:
    text = SCENARIO.replace('"5s"', '"89s"')
    assert load_scenario(written(tmp_path, text)).warm_up == 89.0


@pytest.mark.parametrize(
    ("money", "total"),
    [
        pytest.param("declined_share = 0.995", "1.005", id="with-the-default-of-the-other"),
        pytest.param("declined_share = 0.6\npartial_share = 0.5", "1.1", id="both"),
    ],
)
def test_shares_of_money_that_exceed_the_whole_are_refused(tmp_path: Path, money: str, total: str) -> None:
    said = refused(tmp_path, f"{SCENARIO}[money]\n{money}\n")
    assert said == f"money: declined_share and partial_share together must be 1 or less (got {total})"


def test_shares_of_money_in_quotes_do_not_slip_past_the_check(tmp_path: Path) -> None:
    assert "money" in refused(tmp_path, SCENARIO + '[money]\ndeclined_share = "0.6"\npartial_share = "0.5"\n')


def test_shares_of_money_may_be_the_whole(tmp_path: Path) -> None:
    text = SCENARIO + "[money]\ndeclined_share = 0.75\npartial_share = 0.25\n"
    assert load_scenario(written(tmp_path, text)).money.partial_share == 0.25


def test_scaling_multiplies_rates_and_lengths_and_leaves_the_warm_up(clinic: Scenario) -> None:
    scaled = clinic.scaled(rate=2, time=0.5)
    assert [phase.rate_per_s for phase in scaled.phases] == [80.0, 20.0]
    assert [phase.duration for phase in scaled.phases] == [15.0, 30.0]
    assert [phase.arrivals for phase in scaled.phases] == ["poisson", "even"]
    assert scaled.warm_up == clinic.warm_up
    assert clinic.length_s == 90.0


def test_payers_by_default_are_25_of_which_five_carry_60_percent(clinic: Scenario) -> None:
    payers = clinic.people.payer_shares
    assert [payer.share for payer in payers] == list(ZIPF_PAYER_SHARES)
    assert sum(ZIPF_PAYER_SHARES) == pytest.approx(1)
    assert sum(ZIPF_PAYER_SHARES[:5]) == pytest.approx(0.6)
    assert (payers[0].id, payers[24].id) == ("PAYER01", "PAYER25")


@pytest.mark.parametrize("name", shipped_names("traffic"))
def test_a_shipped_scenario_survives_its_json(name: str) -> None:
    scenario = load_scenario(name)
    assert Scenario.model_validate(json.loads(json.dumps(scenario.model_dump(mode="json")))) == scenario


def test_listed_payers_survive_json(tmp_path: Path) -> None:
    text = SCENARIO + '[people]\npayers = [{id = "ACME", share = 3}, {id = "BETA", share = 0.1}]\n'
    scenario = load_scenario(written(tmp_path, text))
    assert Scenario.model_validate(json.loads(json.dumps(scenario.model_dump(mode="json")))) == scenario


@given(time=st.floats(min_value=0.01, max_value=1000), rate=st.floats(min_value=0.01, max_value=1000))
def test_a_scaled_scenario_survives_its_json(time: float, rate: float) -> None:
    """The plan goes to the sending process as JSON, and both sides must plan the same arrivals."""
    scenario = load_scenario("smoke").scaled(rate=rate, time=time)
    assert Scenario.model_validate(json.loads(json.dumps(scenario.model_dump(mode="json")))) == scenario
