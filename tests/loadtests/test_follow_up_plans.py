"""Plans in which answers bring more: users for all steps, ceilings that count them, payments sent again only safely."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from loadtests.cli.plan import describe_plan
from loadtests.clock import RunClock
from loadtests.feasibility import plan_problems
from loadtests.run_plan import RunPlan
from loadtests.sender import Sender
from loadtests.upcoming import Step
from scenarios.kinds import Kind
from scenarios.target import Payments
from tests.loadtests.builders import CREDENTIALS, phase, run_plan, target
from tests.loadtests.declared_phases import load_text


def resending(window_s: float | None, **retries: Any) -> RunPlan:
    plan = run_plan(phase(10, "10s"), retries={"payments": True, "human": {}, **retries})
    return replace(plan, target=target(payments=Payments.model_construct(duplicate_window=window_s)))


@pytest.mark.parametrize(
    ("window_s", "retries", "sound"),
    [
        pytest.param(None, {"most": 1}, False, id="none declared"),
        pytest.param(120.0, {"most": 1}, True, id="time-out and wait"),
        pytest.param(119.0, {"most": 1}, False, id="a second too short"),
        pytest.param(120.0, {"most": 2}, False, id="two retries"),
        pytest.param(240.0, {"most": 2}, True, id="long enough for two"),
        pytest.param(120.0, {"most": 1, "system": {}}, False, id="systems wait longer"),
        pytest.param(None, {"payments": False}, True, id="no payments"),
    ],
)
def test_payments_are_sent_again_only_within_the_targets_duplicate_window(
    window_s: float | None, retries: dict[str, Any], sound: bool
) -> None:
    problems = plan_problems(resending(window_s, **retries))
    assert (problems == []) == sound
    if not sound:
        assert problems[0].where == "retries.payments"
        assert "payments.duplicate_window" in problems[0].message


def test_every_step_of_a_journey_needs_its_wire() -> None:
    plan = run_plan(phase(10, "10s"), journeys={"check_in": 1})
    assert plan.wires == {"soap_edi", "rest", "nvp"}


def test_users_stand_for_every_step_and_not_for_one_more_where_there_is_one() -> None:
    roots = run_plan(phase(40, "60s", "even"), journeys={"eligibility_only": 1})
    steps = run_plan(phase(40, "60s", "even"), journeys={"check_in": 1})
    assert roots.lanes == pytest.approx(600, abs=3)  # 40/s for 12 s, times 1.25
    assert steps.lanes == pytest.approx(3 * roots.lanes, abs=3)
    assert steps.lanes_of(2) == pytest.approx([900, 900], abs=5)
    mixed = run_plan(phase(40, "60s", "even"), journeys={"check_in": 1, "eligibility_only": 1})
    assert roots.lanes < mixed.lanes < steps.lanes


def test_what_may_be_sent_counts_steps_and_retries() -> None:
    plan = run_plan(phase(10, "10m", "even"), journeys={"check_in": 1}, retries={"human": {}, "most": 1})
    follow_ups = sum(plan.follow_ups_at_most.values())
    assert 6_000 < follow_ups < 12_000
    assert plan.transactions_at_most == 2 * (6_000 + follow_ups)


def test_a_plan_says_what_may_follow_and_that_its_numbers_are_an_estimate() -> None:
    said = describe_plan(run_plan(phase(10, "10m", "even"), journeys={"check_in": 1}))
    [follow_ups] = [each for each in said if each.startswith("Follow-ups: at most ")]
    assert "card_sale" in follow_ups
    assert any("follow-ups that may not come" in each for each in said)
    assert not any("nothing is planned" in each for each in said)  # payments are follow-ups here
    assert not any("ollow-ups" in each for each in describe_plan(run_plan(phase(10, "10m", "even"))))


def test_a_trace_may_name_journeys_whose_amounts_and_payers_hold_for_every_step(tmp_path: Path) -> None:
    trace = tmp_path / "log.csv"
    lines = [f"{1_795_000_000 + second},check_in,PAYER03,large\n" for second in range(60)]
    trace.write_text("timestamp,journey,payer,amount_class\n" + "".join(lines), encoding="utf-8")
    text = f'name = "t"\npurpose = "t"\nassurance = "smoke"\n[[phases]]\nshape = "trace"\nfile = "{trace}"\n'
    plan = replace(run_plan(), scenario=load_text(tmp_path, text))
    assert plan.counts_by_kind() == {"eligibility_inquiry": 60}
    assert plan.lanes == 45  # 12 a window of 12 s, three steps each, times 1.25
    clock = RunClock(t0_ns=0, monotonic_at_t0_ns=0)
    sender = Sender(plan, CREDENTIALS, clock, None, None)  # type: ignore[arg-type]
    sale = sender._parties.later(Step(7, 7 * 256 + 1, 0, Kind.CARD_SALE, None))
    assert sale.person.payer_id == "PAYER03"
    assert 25_000 <= sale.asked_cents < 250_000
