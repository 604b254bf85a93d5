"""end.json of a run by several workers: their accounts joined, and what the master holds against them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadtests.accounts import account
from loadtests.collecting import Collector
from loadtests.engine import Stop
from loadtests.health import RateTable, generator_json
from loadtests.later_accounts import LaterAccounts
from loadtests.roster import Roster, Worker
from loadtests.run_plan import RunPlan


def distributed_end_json(
    plan: RunPlan,
    roster: Roster,
    collector: Collector,
    rate: RateTable,
    later: LaterAccounts,
    *,
    stop: Stop | None,
    stopped_ns: int | None,
    now_ns: int,
    foreign_batches: int,
    master: Mapping[str, Any],
) -> dict[str, Any]:
    """The content of end.json. `plan` is the whole; what counts as recorded is what the master has on disk."""
    workers = sorted(roster, key=lambda worker: worker.index)
    parts = [part for part in map(_part_of, workers) if part is not None]
    failures = [collector.failure, *(part["recorder_failure"] for part in parts)]
    stopped_after_ns = stopped_ns - collector.t0_ns if stopped_ns is not None else None
    return {
        "ended": stop.ended if stop else "completed",
        "reason": stop.reason if stop else None,
        "stopped_ns": stopped_ns,
        "ended_ns": max([part["ended_ns"] for part in parts] if len(parts) == len(workers) else [now_ns]),
        **account(plan, collector.recorded, stopped_after_ns, later),
        "started": collector.started,
        "recorder_failure": next((failure for failure in failures if failure), None),
        "workers": [_worker_json(worker, collector) for worker in workers],
        "refused": [{"worker": name, "reason": reason} for name, reason in roster.refused.values()],
        "batches": {
            "repeated": collector.repeated,
            "early": collector.early,
            "damaged": collector.damaged,
            "foreign": foreign_batches,
        },
        "generator": generator_json([part["generator"] for part in parts], rate, master=master),
    }


def _part_of(worker: Worker) -> Mapping[str, Any] | None:
    part: Mapping[str, Any] | None = worker.report.get("part")
    return part


def _worker_json(worker: Worker, collector: Collector) -> dict[str, Any]:
    """`rows` is what the master holds, `made` what the worker says it has written."""
    part = _part_of(worker) or {}
    how = worker.lost or part.get("told_to_end")
    return {
        "worker": worker.index,
        "name": worker.name,
        "rows": collector.rows(worker.index),
        "made": part.get("rows"),
        "lost": how is not None,
        "how": how,
        **{name: part.get(name) for name in _KEPT},
    }


_KEPT = ("clock_offset_ms", "round_trip_ms", "clock_drift_ms", "batches", "wire_bytes")
