"""What can only be seen once a plan is laid out, whoever asked for it."""

from __future__ import annotations

from loadtests.run_plan import RunPlan
from scenarios.errors import DeclarationError, Problem


def check_plan(plan: RunPlan, source: str, workers: int) -> None:
    """Somebody to send, a wire for each kind, users to carry it; else DeclarationError with every problem."""
    problems = []
    declared = {wire.text for wire in plan.target.endpoints.declared()}
    if plan.target.embedded_gateway is None:
        problems += [
            Problem(
                where="endpoints",
                message=f"{wire} is needed by this scenario and not declared by target {plan.target.name}",
            )
            for wire in sorted(plan.wires - declared)
        ]
    if not len(plan.arrivals):
        problems.append(
            Problem(where="phases", message="plan no arrival at all; raise the rate or the duration")
        )
    if problems:
        raise DeclarationError(source, problems)
    plan.lanes_of(workers)  # raises where one process cannot carry its share
