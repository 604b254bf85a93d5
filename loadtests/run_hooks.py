"""Where the engine meets Locust: built at `init`, started when all users wait, finished before Locust quits."""

from __future__ import annotations

import sys
from typing import Any
from weakref import WeakKeyDictionary

import gevent
from locust.env import Environment
from locust.event import Events
from locust.runners import Runner
from locust.stats import StatsError

from loadtests.control_pipe import ControlPipe
from loadtests.engine import Engine, Stop
from loadtests.locust_statistics import Failure, feed
from loadtests.run_plan import RunPlan
from loadtests.wires.credentials import Credentials
from scenarios.errors import SlagateError
from scenarios.observation import Rows
from scenarios.run_folder import RunFolder

_engines: WeakKeyDictionary[Environment, Engine] = WeakKeyDictionary()


def engine_of(environment: Environment) -> Engine:
    """The engine of this Locust environment."""
    return _engines[environment]


def attach(environment: Environment, engine: Engine) -> None:
    """Make this the engine of the environment's users, and its rows what Locust's statistics are fed from.

    Locust's own listener of the `request` event is taken off: the rows bring the same numbers, a tenth of a second
    later. The event is fired for whoever else listens when a user starts.
    """
    _engines[environment] = engine
    handlers = environment.events.request._handlers
    handlers[:] = [handler for handler in handlers if handler.__module__ != Runner.__module__]

    def feed_statistics(rows: Rows, failures: list[Failure]) -> None:
        if environment.runner is not None:
            feed(environment.runner.stats, rows, failures, StatsError)

    engine.on_rows = feed_statistics


def install(events: Events) -> None:
    """Register the hooks; called by the locustfile, which itself holds no state."""
    events.init.add_listener(_on_init)


def _on_init(environment: Environment, runner: Runner, **_: Any) -> None:
    pipe = ControlPipe()
    orders = pipe.lines()
    order = next(orders, None)
    if order is None:
        sys.exit("this locustfile is started by `slagate run`, which tells it what to send")
    try:
        engine = Engine(
            RunPlan.from_message(order),
            Credentials(**order["credentials"]),
            RunFolder.at(order["run_dir"]),
            pipe.emit,
        )
    except (SlagateError, OSError) as error:
        pipe.emit({"event": "refused", "message": str(error)})
        sys.exit(2)
    attach(environment, engine)
    environment.process_exit_code = 0  # the verdict is formed by `slagate run`, from the run folder

    def run(**_: Any) -> None:
        gevent.spawn(_run, engine, runner, pipe)

    def finish(**_: Any) -> None:
        engine.stop(
            Stop(ended="engine-lost", reason="the Locust process was told to end, not by slagate run")
        )
        runner.stop()
        engine.finish()

    environment.events.spawning_complete.add_listener(run)
    environment.events.quitting.add_listener(finish)
    gevent.spawn(_obey, engine, orders)


def _run(engine: Engine, runner: Runner, pipe: ControlPipe) -> None:
    try:
        engine.run(kill_users=runner.stop)
    except (SlagateError, OSError) as error:
        pipe.emit({"event": "refused" if not engine.started else "failed", "message": str(error)})
    finally:
        runner.quit()


def _obey(engine: Engine, orders: Any) -> None:
    """Follow orders of `slagate run`; when it is gone, end without a drain."""
    for order in orders:
        engine.stop(Stop(ended="interrupted", reason=order["reason"]))
        if order["command"] == "cut":
            engine.cut()
    engine.stop(Stop(ended="interrupted", reason="slagate run was killed"))
    engine.cut()
