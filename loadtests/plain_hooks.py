"""A plain `locust -f loadtests/locustfile.py --scenario NAME --target NAME_OR_URL`: slagate's runs under Locust's own
flags, headless or with the web UI, in one process or as master and workers; it ends with slagate's exit codes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import gevent
from locust.env import Environment
from locust.event import Events
from locust.runners import Runner, WorkerRunner
from locust.web import WebUI

from loadtests.embedded import with_embedded_gateway
from loadtests.plan_checks import check_ceilings, check_plan
from loadtests.run_plan import RunPlan
from loadtests.session import Session
from loadtests.web_tab import SlaTab
from loadtests.worker_hooks import WorkerSide
from scenarios.errors import SlagateError
from scenarios.loading import load_scenario, load_sla, load_target
from scenarios.run_folder import RunFolder
from scenarios.target import Target


def install(events: Events) -> None:
    """Register options and hooks."""
    events.init_command_line_parser.add_listener(_add_options)
    events.init.add_listener(_on_init)


def _add_options(parser: argparse.ArgumentParser, **_: Any) -> None:
    group = parser.add_argument_group("slagate")
    group.add_argument("--scenario", default="smoke", help="Scenario file, or a shipped one's name.")
    group.add_argument("--target", default="mock", help="Target file, a shipped one's name, or a mock's URL.")
    group.add_argument("--sla", default="instamed", help="SLA file, or a shipped one's name.")
    group.add_argument("--run-dir", default="", help="Run folder; later runs get it with -2, -3 and so on.")


def _on_init(environment: Environment, runner: Runner, web_ui: WebUI | None, **_: Any) -> None:
    options = environment.parsed_options
    assert options is not None
    if isinstance(runner, WorkerRunner):
        environment.process_exit_code = 0
        WorkerSide(environment, runner, NoControls(), {"token": ""})
        return
    try:
        plan = _resolved(options)
        plan = with_embedded_gateway(plan)
    except (SlagateError, OSError) as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    session = Session(
        environment, runner, plan, RunFolders(options.run_dir, plan), emit=_say, headless=web_ui is None
    )
    environment.process_exit_code = 130  # until a run has ended, nothing was measured
    options.num_users = options.spawn_rate = session.users
    if web_ui is not None:
        SlaTab(web_ui, session)


def _resolved(options: Any) -> RunPlan:
    """The plan that the options ask for, guarded and checked as `slagate run` does. Raises DeclarationError."""
    scenario, target = load_scenario(options.scenario), _target(options.target)
    plan = RunPlan(
        scenario=scenario,
        slas=(load_sla(options.sla),),
        target=target,
        seed=scenario.seed,
        command=tuple(sys.argv[1:]),
    )
    check_ceilings(plan, options.target)
    check_plan(plan, options.scenario, 1)
    return plan


def _target(name: str) -> Target:
    """A target by file or name; a URL is that of a mock gateway that runs already."""
    if not name.startswith(("http://", "https://")):
        return load_target(name)
    return (
        load_target("mock").at(name.rstrip("/")).model_copy(update={"embedded_gateway": None, "name": name})
    )


def _say(report: dict[str, Any]) -> None:
    if report["event"] == "run-ended":
        print(f"{report['sentence']}\nrun folder: {report['run_dir']}", flush=True)


class RunFolders:
    """A new folder for each run: below `runs/` by date and scenario, or the given one and its successors."""

    def __init__(self, given: str, plan: RunPlan, parent: Path = Path("runs")) -> None:
        self._given = given
        self._name = plan.scenario.name
        self._parent = parent
        self._count = 0

    def __call__(self) -> RunFolder:
        self._count += 1
        if self._given:
            return RunFolder.at(self._given if self._count == 1 else f"{self._given}-{self._count}")
        return RunFolder.at(self._parent / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{self._name}")


class NoControls:
    """In place of the line to `slagate` where there is none."""

    def emit(self, message: dict[str, Any]) -> None:
        """Nobody listens."""

    def orders(self) -> Iterator[dict[str, Any]]:
        """None ever comes."""
        gevent.sleep(10**9)
        yield from ()
