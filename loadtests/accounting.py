"""Planned against recorded: what end.json says of every arrival."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from loadtests.run_plan import RunPlan


def account(plan: RunPlan, due: int, recorded: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """Planned against recorded, as end.json has it: `due` roots came due, `recorded` says of each if it has a row."""
    offsets = plan.arrivals.offset_ns
    before_ns = int(offsets[due]) if due < len(offsets) else None
    by_kind = plan.counts_by_kind(0, before_ns)
    measured = plan.counts_by_kind(plan.warm_up_ns, before_ns)
    return {
        "planned": len(offsets),
        "due": due,
        "not_due": len(offsets) - due,
        "recorded": int(recorded[:due].sum()),
        "due_by_kind": {
            "measured": measured,
            "warm_up": {kind: count - measured.get(kind, 0) for kind, count in by_kind.items()},
        },
        "missing_by_kind": plan.counts_of_roots(np.flatnonzero(~recorded[:due])),
    }
