"""The plan of a run: what follows from it, how it travels to the engine, and what plan.json keeps."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from loadtests.run_plan import RunPlan
from loadtests.schedule import plan_arrivals
from scenarios.observation import OBSERVATION
from scenarios.target import Auth, CheckAccount, SecretRef
from tests.loadtests.builders import CREDENTIALS, phase, run_plan, target


def through_the_pipe(plan: RunPlan) -> RunPlan:
    return RunPlan.from_message(json.loads(json.dumps(plan.to_message())))


def test_a_plan_arrives_at_the_engine_as_it_was_sent() -> None:
    plan = run_plan(phase(), phase(5, "1m", "even"), warm_up="5s")
    arrived = through_the_pipe(plan)
    assert arrived == plan
    assert arrived.arrivals.digest() == plan.arrivals.digest()


@pytest.mark.parametrize(
    "length_s", [pytest.param(100, id="thirds"), pytest.param(70.7, id="odd"), pytest.param(4000, id="long")]
)
def test_a_stretched_plan_is_the_same_plan_on_both_sides_of_the_pipe(length_s: float) -> None:
    plan = run_plan(phase(40, "20s"), phase(80, "40s"), phase(10, "30s", "even"))
    stretched = plan.scenario.scaled(time=length_s / plan.scenario.length_s)
    sent = RunPlan(scenario=stretched, slas=plan.slas, target=plan.target, seed=plan.seed)
    assert through_the_pipe(sent).arrivals.digest() == sent.arrivals.digest()


def test_no_secret_travels_with_a_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_KEY", "the-key")
    auth = Auth(rest_api_key=SecretRef(env="GATEWAY_KEY"))
    plan = RunPlan(scenario=run_plan().scenario, slas=run_plan().slas, target=target(auth=auth), seed=1)
    assert "GATEWAY_KEY" in json.dumps(plan.to_message())
    assert "the-key" not in json.dumps(plan.to_message())
    assert not any(secret in repr(CREDENTIALS) for secret in ("the-key", "the-secret", "joe", "p:w"))


def test_plan_json_names_secrets_by_reference() -> None:
    auth = Auth(rest_api_key=SecretRef(env="GATEWAY_KEY"))
    plan = RunPlan(scenario=run_plan().scenario, slas=run_plan().slas, target=target(auth=auth), seed=1)
    assert plan.to_json(run_id="one", t0_ns=5)["target"]["auth"] == {
        "rest_api_key": {"env": "GATEWAY_KEY", "file": None, "value": "***"}
    }


def test_plan_json_holds_the_facts_of_the_run() -> None:
    plan = run_plan(phase(40, "30s"), warm_up="5s")
    content = json.loads(json.dumps(plan.to_json(run_id="one", t0_ns=123)))
    assert (content["run_id"], content["t0_ns"], content["seed"]) == ("one", 123, 7)
    assert (content["nonce"], content["digest"]) == (plan.nonce, plan.arrivals.digest())
    assert content["warm_up_ns"] == 5_000_000_000
    assert content["length_ns"] == 30_000_000_000
    assert content["drain_ns"] == 12_000_000_000
    assert content["lanes"] == plan.lanes
    assert np.dtype([(name, form) for name, form in content["row"]]) == OBSERVATION
    assert content["target"]["time_outs"] == {"connect": "15s", "first_byte": "1m", "whole": "1m"}
    planned = content["planned"]
    assert planned["total"] == len(plan.arrivals) == sum(planned["by_kind"].values())
    assert sum(planned["measured_by_kind"].values()) == int((plan.arrivals.offset_ns >= 5e9).sum())
    assert {"python", "slagate", "locust", "numpy"} <= set(content["versions"])


def test_counts_by_kind_are_those_of_the_arrivals() -> None:
    plan = run_plan()
    journeys = plan_arrivals(plan.scenario, plan.seed).journey
    assert plan.counts_by_kind() == {
        "eligibility_inquiry": int((journeys == 1).sum()),
        "card_sale": int((journeys == 2).sum()),
    }


def test_counts_can_be_taken_from_a_moment_to_a_moment() -> None:
    plan = run_plan()
    cut = int(plan.arrivals.offset_ns[100])
    before, after = plan.counts_by_kind(0, cut), plan.counts_by_kind(cut)
    assert sum(before.values()) == 100
    assert {kind: before[kind] + after[kind] for kind in before} == plan.counts_by_kind()
    assert sum(plan.counts_by_kind(cut, cut - 1).values()) == 0


def test_a_kind_without_an_arrival_is_named_all_the_same() -> None:
    plan = run_plan(phase(1, "3s", "even"), journeys={"eligibility_only": 1, "card_sale_only": 1e-9})
    assert plan.counts_by_kind() == {"eligibility_inquiry": 3, "card_sale": 0}


@pytest.mark.parametrize(
    ("journeys", "wires"),
    [
        pytest.param({"eligibility_only": 1}, {"soap_edi"}, id="eligibility"),
        pytest.param({"card_sale_only": 1, "eligibility_only": 1}, {"rest", "soap_edi"}, id="both"),
    ],
)
def test_a_plan_needs_the_wires_of_its_journeys(journeys: dict[str, float], wires: set[str]) -> None:
    assert run_plan(journeys=journeys).wires == wires


def test_time_outs_follow_the_limit_unless_they_are_declared() -> None:
    plan = run_plan()
    assert (plan.drain_s, plan.connect_s) == (12.0, 15.0)
    declared = plan.target.time_outs.model_copy(update={"connect": 3.5})
    assert (
        RunPlan(scenario=plan.scenario, slas=plan.slas, target=target(time_outs=declared), seed=1).connect_s
        == 3.5
    )


def test_a_declared_account_is_kept_by_its_last_digits() -> None:
    account = CheckAccount(routing_number="111000025", account_number="123456789")
    plan = replace(run_plan(), target=target(echeck=account))
    assert plan.to_json(run_id="x", t0_ns=0)["target"]["echeck"]["account_number"] == "***6789"
