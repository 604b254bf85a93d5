"""What stands in the way of a plan, whoever asked for it: its size, and what can be seen once it is laid out."""

from __future__ import annotations

from loadtests.feasibility import plan_problems
from loadtests.run_plan import RunPlan
from scenarios.errors import DeclarationError, Problem
from scenarios.scenario import Scenario
from scenarios.target import check_guard

MOST_ARRIVALS = 20_000_000


def check_size(scenario: Scenario, source: str) -> None:
    """Refuse a plan that is larger than memory before it is laid out."""
    expected = sum(phase.expected_arrivals for phase in scenario.phases)
    if expected > MOST_ARRIVALS:
        message = f"plan about {expected:.3g} arrivals; one run holds {MOST_ARRIVALS:,}: lower the rate or the duration"
        raise DeclarationError(source, [Problem(where="phases", message=message)])


def check_ceilings(plan: RunPlan, source: str) -> None:
    """Refuse what the target's owner has not agreed to: follow-ups and retries count, though they may not come."""
    total = plan.transactions_at_most
    peak_per_s = plan.scenario.peak_per_s * total / max(1, len(plan.arrivals))
    check_guard(plan.target, source=source, peak_per_s=peak_per_s, expected_total=total)


def check_plan(plan: RunPlan, source: str, workers: int) -> None:
    """Somebody to send, a wire for each kind, users to carry it; else DeclarationError with every problem."""
    problems = plan_problems(plan)
    if not len(plan.arrivals):
        message = "plan no arrival at all; raise the rate or the duration"
        problems.append(Problem(where="phases", message=message))
    if problems:
        raise DeclarationError(source, problems)
    plan.lanes_of(workers)  # raises where one process cannot carry its share
