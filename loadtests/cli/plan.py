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
    WorkersOption,
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
    workers: WorkersOption = None,
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
        workers=workers or 1,
    )
    for sentence in describe_plan(resolved, workers or 1):
        typer.echo(sentence)


def describe_plan(plan: RunPlan, workers: int = 1) -> list[str]:
    """What a plan sends, where, and what it is judged by."""
    counts = ", ".join(f"{count} {kind}" for kind, count in plan.counts_by_kind().items())
    longest_s = plan.scenario.length_s + plan.drain_s
    return [
        *plan.scenario.describe(),
        f"Seed {plan.seed} plans {len(plan.arrivals)} arrivals: {counts} (digest {plan.arrivals.digest()[:12]}).",
        _where(plan),
        f"{sum(plan.lanes_of(workers))} users stand ready{_spread(workers)}; after the last arrival up to "
        f"{duration_text(plan.drain_s)} for answers, so at most {duration_text(round(longest_s, 3))} of traffic.",
        *(f"Judged by {sla.name}: {clause.describe()}." for sla in plan.slas for clause in sla.clauses),
    ]


def _spread(workers: int) -> str:
    return f" in {workers} worker processes" if workers > 1 else ""


def _where(plan: RunPlan) -> str:
    embedded = plan.target.embedded_gateway
    if embedded is not None:
        return f"Target: {plan.target.name}, an embedded mock gateway with profile {embedded.profile}."
    addresses = ", ".join(f"{name} {url}" for name, url in plan.target.addresses().items())
    return f"Target: {plan.target.name} ({addresses})."
