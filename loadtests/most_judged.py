"""The most transactions of each class that a plan can bring before a clause, whatever the gateway answers."""

from __future__ import annotations

import numpy as np

from loadtests.run_plan import RunPlan
from scenarios.kinds import class_of
from scenarios.sla import Clause


def most_judged(plan: RunPlan, clause: Clause, t0_ns: int) -> dict[str, int]:
    """Judged arrivals of the whole plan at most, by class of the clause, for a run that starts at `t0_ns`.

    First steps count where the plan puts them after the warm-up and outside maintenance (if the clause excludes it).
    What follows an answer comes when the answer does, so all of it counts that can come due before the planned end.
    """
    arrivals = plan.arrivals
    judged = arrivals.offset_ns >= plan.warm_up_ns
    if "scheduled_maintenance" in clause.excluding:
        for window in plan.scenario.maintenance:
            start_ns, end_ns = (moment - t0_ns for moment in window.window_ns(t0_ns))
            judged &= (arrivals.offset_ns < start_ns) | (arrivals.offset_ns >= end_ns)
    first = plan.counts_of_roots(np.flatnonzero(judged))
    most = dict.fromkeys(map(str, clause.classes), 0)
    for kind in plan.kinds:
        of = class_of(kind)
        if of in most:
            most[of] += first.get(kind.text, 0) + plan.follow_ups_at_most.get(kind.text, 0)
    return most
