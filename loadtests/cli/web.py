"""`slagate run --web`: Locust's web UI; a person starts and stops runs, each is judged here as it ends."""

from __future__ import annotations

import queue
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from analysis.exit_codes import ExitCode, InconclusiveAs, worst_exit_code
from loadtests.cli.children import ChildFailedError
from loadtests.cli.fleet import LOOPBACK, Crew, Fleet, WebPlace
from loadtests.cli.sending import Interrupts
from loadtests.cli.verdicts import deliver
from loadtests.run_plan import RunPlan
from scenarios.run_folder import RunFolder

_LOCUSTS_PORT = 8089


def serve_web(
    plan: RunPlan,
    console: Console,
    *,
    crew: Crew,
    environment: Mapping[str, str],
    out: Path,
    run_dir: Path | None,
    as_json: bool,
    inconclusive_as: InconclusiveAs | None,
    keep_account: Callable[[RunFolder], None],
) -> ExitCode:
    """Show the web UI until it is interrupted. The worst of its runs' exit codes; 130 if none has ended.

    `keep_account` writes the embedded gateway's account, which counts from its own start, into a run's folder.
    """
    codes: list[ExitCode] = []
    with tempfile.TemporaryDirectory(prefix="slagate-web-") as room:
        log = Path(room) / "engine.log"
        for port in (_LOCUSTS_PORT, 0):  # any other where Locust's usual one is taken
            kept = str(run_dir.absolute()) if run_dir else ""
            place = WebPlace(port=port, out=str(out.absolute()), run_dir=kept)
            fleet = Fleet(replace(crew, web=place), plan, RunFolder(out), log, environment)
            interrupts = Interrupts(fleet)
            with interrupts.installed():
                fleet.start()
                try:
                    opened = _follow(
                        fleet, console, codes, keep_account, as_json=as_json, inconclusive_as=inconclusive_as
                    )
                finally:
                    fleet.end(in_order=True)
            if opened or interrupts.count:
                break
        else:
            raise ChildFailedError(
                f"the web UI did not open: {log.read_text(encoding='utf-8', errors='replace')}"
            )
    return worst_exit_code(codes) if codes else ExitCode.INTERRUPTED


def _follow(
    fleet: Fleet,
    console: Console,
    codes: list[ExitCode],
    keep_account: Callable[[RunFolder], None],
    *,
    as_json: bool,
    inconclusive_as: InconclusiveAs | None,
) -> bool:
    """Judge runs as they end, until the engine closes its side; whether the web UI was open at all."""
    opened = False
    while True:
        try:
            report = fleet.next_report(0.2)
        except queue.Empty:
            continue
        if report is None:
            return opened
        if report["event"] == "listening":
            console.print(fleet.listening(int(report["port"])), highlight=False, soft_wrap=True)
        elif report["event"] == "web":
            opened = True
            address = f"http://{LOOPBACK}:{report['port']}"
            console.print(f"web UI: {address} (Ctrl-C ends it)", highlight=False, soft_wrap=True)
        elif report["event"] == "started":
            console.print("a run has started", highlight=False)
        elif report["event"] == "refused":
            console.print(str(report["message"]), highlight=False, soft_wrap=True)
        elif report["event"] == "run-ended" and RunFolder(Path(report["run_dir"])).plan_file.exists():
            folder = RunFolder(Path(report["run_dir"]))
            keep_account(folder)
            verdict = deliver(folder, console, as_json=as_json, inconclusive_as=inconclusive_as)
            codes.append(verdict.exit_code)
