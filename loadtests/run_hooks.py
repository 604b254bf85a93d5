"""Where slagate meets Locust: which part this process plays, and what it is to do, comes from `slagate`.

solo      the whole run in one process (this module)
master    conducts workers (`master_hooks`)
worker    sends a share (`worker_hooks`)
web       runs that a person starts and stops (`web_hooks`)

Without `slagate` it is a plain `locust -f` (`plain_hooks`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import gevent
from locust.env import Environment
from locust.event import Events
from locust.runners import Runner

from loadtests import plain_hooks
from loadtests.auth import resolve_credentials
from loadtests.control_pipe import Controls, begins_here
from loadtests.engine import Engine, Stop
from loadtests.engines import engine_of, put_engine
from loadtests.master_hooks import MasterSide
from loadtests.run_plan import RunPlan
from loadtests.solo import SoloHome
from loadtests.web_hooks import WebSide
from loadtests.worker_hooks import WorkerSide
from scenarios.errors import SlagateError
from scenarios.run_folder import RunFolder

__all__ = ["engine_of", "install"]


def install(events: Events) -> None:
    """Register the hooks; called by the locustfile, which itself holds no state."""
    if not begins_here():
        plain_hooks.install(events)
        return
    controls = Controls()
    sides: dict[str, Callable[..., object]] = {
        "solo": _solo,
        "master": MasterSide,
        "worker": WorkerSide,
        "web": WebSide,
    }

    def on_init(environment: Environment, runner: Runner, **_: Any) -> None:
        order = controls.first()
        if order is None:
            sys.exit("slagate is gone")
        environment.process_exit_code = 0  # the verdict is formed by `slagate run`, from the run folder
        sides[order["role"]](environment, runner, controls, order)

    events.init.add_listener(on_init)


def _solo(environment: Environment, runner: Runner, controls: Controls, order: dict[str, Any]) -> None:
    try:
        plan = RunPlan.from_message(order["plan"])
        folder = RunFolder.at(order["run_dir"])
        home = SoloHome(plan, folder, controls.emit)
        engine = Engine(plan, resolve_credentials(plan.target), folder, home)
    except (SlagateError, OSError) as error:
        controls.emit({"event": "refused", "message": str(error)})
        sys.exit(2)
    put_engine(environment, engine)

    def run(**_: Any) -> None:
        gevent.spawn(_run, engine, runner, controls)

    def finish(**_: Any) -> None:
        engine.stop(
            Stop(ended="engine-lost", reason="the Locust process was told to end, not by slagate run")
        )
        runner.stop()
        engine.finish()

    environment.events.spawning_complete.add_listener(run)
    environment.events.quitting.add_listener(finish)
    gevent.spawn(_obey, engine, home, controls.orders())


def _run(engine: Engine, runner: Runner, controls: Controls) -> None:
    try:
        engine.run(kill_users=runner.stop)
    except (SlagateError, OSError) as error:
        controls.emit({"event": "refused" if not engine.started else "failed", "message": str(error)})
    finally:
        runner.quit()


def _obey(engine: Engine, home: SoloHome, orders: Iterator[dict[str, Any]]) -> None:
    """Follow orders of `slagate run`, each of which ends the run or what is left of it; when it is gone, end without
    a drain."""
    for order in orders:
        home.cancel()
        engine.stop(Stop.ordered(order))
        if order["command"] == "cut":
            engine.cut()
    engine.stop(Stop(ended="interrupted", reason="slagate run was killed"))
    engine.cut()
