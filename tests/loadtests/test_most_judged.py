"""The most that a plan can bring before a clause: what curtailment counts on."""

from __future__ import annotations

import pytest

from loadtests.most_judged import most_judged
from scenarios.loading import load_sla
from tests.loadtests.builders import run_plan

CLAUSE = load_sla("instamed").clauses[0]
NS = 1_000_000_000
T0 = 1_780_000_000 * NS


def test_it_is_what_the_plan_says_after_the_warm_up() -> None:
    plan = run_plan(warm_up="5s")
    measured = plan.to_json(run_id="r", t0_ns=T0)["planned"]["measured_by_kind"]
    assert most_judged(plan, CLAUSE, T0) == {
        "healthcare": measured["eligibility_inquiry"],
        "payment": measured["card_sale"],
    }


@pytest.mark.parametrize(
    "window", [{"from": "10s", "to": "30s"}, {"from": "2026-05-28T20:26:50Z", "to": "2026-05-28T20:27:10Z"}]
)
def test_maintenance_is_taken_out_where_the_clause_excludes_it(window: dict[str, str]) -> None:
    plan = run_plan(maintenance=[window])
    [(start, end)] = [each.window_ns(T0) for each in plan.scenario.maintenance]
    assert (start - T0, end - T0) == (10 * NS, 30 * NS)
    whole, inside = plan.counts_by_kind(), plan.counts_by_kind(10 * NS, 30 * NS)
    found = most_judged(plan, CLAUSE, T0)
    assert found["payment"] == whole["card_sale"] - inside["card_sale"]
    everything = CLAUSE.model_copy(update={"excluding": ()})
    assert most_judged(plan, everything, T0)["payment"] == whole["card_sale"]


def test_what_follows_an_answer_counts_wherever_it_may_come_due() -> None:
    """Its moment is the answer's, which may lie after the warm-up that its root was planned in."""
    think = {"claim_poll": {"from": "1s", "to": "1s"}, "correction": {"from": "0s", "to": "0s"}}
    plan = run_plan(warm_up="5s", journeys={"claim_follow_up": 1, "correction": 1}, think=think)
    roots, measured = plan.counts_by_kind(), plan.counts_by_kind(5 * NS)
    follow_ups = plan.follow_ups_at_most
    assert follow_ups["void"] + follow_ups["refund"] == roots["card_sale"]
    assert (
        1.8 * roots["claim_status"] < follow_ups["claim_status"] <= 2 * roots["claim_status"]
    )  # three polls
    assert most_judged(plan, CLAUSE, T0) == {
        "healthcare": measured["claim_status"] + follow_ups["claim_status"],
        "payment": measured["card_sale"] + roots["card_sale"],
    }


def test_a_class_without_traffic_has_none() -> None:
    assert most_judged(run_plan(journeys={"eligibility_only": 1}), CLAUSE, T0)["payment"] == 0
