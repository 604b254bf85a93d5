"""Sending: the engine as a child process, its progress shown, signals passed on, its end made sure of."""

from __future__ import annotations

import queue
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

import numpy as np
from rich.console import Console

from loadtests.accounting import account
from loadtests.cli.children import Child, ChildFailedError, start_engine
from loadtests.cli.progress import Progress
from loadtests.run_plan import RunPlan
from loadtests.wires.credentials import Credentials
from scenarios.errors import RunFolderError
from scenarios.observation import STEPS_PER_ROOT
from scenarios.run_folder import RunFolder, write_once


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How sending ended, as far as the caller's exit code is concerned."""

    interrupted: bool


class _Interrupts:
    """Counts signals and passes them on: the first asks the engine to stop and drain, the second cuts the drain."""

    def __init__(self, engine: Child) -> None:
        self._engine = engine
        self.count = 0

    def __call__(self, number: int, _: FrameType | None) -> None:
        self.count += 1
        reason = f"{signal.Signals(number).name} to slagate run"
        self._engine.tell({"command": "stop" if self.count == 1 else "cut", "reason": reason})

    @contextmanager
    def installed(self) -> Iterator[None]:
        """While these handlers stand for SIGINT and SIGTERM."""
        before = {number: signal.signal(number, self) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def send(
    plan: RunPlan, credentials: Credentials, folder: RunFolder, console: Console, *, silent: bool
) -> Ending:
    """Carry out the plan. Returns when end.json stands, whoever had to write it.

    Raises RunFolderError where the engine refused to start for want of a folder, ChildFailedError where it failed
    before it had sent anything.
    """
    engine = start_engine(plan.lanes, folder.engine_log)
    interrupts = _Interrupts(engine)
    with interrupts.installed():
        engine.tell(plan.to_message(credentials, str(folder.path)))
        with Progress(console, plan.scenario.length_s, plan.largest_limit_s, silent=silent) as progress:
            last = _follow(engine, progress)
        code = engine.end()
    if folder.read_end() is None:
        _account_for_lost_engine(plan, folder, last, f"the Locust process ended with code {code}")
    return Ending(interrupted=interrupts.count > 0)


def _follow(engine: Child, progress: Progress) -> dict[str, Any]:
    """Show reports until the engine closes its side; the last of each event."""
    last: dict[str, Any] = {}
    while True:
        try:
            report = engine.next_report(0.2)
        except queue.Empty:
            continue
        if report is None:
            return last
        last[str(report["event"])] = report
        if report["event"] == "progress":
            progress.show(report)
        elif report["event"] == "refused":
            engine.end()
            raise RunFolderError(str(report["message"]))


def _account_for_lost_engine(plan: RunPlan, folder: RunFolder, last: dict[str, Any], how: str) -> None:
    """Write the end.json that the engine could not: its own if it reported one, else what the rows on disk show."""
    if "ended" in last:
        write_once(folder.end_file, last["ended"]["end"])
        return
    if not folder.plan_file.exists():
        raise ChildFailedError(f"{how} before it sent anything; its log is {folder.engine_log}")
    t0_ns = int(folder.read_plan()["t0_ns"])
    rows = folder.read_observations().rows
    recorded = np.zeros(len(plan.arrivals), dtype=bool)
    recorded[rows["arrival"] // STEPS_PER_ROOT] = True
    # it lived at least until its last report and its last row; what was due by then and has no row is missing
    elapsed_ns = round(last.get("progress", {}).get("elapsed_s", 0.0) * 1e9)
    stopped_ns = max(t0_ns + elapsed_ns, int(rows["ended_ns"].max(initial=t0_ns)))
    due = int(np.searchsorted(plan.arrivals.offset_ns, stopped_ns - t0_ns, side="left"))
    missing = plan.arrivals.root[:due][~recorded[:due]]
    write_once(
        folder.end_file,
        {
            "ended": "engine-lost",
            "reason": how,
            "stopped_ns": stopped_ns,
            "ended_ns": stopped_ns,
            **account(plan, due, recorded),
            "started": int((rows["started_ns"] >= 0).sum()),
            "missing": [int(root) * STEPS_PER_ROOT for root in missing[:1000]],
            "recorder_failure": None,
            "workers": [{"worker": 0, "rows": len(rows), "lost": True}],
            "generator": None,
        },
    )
