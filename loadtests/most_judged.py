"""The most transactions of each class that a plan can bring before a clause, whatever the gateway answers."""

from __future__ import annotations

import numpy as np

from loadtests.run_plan import RunPlan
from scenarios.kinds import class_of
from scenarios.sla import Clause


def most_judged(plan: RunPlan, clause: Clause, t0_ns: int) -> dict[str, int]:
    """Judged arrivals of the whole plan at most, by class of the clause, for a run that starts at `t0_ns`.

    First steps count where the plan puts them after the warm-up and outside maintenance (if the clause excludes it).
    A step that follows an answer comes when the answer does, so every root of its journey counts for it.
    """
    arrivals = plan.arrivals
    judged = arrivals.offset_ns >= plan.warm_up_ns
    if "scheduled_maintenance" in clause.excluding:
        for window in plan.scenario.maintenance:
            start_ns, end_ns = (moment - t0_ns for moment in window.window_ns(t0_ns))
            judged &= (arrivals.offset_ns < start_ns) | (arrivals.offset_ns >= end_ns)
    roots = np.bincount(arrivals.journey, minlength=256)
    first = np.bincount(arrivals.journey[judged], minlength=256)
    most = dict.fromkeys(clause.classes, 0)
    for journey in np.flatnonzero(roots).tolist():
        for place, kind in enumerate(plan.steps(journey)):
            of = class_of(kind)
            if of in most:
                most[of] += int(first[journey] if place == 0 else roots[journey])
    return {str(name): count for name, count in most.items()}
