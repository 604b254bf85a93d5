"""Sending: the fleet of Locust processes, its progress shown, signals passed on, its end made sure of."""

from __future__ import annotations

import queue
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

import numpy as np

from analysis.stopping import EarlyEnd
from loadtests.accounts import account
from loadtests.cli.children import ChildFailedError
from loadtests.cli.fleet import Crew, Fleet
from loadtests.cli.live_report import View
from loadtests.cli.live_watch import LiveWatch
from loadtests.later_accounts import LaterAccounts
from loadtests.run_plan import RunPlan
from scenarios.errors import RunFolderError
from scenarios.observation import roots_of
from scenarios.run_folder import RunFolder, write_once


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How sending ended, as far as the caller's exit code is concerned."""

    interrupted: bool


class Interrupts:
    """Counts signals and passes them on: the first asks the engine to stop and drain, the second cuts the drain."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self.count = 0

    def __call__(self, number: int, _: FrameType | None) -> None:
        self.count += 1
        reason = f"{signal.Signals(number).name} to slagate run"
        self._fleet.tell({"command": "stop" if self.count == 1 else "cut", "reason": reason})

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
    plan: RunPlan,
    folder: RunFolder,
    *,
    crew: Crew,
    environment: Mapping[str, str],
    views: Sequence[View],
    early_stop: bool = False,
) -> Ending:
    """Carry out the plan, shown to `views`. Returns when end.json stands, whoever had to write it.

    Raises RunFolderError where the engine refused to start, ChildFailedError where it failed before it had sent
    anything, KeyboardInterrupt where it was interrupted by then.
    """
    fleet = Fleet(crew, plan, folder, folder.engine_log, environment)
    interrupts = Interrupts(fleet)

    def order(end: EarlyEnd) -> None:
        fleet.tell({"command": "stop", "ended": end.ended, "reason": end.reason})

    watch = LiveWatch(plan, folder, order, early_stop=early_stop)
    with interrupts.installed():
        last: dict[str, Any] = {}
        fleet.start()
        try:
            with ExitStack() as shown:
                for view in views:
                    shown.enter_context(view)
                last = _follow(fleet, watch, views)
                _show_end(watch, last.get("ended", {}).get("end", {}), views)
        finally:
            code = fleet.end(in_order="ended" in last)
    if "refused" in last:
        if interrupts.count:
            raise KeyboardInterrupt
        raise RunFolderError(str(last["refused"]["message"]))
    if interrupts.count and not folder.plan_file.exists():
        raise KeyboardInterrupt
    if folder.read_end() is None:
        _account_for_lost_engine(
            plan, folder, last, fleet, f"the {crew.engine} process ended with code {code}"
        )
    return Ending(interrupted=interrupts.count > 0)


def _show_end(watch: LiveWatch, accounts: Mapping[str, Any], views: Sequence[View]) -> None:
    if (report := watch.end(accounts)) is not None:
        for view in views:
            view.show(report)


def _follow(fleet: Fleet, watch: LiveWatch, views: Sequence[View]) -> dict[str, Any]:
    """Show reports until the engine closes its side; the last of each event."""
    last: dict[str, Any] = {}
    while True:
        try:
            report = fleet.next_report(0.2)
        except queue.Empty:
            if "started" not in last:
                fleet.check_workers()
            continue
        if report is None:
            return last
        last[str(report["event"])] = report
        if report["event"] == "started":
            watch.begin()
        elif report["event"] == "progress":
            live = watch.hear(report)
            for view in views:
                view.show(live)
        elif report["event"] == "listening":
            _say(views, fleet.listening(int(report["port"])))
        elif report["event"] == "gathering":
            for view in views:
                view.show_gathering(report)
        elif report["event"] == "worker-refused":
            _say(views, f"worker {report['worker']} is refused: it {report['reason']}")


def _say(views: Sequence[View], sentence: str) -> None:
    for view in views:
        view.say(sentence)


def _account_for_lost_engine(
    plan: RunPlan, folder: RunFolder, last: dict[str, Any], fleet: Fleet, how: str
) -> None:
    """Write the end.json that the engine could not: its own if it reported one, else what the rows on disk show."""
    if "ended" in last:
        write_once(folder.end_file, last["ended"]["end"])
        return
    if not folder.plan_file.exists():
        raise ChildFailedError(f"{how} before it sent anything; its log is {folder.engine_log}")
    t0_ns = int(folder.read_plan()["t0_ns"])
    rows = folder.read_observations().rows
    recorded = np.zeros(len(plan.arrivals), dtype=bool)
    recorded[roots_of(rows)] = True
    later = LaterAccounts(plan)
    later.add(rows, t0_ns)
    # it lived at least until its last report and its last row, and its workers until they found it gone; what was
    # due by then and has no row is missing
    elapsed_ns = round(last.get("progress", {}).get("elapsed_s", 0.0) * 1e9)
    lived_ns = [t0_ns + elapsed_ns, int(rows["ended_ns"].max(initial=t0_ns))]
    if fleet.crew.workers > 1:
        lived_ns.append(fleet.workers_stopped_ns() or time.time_ns())
    stopped_ns = max(lived_ns)
    held = np.bincount(rows["worker"], minlength=fleet.crew.workers)
    write_once(
        folder.end_file,
        {
            "ended": "engine-lost",
            "reason": how,
            "stopped_ns": stopped_ns,
            "ended_ns": stopped_ns,
            **account(plan, recorded, stopped_ns - t0_ns, later),
            "started": int((rows["started_ns"] >= 0).sum()),
            "recorder_failure": None,
            "workers": [
                {"worker": place, "rows": int(count), "lost": True} for place, count in enumerate(held)
            ],
            "generator": None,
        },
    )
