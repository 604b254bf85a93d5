"""The master's side in Locust: its messages, its users' numbers, its start and its end."""

from __future__ import annotations

import sys
from typing import Any

import gevent
from locust.env import Environment
from locust.runners import MasterRunner

from loadtests.conductor import Conductor
from loadtests.control_pipe import Controls
from loadtests.engine import Stop
from loadtests.master_desk import MasterDesk
from loadtests.run_plan import RunPlan
from scenarios.errors import SlagateError
from scenarios.run_folder import RunFolder


class MasterSide:
    """One run, conducted. Building it waits for the workers: Locust starts the users when `init` is done."""

    def __init__(
        self, environment: Environment, runner: MasterRunner, controls: Controls, order: dict[str, Any]
    ) -> None:
        self._runner = runner
        self._controls = controls
        try:
            desk = MasterDesk(environment, runner)
            self._conductor = desk.conductor = Conductor(
                RunPlan.from_message(order["plan"]),
                RunFolder.at(order["run_dir"]),
                workers=order["workers"],
                token=order["token"],
                emit=controls.emit,
                send=desk.send,
            )
            self._conduct = gevent.Greenlet(self._run)
            environment.events.quitting.add_listener(self._on_quitting)
            gevent.spawn(self._obey)
            controls.emit({"event": "listening", "port": runner.server.port})
            self._conductor.gather()
        except (SlagateError, OSError) as error:
            controls.emit({"event": "refused", "message": str(error)})
            sys.exit(2)
        users = sum(self._conductor.lanes.values())
        options = environment.parsed_options
        assert options is not None
        options.num_users = options.spawn_rate = users
        self._conduct.start()

    def _run(self) -> None:
        try:
            self._conductor.conduct()
        except (SlagateError, OSError) as error:
            event = "failed" if self._conductor.started else "refused"
            self._controls.emit({"event": event, "message": str(error)})
        finally:
            self._runner.quit()

    def _on_quitting(self, **_: Any) -> None:
        """Locust is told to end: not before the run has its end.json."""
        if self._conductor.started and not self._conductor.over:
            self._conductor.stop(
                Stop(ended="engine-lost", reason="the Locust master was told to end, not by slagate run")
            )
            self._conductor.cut()
            self._conduct.join()

    def _obey(self) -> None:
        for order in self._controls.orders():
            self._conductor.stop(Stop.ordered(order))
            if order["command"] == "cut":
                self._conductor.cut()
        self._conductor.stop(Stop(ended="interrupted", reason="slagate run was killed"))
        self._conductor.cut()
