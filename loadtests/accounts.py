"""The accounts of a run: which planned arrivals came due, which of them have a row, and which are missing by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from loadtests.run_plan import RunPlan
from scenarios.observation import STEPS_PER_ROOT

Mask = npt.NDArray[np.bool_]
_LONGEST_MISSING_LIST = 1000


def account(plan: RunPlan, recorded: Mask, stopped_after_ns: int | None) -> dict[str, Any]:
    """Planned against recorded, as end.json has it. `plan` is the whole plan, `recorded` says of each of its roots
    whether it has a row.

    Due is what was planned before the run stopped (everything, where it did not: None), and what was sent anyway:
    workers hear of a stop a moment after it.
    """
    offsets = plan.arrivals.offset_ns
    due = recorded | (offsets < stopped_after_ns) if stopped_after_ns is not None else np.ones_like(recorded)
    missing = np.flatnonzero(due & ~recorded)
    all_due = plan.counts_of_roots(np.flatnonzero(due))
    measured = plan.counts_of_roots(np.flatnonzero(due & (offsets >= plan.warm_up_ns)))
    return {
        "planned": len(offsets),
        "due": int(due.sum()),
        "not_due": int((~due).sum()),
        "recorded": int(recorded.sum()),
        "due_by_kind": {
            "measured": measured,
            "warm_up": {kind: count - measured[kind] for kind, count in all_due.items()},
        },
        "missing_by_kind": plan.counts_of_roots(missing),
        "missing": [
            int(root) * STEPS_PER_ROOT for root in plan.arrivals.root[missing[:_LONGEST_MISSING_LIST]]
        ],
    }
