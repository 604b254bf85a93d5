"""The accounts of a run: which arrivals came due, which of them have a row, and which are missing by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from loadtests.later_accounts import LaterAccounts
from loadtests.run_plan import RunPlan
from scenarios.observation import STEPS_PER_ROOT

Mask = npt.NDArray[np.bool_]
_LONGEST_MISSING_LIST = 1000


def account(
    plan: RunPlan, recorded: Mask, stopped_after_ns: int | None, later: LaterAccounts
) -> dict[str, Any]:
    """Planned against recorded, as end.json has it. `plan` is the whole plan, `recorded` says of each of its roots
    whether its first attempt has a row, `later` has met every row.

    Due is what was planned before the run stopped (everything, where it did not: None), and what was sent anyway:
    workers hear of a stop a moment after it. A follow-up is planned by its predecessor's answer.
    """
    offsets, roots = plan.arrivals.offset_ns, plan.arrivals.root
    due = recorded | (offsets < stopped_after_ns) if stopped_after_ns is not None else np.ones_like(recorded)
    followed = later.count(stopped_after_ns)
    missing = np.flatnonzero(due & ~recorded)
    missing_arrivals = np.concatenate([roots[missing] * np.uint64(STEPS_PER_ROOT), followed.missing_arrivals])
    all_due = _sum(
        plan.counts_of_roots(np.flatnonzero(due)), later.named(followed.recorded + followed.missing)
    )
    measured = _sum(
        plan.counts_of_roots(np.flatnonzero(due & (offsets >= plan.warm_up_ns))),
        later.named(followed.recorded_measured + followed.missing_measured),
    )
    follow_ups_recorded = int(followed.recorded.sum())
    follow_ups_due = follow_ups_recorded + int(followed.missing.sum())
    return {
        "planned": len(offsets),
        "due": int(due.sum()) + follow_ups_due,
        "not_due": int((~due).sum()),
        "recorded": int(recorded.sum()) + follow_ups_recorded,
        "follow_ups_due": follow_ups_due,
        "follow_ups_not_due": {kind: n for kind, n in later.named(followed.not_due).items() if n},
        "retries": {
            "sent": followed.retries,
            "never_sent": followed.retries_never_sent,
            "not_due": followed.retries_not_due,
        },
        "due_by_kind": {
            "measured": measured,
            "warm_up": {kind: count - measured[kind] for kind, count in all_due.items()},
        },
        "missing_by_kind": _sum(plan.counts_of_roots(missing), later.named(followed.missing)),
        "missing": np.sort(missing_arrivals)[:_LONGEST_MISSING_LIST].tolist(),
    }


def _sum(roots: dict[str, int], follow_ups: dict[str, int]) -> dict[str, int]:
    return {kind: roots.get(kind, 0) + follow_ups.get(kind, 0) for kind in {**roots, **follow_ups}}
