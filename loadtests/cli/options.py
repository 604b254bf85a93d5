"""Options that several commands share, and how they become a RunPlan."""

from __future__ import annotations

import re
import sys
from typing import Annotated

import typer

from analysis.exit_codes import InconclusiveAs
from loadtests.plan_checks import check_ceilings, check_plan, check_size
from loadtests.run_plan import RunPlan
from scenarios.duration import parse_duration
from scenarios.errors import DeclarationError, Problem
from scenarios.loading import load_scenario, load_sla, load_target
from scenarios.scenario import Scenario
from scenarios.target import EmbeddedGateway, Target

DEFAULT_SCENARIO = "smoke"
DEFAULT_SLA = "instamed"
DEFAULT_TARGET = "mock"

ScenarioArgument = Annotated[
    str, typer.Argument(metavar="SCENARIO", help="A scenario file, or a shipped one's name.")
]
SlaOption = Annotated[
    list[str] | None,
    typer.Option(
        "--sla", metavar="S", help="An SLA file, or a shipped one's name; several are judged together."
    ),
]
TargetOption = Annotated[
    str, typer.Option("--target", metavar="T", help="A target file, or a shipped one's name.")
]
RateOption = Annotated[
    str | None, typer.Option("--rate", metavar="60/s", help="Peak arrival rate; other phases scale along.")
]
RateScaleOption = Annotated[
    float | None, typer.Option("--rate-scale", metavar="X", help="Every rate times X, in place of --rate.")
]
DurationOption = Annotated[
    str | None,
    typer.Option("--duration", metavar="10m", help="Planned length; the phases stretch, the warm-up stays."),
]
SettingsOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Any key of the scenario, as in phases.0.rate_per_s=60."),
]
SeedOption = Annotated[
    int | None, typer.Option("--seed", metavar="N", min=0, help="Another seed than the scenario's.")
]
ProfileOption = Annotated[
    str | None, typer.Option("--gateway-profile", metavar="P", help="Profile of the embedded mock gateway.")
]
WorkersOption = Annotated[
    int | None,
    typer.Option("--workers", metavar="N", min=1, help="Processes that send, on this machine; by default 1."),
]
InconclusiveOption = Annotated[
    InconclusiveAs | None,
    typer.Option(
        "--inconclusive-as",
        metavar="fail|pass",
        help="What an INCONCLUSIVE verdict ends with, in place of 3; the verdict stays.",
    ),
]
TagOption = Annotated[list[str] | None, typer.Option("--tag", metavar="KEY=VALUE", help="Kept in plan.json.")]


def resolve_plan(
    *,
    scenario: str,
    sla: list[str] | None,
    target: str,
    rate: str | None,
    rate_scale: float | None = None,
    duration: str | None,
    settings: list[str] | None,
    seed: int | None,
    gateway_profile: str | None,
    tags: list[str] | None,
    workers: int = 1,
) -> RunPlan:
    """The plan these options ask for, guarded. Raises DeclarationError with every problem of the file concerned."""
    declared = _overridden(load_scenario(scenario, settings=settings or ()), rate, rate_scale, duration)
    aim = _with_profile(load_target(target), gateway_profile)
    plan = RunPlan(
        scenario=declared,
        slas=tuple(load_sla(each) for each in sla or [DEFAULT_SLA]),
        target=aim,
        seed=declared.seed if seed is None else seed,
        tags=_tags(tags or []),
        command=tuple(sys.argv[1:]),
    )
    check_size(declared, scenario)
    check_ceilings(plan, target)
    check_plan(plan, scenario, workers)
    return plan


def parse_rate(text: str) -> float:
    """Arrivals per second in `60/s` (also `60`, `3600/m`, `3600/h`). Raises DeclarationError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(?:/(s|m|h))?", text.strip())
    rate = float(found[1]) / {"s": 1, "m": 60, "h": 3600, None: 1}[found[2]] if found else 0.0
    if not 0 < rate <= 1_000_000:
        raise DeclarationError(
            f"--rate {text}", [Problem(where="", message="write a rate above 0, as in 60/s or 3600/h")]
        )
    return rate


def _overridden(
    scenario: Scenario, rate: str | None, rate_scale: float | None, duration: str | None
) -> Scenario:
    if rate_scale is not None:
        if rate is not None:
            message = "each sets the rate; give one of them"
            raise DeclarationError("--rate --rate-scale", [Problem(where="", message=message)])
        if not 0 < rate_scale * scenario.peak_per_s <= 1_000_000:
            message = f"must be above 0 and leave at most 1000000/s (the peak is {scenario.peak_per_s:g}/s)"
            raise DeclarationError(f"--rate-scale {rate_scale:g}", [Problem(where="", message=message)])
        scenario = scenario.scaled(rate=rate_scale)
    if rate is not None:
        scenario = scenario.scaled(rate=parse_rate(rate) / scenario.peak_per_s)
    if duration is not None:
        try:
            length_s = parse_duration(duration)
        except ValueError as error:
            raise DeclarationError(
                f"--duration {duration}", [Problem(where="", message=str(error))]
            ) from None
        if length_s <= scenario.warm_up:
            message = f"must be longer than the warm-up ({scenario.warm_up:g} s), or nothing is judged"
            raise DeclarationError(f"--duration {duration}", [Problem(where="", message=message)])
        scenario = scenario.scaled(time=length_s / scenario.length_s)
    return scenario


def _with_profile(target: Target, profile: str | None) -> Target:
    if profile is None:
        return target
    if target.embedded_gateway is None:
        message = f"target {target.name} is no embedded gateway; a profile has nothing to act on"
        raise DeclarationError(f"--gateway-profile {profile}", [Problem(where="", message=message)])
    return target.model_copy(update={"embedded_gateway": EmbeddedGateway(profile=profile)})


def _tags(texts: list[str]) -> dict[str, str]:
    tags = {}
    for text in texts:
        key, sign, value = text.partition("=")
        if not sign or not key:
            raise DeclarationError(
                f"--tag {text}", [Problem(where="", message="write KEY=VALUE, as in --tag build=1.4.2")]
            )
        tags[key] = value
    return tags
