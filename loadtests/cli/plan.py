"""`slagate plan`: what would be sent, and what such a run could prove, in sentences; sends nothing."""

from __future__ import annotations

from pathlib import Path

import typer

from analysis.plan_sentences import provable_sentences
from analysis.provable import read_expectations
from loadtests.cli.options import (
    DEFAULT_SCENARIO,
    DEFAULT_TARGET,
    DurationOption,
    ProfileOption,
    RateOption,
    RateScaleOption,
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
from scenarios.kinds import class_of
from scenarios.sla import Clause

LATEST_VERDICT = Path("runs/latest/verdict.json")


def plan(
    scenario: ScenarioArgument = DEFAULT_SCENARIO,
    target: TargetOption = DEFAULT_TARGET,
    sla: SlaOption = None,
    rate: RateOption = None,
    rate_scale: RateScaleOption = None,
    duration: DurationOption = None,
    settings: SettingsOption = None,
    seed: SeedOption = None,
    gateway_profile: ProfileOption = None,
    tag: TagOption = None,
    workers: WorkersOption = None,
) -> None:
    """Say what would be sent and what such a run could prove; sends nothing."""
    resolved = resolve_plan(
        scenario=scenario,
        sla=sla,
        target=target,
        rate=rate,
        rate_scale=rate_scale,
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
        *_follow_ups(plan),
        _where(plan),
        f"{sum(plan.lanes_of(workers))} users stand ready{_spread(workers)}; after the last arrival up to "
        f"{duration_text(plan.drain_s)} for answers, so at most {duration_text(round(longest_s, 3))} of traffic.",
        *(f"Judged by {sla.name}: {clause.describe()}." for sla in plan.slas for clause in sla.clauses),
        *_estimate(plan),
        *(sentence for sla in plan.slas for clause in sla.clauses for sentence in _provable(plan, clause)),
    ]


def _follow_ups(plan: RunPlan) -> list[str]:
    counts = ", ".join(f"{count} {kind}" for kind, count in plan.follow_ups_at_most.items() if count)
    return [f"Follow-ups: at most {counts}, if each step is answered at once and as hoped."] if counts else []


def _estimate(plan: RunPlan) -> list[str]:
    """What the numbers below rest on, where answers decide how much is sent."""
    expected = sum(plan.count_follow_ups(plan.warm_up_ns).values())
    return [f"The numbers below count {expected} follow-ups that may not come."] if expected else []


def _spread(workers: int) -> str:
    return f" in {workers} worker processes" if workers > 1 else ""


def _provable(plan: RunPlan, clause: Clause) -> list[str]:
    """What such a run could prove, going by the dependence of the latest run of the same scenario."""
    planned: dict[str, int] = {}
    class_by_kind = {kind.text: class_of(kind) for kind in plan.kinds}
    counts = [plan.counts_by_kind(plan.warm_up_ns), plan.count_follow_ups(plan.warm_up_ns)]
    for kind, count in (each for by_kind in counts for each in by_kind.items()):
        name = class_by_kind[kind]
        planned[name] = planned.get(name, 0) + count
    sentences = provable_sentences(
        clause,
        planned,
        plan.scenario.length_s - plan.scenario.warm_up,
        longest_stall_s=plan.scenario.longest_stall,
        smoke=plan.scenario.assurance == "smoke",
        expected=read_expectations(LATEST_VERDICT, plan.scenario.name, clause),
    )
    return list(sentences)


def _where(plan: RunPlan) -> str:
    embedded = plan.target.embedded_gateway
    if embedded is not None:
        return f"Target: {plan.target.name}, an embedded mock gateway with profile {embedded.profile}."
    addresses = ", ".join(f"{name} {url}" for name, url in plan.target.addresses().items())
    return f"Target: {plan.target.name} ({addresses})."
