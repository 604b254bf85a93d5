"""What stands in the way of a plan, whoever asked for it: its size, and what can be seen once it is laid out."""

from __future__ import annotations

from loadtests.feasibility import plan_problems
from loadtests.run_plan import RunPlan
from scenarios.errors import DeclarationError, Problem
from scenarios.scenario import Scenario

MOST_ARRIVALS = 20_000_000


def check_size(scenario: Scenario, source: str) -> None:
    """Refuse a plan that is larger than memory before it is laid out."""
    expected = sum(phase.expected_arrivals for phase in scenario.phases)
    if expected > MOST_ARRIVALS:
        message = f"plan about {expected:.3g} arrivals; one run holds {MOST_ARRIVALS:,}: lower the rate or the duration"
        raise DeclarationError(source, [Problem(where="phases", message=message)])


def check_plan(plan: RunPlan, source: str, workers: int) -> None:
    """Somebody to send, a wire for each kind, users to carry it; else DeclarationError with every problem."""
    problems = plan_problems(plan)
    if not len(plan.arrivals):
        message = "plan no arrival at all; raise the rate or the duration"
        problems.append(Problem(where="phases", message=message))
    if problems:
        raise DeclarationError(source, problems)
    plan.lanes_of(workers)  # raises where one process cannot carry its share
