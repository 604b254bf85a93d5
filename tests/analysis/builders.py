"""Small recordings to judge: rows with all in order unless a test says otherwise, and folders around them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from analysis.judgement import judge_run
from analysis.verdict import PopulationVerdict, Verdict
from scenarios.kinds import Kind
from scenarios.observation import NEVER, OBSERVATION, Outcome, Rows
from scenarios.run_folder import RunFolder
from scenarios.sla import Sla

S = 1_000_000_000
MS = 1_000_000
T0 = 1_780_000_000 * S
WARM_UP_S = 5
LENGTH_S = 50

SLA: dict[str, Any] = {
    "name": "Transaction processing",
    "source": "Service level, as published",
    "clause": [
        {
            "id": "transaction-time",
            "strength": "will strive to",
            "quote": "10 seconds or less for 90% of transactions",
            "measure": "share_within",
            "limit": "10s",
            "at_least": 0.9,
            "classes": ["healthcare", "payment"],
            "confidence": 0.95,
            "reading": "share",
            "excluding": ["scheduled_maintenance"],
        }
    ],
}


def sla(**changes: Any) -> Sla:
    """The clause of 10 s for 90 % with some of its keys changed."""
    return Sla.model_validate({**SLA, "clause": [{**SLA["clause"][0], **changes}]})


def rows(
    count: int,
    *,
    kind: Kind = Kind.ELIGIBILITY_INQUIRY,
    outcome: Outcome = Outcome.COMPLETED,
    seconds: float = 1.0,
    first: int = 0,
    from_s: float = WARM_UP_S,
    to_s: float = LENGTH_S,
    spread_s: float = 0.0005,
    **columns: Any,
) -> Rows:
    """Rows of one kind, planned evenly in [from_s, to_s), each started at once and ended `seconds` later.

    As times do, they differ a little: by up to `spread_s` less. Times that never vary tell nothing of dependence.
    """
    made = np.zeros(count, dtype=OBSERVATION)
    made["arrival"] = (first + np.arange(count, dtype=np.uint64)) * 256
    made["planned_ns"] = T0 + from_s * S + np.arange(count) * int((to_s - from_s) * S) // max(count, 1)
    made["started_ns"] = made["planned_ns"]
    less = np.random.default_rng(count).integers(0, round(spread_s * S) + 1, count)
    less[: count // 4] = 0
    made["ended_ns"] = (
        made["planned_ns"] + round(seconds * S) - np.random.default_rng(count + 1).permutation(less)
    )
    made["kind"], made["outcome"], made["status"] = kind, outcome, 200
    for name, value in columns.items():
        made[name] = value
    return made


def not_started(count: int, *, own_lag_ms: int, **more: Any) -> Rows:
    """Rows of arrivals that were planned and never sent."""
    return rows(
        count,
        outcome=Outcome.NOT_STARTED,
        started_ns=NEVER,
        ended_ns=NEVER,
        status=0,
        own_lag_ms=own_lag_ms,
        **more,
    )


def both(count: int, **more: Any) -> Rows:
    """The same number of rows of each class."""
    return joined(rows(count, **more), rows(count, kind=Kind.CARD_SALE, **more))


def joined(*parts: Rows) -> Rows:
    """Rows one after the other, each arrival with a number of its own."""
    whole = np.concatenate(parts)
    whole["arrival"] = np.arange(whole.size, dtype=np.uint64) * 256
    return whole


def plan(recorded: Rows, /, **changes: Any) -> dict[str, Any]:
    """A plan.json after which every recorded row was planned."""
    measured = recorded[recorded["planned_ns"] >= T0 + WARM_UP_S * S]
    return {
        "slagate": "0.1.0",
        "run_id": "a-run",
        "nonce": "n0",
        "seed": 1,
        "digest": "d",
        "t0_ns": T0,
        "scenario": {"name": "smoke", "assurance": "smoke", "warm_up": "5s", "longest_stall": "6s"},
        "slas": [SLA],
        "target": {"name": "mock", "time_outs": {"connect": "15s", "first_byte": "60s", "whole": "60s"}},
        "tags": {},
        "payers": ["PAYER01"],
        "planned": {
            "total": recorded.size,
            "by_kind": _by_kind(recorded),
            "measured_by_kind": _by_kind(measured),
        },
        "warm_up_ns": WARM_UP_S * S,
        "length_ns": LENGTH_S * S,
        "lanes": 100,
    } | changes


def end(recorded: Rows, /, **changes: Any) -> dict[str, Any]:
    """An end.json after which every recorded row was due and the run completed."""
    measured = recorded[recorded["planned_ns"] >= T0 + WARM_UP_S * S]
    warm_up = recorded[recorded["planned_ns"] < T0 + WARM_UP_S * S]
    return {
        "ended": "completed",
        "reason": None,
        "stopped_ns": None,
        "ended_ns": T0 + (LENGTH_S + 12) * S,
        "planned": recorded.size,
        "due": recorded.size,
        "not_due": 0,
        "started": recorded.size,
        "recorded": recorded.size,
        "due_by_kind": {"measured": _by_kind(measured), "warm_up": _by_kind(warm_up)},
        "missing": [],
        "missing_by_kind": {},
        "recorder_failure": None,
        "generator": {
            "own_lag_ms": {"p50": 0.1, "p99": 1.0, "max": 3.0},
            "pool_waits": 0,
            "lanes": 100,
            "idle_lanes_min": 50,
            "cpu_share": 0.3,
        },
    } | changes


def run_folder(
    path: Path,
    recorded: Rows,
    *,
    planned: Rows | None = None,
    plan_json: Mapping[str, Any] | None = None,
    end_json: Mapping[str, Any] | None = None,
    killed: bool = False,
    gateway_json: Mapping[str, Any] | None = None,
) -> RunFolder:
    """A run folder with these rows, whose plan and end speak of `planned` (the same by default)."""
    folder = RunFolder(path / "run")
    folder.create()
    base = recorded if planned is None else planned
    folder.plan_file.write_text(json.dumps(plan(base, **(plan_json or {}))))
    if not killed:
        folder.end_file.write_text(json.dumps(end(base, **(end_json or {}))))
    if gateway_json is not None:
        folder.gateway_file.write_text(json.dumps(gateway_json))
    recorded.tofile(folder.observations / "0.rows")
    return folder


def judged(path: Path, recorded: Rows, **more: Any) -> Verdict:
    """The verdict on such a folder."""
    return judge_run(run_folder(path, recorded, **more))


def codes(verdict: Verdict, severity: str | None = None) -> set[str]:
    """The doubts that stand, of one severity or all."""
    return {each.code.text for each in verdict.validity if severity in (None, each.severity.value)}


def population(verdict: Verdict, name: str) -> PopulationVerdict:
    """One class of the first clause."""
    return next(each for each in verdict.clauses[0].populations if each.name == name)


def csv_file(path: Path, lines: Sequence[str], meta: Mapping[str, Any] | None = None) -> Path:
    """An observation file of these lines, with a description where one is given."""
    file = path / "observations.csv"
    file.write_text("\n".join(lines) + "\n")
    if meta is not None:
        (path / "observations.csv.meta.json").write_text(json.dumps(meta))
    return file


HEADER = "planned_ns,started_ns,ended_ns,kind,outcome"


def csv_lines(count: int, *, kind: str = "card_sale", outcome: str = "ok", seconds: float = 1.0) -> list[str]:
    """Lines of one kind, planned every 100 ms from moment 0 on."""
    return [
        f"{i * 100 * MS},{i * 100 * MS},{i * 100 * MS + round(seconds * S) - i * i % 97},{kind},{outcome}"
        for i in range(count)
    ]


def _by_kind(recorded: Rows) -> dict[str, int]:
    return {Kind(number).text: count for number, count in Counter(recorded["kind"].tolist()).items()}
