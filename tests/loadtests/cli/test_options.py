"""Options: a rate, a length, tags and a profile laid over what the files declare."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from loadtests.cli.options import parse_rate, resolve_plan
from loadtests.run_plan import RunPlan
from scenarios.errors import DeclarationError
from tests.scenarios.declared import SCENARIO, TARGET, written


def resolved(**options: Any) -> RunPlan:
    given = {
        "scenario": "smoke",
        "sla": ["instamed"],
        "target": "mock",
        "rate": None,
        "duration": None,
        "settings": None,
        "seed": None,
        "gateway_profile": None,
        "tags": None,
    }
    return resolve_plan(**{**given, **options})


def complaint(**options: Any) -> str:
    with pytest.raises(DeclarationError) as caught:
        resolved(**options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "per_s"),
    [
        ("60/s", 60.0),
        ("60", 60.0),
        ("0.5/s", 0.5),
        ("90/m", 1.5),
        ("3600/h", 1.0),
        (" 7/s ", 7.0),
        ("1000000/s", 1_000_000.0),
    ],
)
def test_a_rate_is_read_in_arrivals_a_second(text: str, per_s: float) -> None:
    assert parse_rate(text) == per_s


@pytest.mark.parametrize(
    "text",
    ["", "0/s", "-5/s", "60/d", "60 per second", "1e3/s", "inf", "nan", "60/", "/s", "1000001/s", "1,5/s"],
)
def test_what_is_no_rate_is_refused_with_what_would_do(text: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        parse_rate(text)
    assert str(caught.value) == f"--rate {text}: write a rate above 0, as in 60/s or 3600/h"


def test_without_options_the_shipped_files_are_the_plan() -> None:
    plan = resolved()
    assert (plan.scenario.name, plan.slas[0].name, plan.target.name) == (
        "smoke",
        "InstaMed transaction processing",
        "mock",
    )
    assert plan.seed == plan.scenario.seed == 20261121


def test_a_rate_is_that_of_the_peak_and_other_phases_scale_along(tmp_path: Path) -> None:
    plan = resolved(scenario=written(tmp_path, SCENARIO), rate="80/s")
    assert [phase.rate_per_s for phase in plan.scenario.phases] == [80.0, 20.0]


def test_a_duration_is_that_of_the_whole_and_the_warm_up_stays(tmp_path: Path) -> None:
    plan = resolved(scenario=written(tmp_path, SCENARIO), duration="3m")
    assert [phase.duration for phase in plan.scenario.phases] == [60.0, 120.0]
    assert plan.scenario.warm_up == 5.0


@pytest.mark.parametrize(
    ("duration", "said"),
    [
        pytest.param("5s", "must be longer than the warm-up (5 s), or nothing is judged", id="all-warm-up"),
        pytest.param("10 mins", "unknown unit or form; write 10m, 90s or 1h30m", id="no-duration"),
        pytest.param("-1m", "must not be negative", id="negative"),
        pytest.param("0s", "must be longer than the warm-up (5 s), or nothing is judged", id="nothing"),
    ],
)
def test_a_length_that_leaves_nothing_to_judge_is_refused(duration: str, said: str) -> None:
    assert complaint(duration=duration) == f"--duration {duration}: {said}"


def test_a_seed_given_outranks_the_scenarios() -> None:
    plan = resolved(seed=0)
    assert plan.seed == 0
    assert plan.arrivals.digest() != resolved().arrivals.digest()


def test_settings_reach_the_plan() -> None:
    assert resolved(settings=["phases.0.rate_per_s=3"]).scenario.peak_per_s == 3.0


def test_tags_are_kept_and_may_contain_signs() -> None:
    assert resolved(tags=["build=1.4.2", "note=a=b", "empty="]).tags == {
        "build": "1.4.2",
        "note": "a=b",
        "empty": "",
    }


@pytest.mark.parametrize("tag", ["build", "=1", ""])
def test_a_tag_without_key_or_sign_is_refused(tag: str) -> None:
    assert complaint(tags=[tag]) == f"--tag {tag}: write KEY=VALUE, as in --tag build=1.4.2"


def test_a_profile_is_the_embedded_gateways() -> None:
    plan = resolved(gateway_profile="brownout")
    assert plan.target.embedded_gateway is not None
    assert plan.target.embedded_gateway.profile == "brownout"


def test_a_profile_for_a_real_gateway_is_refused(tmp_path: Path) -> None:
    assert complaint(target=written(tmp_path, TARGET), gateway_profile="brownout") == (
        "--gateway-profile brownout: target sandbox is no embedded gateway; a profile has nothing to act on"
    )


def test_a_plan_above_the_targets_ceilings_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, TARGET)
    said = complaint(target=path)
    assert said.splitlines()[0] == f"{path}: 2 problems"
    assert "  guard.max_rate_per_s: the plan peaks at 40/s, the ceiling is 20/s" in said.splitlines()
    assert resolved(target=path, rate="20/s").scenario.peak_per_s == 20.0


def test_a_wire_that_the_scenario_needs_and_the_target_lacks_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, 'name = "half"\n[endpoints]\nrest = "http://127.0.0.1:9/x"\n')
    assert complaint(target=path) == (
        "smoke: endpoints: soap_edi is needed by this scenario and not declared by target half"
    )


def test_a_plan_without_an_arrival_is_refused(tmp_path: Path) -> None:
    text = SCENARIO.replace("= 40", "= 0.0001").replace("= 10\n", "= 0.0001\n")
    path = written(tmp_path, text)
    assert (
        complaint(scenario=path) == f"{path}: phases: plan no arrival at all; raise the rate or the duration"
    )


def test_a_plan_that_one_process_cannot_carry_is_refused() -> None:
    said = complaint(rate="2000/s", duration="10s")
    assert said.startswith("the plan: phases: needs ")
    assert said.endswith("so it would take 2 workers")


@pytest.mark.parametrize(("option", "value"), [("sla", "instamd"), ("target", "mok"), ("scenario", "smoke2")])
def test_an_unknown_name_is_answered_with_the_nearest(option: str, value: str) -> None:
    said = complaint(**{option: [value] if option == "sla" else value})
    assert f"{value}: no shipped " in said
    assert "did you mean" in said


def test_a_scale_multiplies_every_rate() -> None:
    assert resolved(rate_scale=0.5).scenario.peak_per_s == pytest.approx(20)
    assert len(resolved(rate_scale=0.5).arrivals) < 0.6 * len(resolved().arrivals)


@pytest.mark.parametrize("scale", [0.0, -1.0, 1e9, float("nan"), float("inf")])
def test_a_scale_that_leaves_no_rate_is_refused(scale: float) -> None:
    assert "must be above 0" in complaint(rate_scale=scale)


def test_a_rate_and_a_scale_together_are_refused() -> None:
    assert "give one of them" in complaint(rate="60/s", rate_scale=2.0)
