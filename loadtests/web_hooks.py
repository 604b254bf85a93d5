"""Locust's web UI under `slagate run --web`: a person starts and stops runs, `slagate` prints each verdict."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import gevent
from locust.env import Environment
from locust.runners import MasterRunner, Runner
from locust.web import WebUI

from loadtests.control_pipe import Controls
from loadtests.engine import Stop
from loadtests.plain_hooks import RunFolders
from loadtests.run_plan import RunPlan
from loadtests.session import Session
from loadtests.web_tab import SlaTab


class WebSide:
    """A session whose orders come from `slagate`."""

    def __init__(
        self, environment: Environment, runner: Runner, controls: Controls, order: dict[str, Any]
    ) -> None:
        self._controls = controls
        plan = RunPlan.from_message(order["plan"])
        folders = RunFolders(order["run_dir"], plan, Path(order["out"]))
        self._session = Session(
            environment, runner, plan, folders, emit=controls.emit, token=order["token"], headless=False
        )
        if environment.web_ui is None:
            sys.exit("the web UI is missing")
        options = environment.parsed_options
        assert options is not None
        options.num_users = options.spawn_rate = sum(plan.lanes_of(order["workers"]))
        SlaTab(environment.web_ui, self._session)
        gevent.spawn(self._obey)
        gevent.spawn(self._open, environment.web_ui, runner)

    def _open(self, web_ui: WebUI, runner: Runner) -> None:
        """Say where the web UI is once it is there; Locust starts it when `init` is done."""
        while (server := getattr(web_ui, "server", None)) is None or not server.started:
            gevent.sleep(0.05)
        if isinstance(runner, MasterRunner):
            self._controls.emit({"event": "listening", "port": runner.server.port})
        self._controls.emit({"event": "web", "port": server.server_port})

    def _obey(self) -> None:
        ending = None
        for order in self._controls.orders():
            stop = Stop(ended="interrupted", reason=order["reason"])
            self._session.stop(stop, cut=order["command"] == "cut")
            ending = ending or gevent.spawn(self._session.end)
        self._session.stop(Stop(ended="interrupted", reason="slagate run was killed"), cut=True)
        self._session.end()
