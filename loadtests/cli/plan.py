"""`slagate plan`: what would be sent, in sentences; sends nothing."""

from __future__ import annotations

import typer

from loadtests.cli.options import (
    DEFAULT_SCENARIO,
    DEFAULT_SLA,
    DEFAULT_TARGET,
    DurationOption,
    ProfileOption,
    RateOption,
    ScenarioArgument,
    SeedOption,
    SettingsOption,
    SlaOption,
    TagOption,
    TargetOption,
    resolve_plan,
)
from loadtests.run_plan import RunPlan
from scenarios.duration import duration_text


def plan(
    scenario: ScenarioArgument = DEFAULT_SCENARIO,
    target: TargetOption = DEFAULT_TARGET,
    sla: SlaOption = DEFAULT_SLA,
    rate: RateOption = None,
    duration: DurationOption = None,
    settings: SettingsOption = None,
    seed: SeedOption = None,
    gateway_profile: ProfileOption = None,
    tag: TagOption = None,
) -> None:
    """Say what would be sent; sends nothing."""
    resolved = resolve_plan(
        scenario=scenario,
        sla=sla,
        target=target,
        rate=rate,
        duration=duration,
        settings=settings,
        seed=seed,
        gateway_profile=gateway_profile,
        tags=tag,
    )
    for sentence in describe_plan(resolved):
        typer.echo(sentence)


def describe_plan(plan: RunPlan) -> list[str]:
    """What a plan sends, where, and what it is judged by."""
    counts = ", ".join(f"{count} {kind}" for kind, count in plan.counts_by_kind().items())
    longest_s = plan.scenario.length_s + plan.drain_s
    return [
        *plan.scenario.describe(),
        f"Seed {plan.seed} plans {len(plan.arrivals)} arrivals: {counts} (digest {plan.arrivals.digest()[:12]}).",
        _where(plan),
        f"{plan.lanes} users stand ready; after the last arrival up to {duration_text(plan.drain_s)} for answers, "
        f"so at most {duration_text(round(longest_s, 3))} of traffic.",
        *(f"Judged by {sla.name}: {clause.describe()}." for sla in plan.slas for clause in sla.clauses),
    ]


def _where(plan: RunPlan) -> str:
    embedded = plan.target.embedded_gateway
    if embedded is not None:
        return f"Target: {plan.target.name}, an embedded mock gateway with profile {embedded.profile}."
    addresses = ", ".join(f"{name} {url}" for name, url in plan.target.addresses().items())
    return f"Target: {plan.target.name} ({addresses})."
