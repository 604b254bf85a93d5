"""The worker's side in Locust: its reports and batches, the users of its share, and its end."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import gevent
from locust.env import Environment
from locust.rpc import Message
from locust.runners import WorkerRunner

from loadtests.conductor import BATCH, HELD, ORDERS, REPORT
from loadtests.engines import put_engine
from loadtests.plan_files import Fetching
from loadtests.spools import spool_prefix
from loadtests.worker_part import WorkerPart
from scenarios.errors import SlagateError

_TICK_S = 0.05
_REPORT_EVERY_S = 0.25  # while it is going; before that with each tick, which measures the clocks
_STALL_S = 0.5
_LEAVES_WITHIN_S = 30.0


class Line(Protocol):
    """What a worker needs of `loadtests.control_pipe.Controls`."""

    def emit(self, message: dict[str, Any]) -> None:
        """Report."""

    def orders(self) -> Iterator[dict[str, Any]]:
        """Orders as they come; its end means that whoever gave them is gone."""


class WorkerSide:
    """One worker process, which may take part in several runs one after the other."""

    def __init__(
        self, environment: Environment, runner: WorkerRunner, controls: Line, order: dict[str, Any]
    ) -> None:
        self._environment = environment
        self._runner = runner
        self._controls = controls
        self._token = order["token"]
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._part: WorkerPart | None = None
        self._problem: tuple[str, str] | None = None  # run, and why it cannot take part in it
        self._files: tuple[str, Fetching] | None = None  # run, and what it reads its traffic from
        self._room = tempfile.TemporaryDirectory(prefix=spool_prefix())
        self._running = gevent.Greenlet()
        self._leaving = False
        runner.register_message(ORDERS, self._on_orders)
        runner.register_message(HELD, self._on_held)
        environment.events.test_start.add_listener(self._on_start)
        environment.events.quitting.add_listener(self._on_quitting)
        gevent.spawn(self._tick)
        gevent.spawn(self._obey)
        controls.emit({"event": "connected"})

    def _tick(self) -> None:
        last = reported = 0.0
        while True:
            now, part = time.monotonic(), self._part
            if part is not None:
                if now - last > _STALL_S:
                    part.forgive(now - last)
                elif part.master_silent and not self._leaving:
                    gevent.spawn(self._leave, "nothing was heard of the master for 4 s", 70)
                part.ship()
            if part is None or part.state in ("planned", "standing") or now > reported + _REPORT_EVERY_S:
                reported = now
                self._report()
            last = now
            gevent.sleep(_TICK_S)

    def _report(self) -> None:
        report: dict[str, Any] = {
            "version": version("slagate"),
            "name": self._name,
            "token": self._token,
            "run": None,
            "state": "new",
        }
        if self._part is not None:
            report |= self._part.report()
        if self._problem is not None:
            report |= {"run": self._problem[0], "state": "new", "problem": self._problem[1]}
        elif self._files is not None:
            report["wants"] = self._files[1].wants
        self._runner.send_message(REPORT, report | {"sent_ns": time.monotonic_ns()})

    def _on_orders(self, msg: Message, **_: Any) -> None:
        orders = {**msg.data, "received_ns": time.monotonic_ns()}
        if orders["refused"]:
            if not self._leaving:
                gevent.spawn(self._leave, f"the master refuses this worker: it {orders['refused']}", 2)
        elif "plan" in orders:
            self._join(orders)
        elif self._part is not None and orders["run"] == self._part.run:
            self._part.obey(orders)
            if self._part.over.is_set():
                self._part.close()

    def _on_held(self, msg: Message, **_: Any) -> None:
        if self._part is not None:
            self._part.held(msg.data)

    def _join(self, orders: dict[str, Any]) -> None:
        """Take part in a run, unless one is going on here."""
        if self._part is not None and (self._part.run == orders["run"] or self._part.state != "ended"):
            return
        if self._problem is not None and self._problem[0] == orders["run"]:
            return
        try:
            if not self._has_files(orders):
                return
            self._part = WorkerPart(orders, lambda batch: self._runner.send_message(BATCH, batch))
        except (SlagateError, OSError, ValueError) as error:
            self._problem = (orders["run"], str(error))
            return
        put_engine(self._environment, self._part.engine)

    def _has_files(self, orders: dict[str, Any]) -> bool:
        """Whether all that the plan's traffic is read from is here; the plan then names it where it lies."""
        if self._files is None or self._files[0] != orders["run"]:
            self._files = orders["run"], Fetching(orders["plan"], Path(self._room.name))
        files = self._files[1]
        if files.take(orders.get("piece")) and files.wants:
            self._report()  # ask for the next piece at once
        if files.wants is None:
            orders["plan"] = files.plan_message()
        return files.wants is None

    def _on_start(self, **_: Any) -> None:
        """Locust is about to start the users."""
        if self._part is not None:
            self._running = gevent.spawn(self._part.engine.run, self._kill_users)

    def _kill_users(self) -> None:
        self._runner.user_greenlets.kill(block=True)

    def _on_quitting(self, **_: Any) -> None:
        """Locust is told to end. Where that is not because the run is over, it ends the part in order first."""
        self._end_part("this worker was told to end")

    def _end_part(self, why: str, *, hand_over: bool = True) -> None:
        part = self._part
        if part is None:
            return
        part.abandon(why, hand_over=hand_over)
        self._running.join(timeout=_LEAVES_WITHIN_S)
        if hand_over and not part.over.is_set() and not part.master_silent:
            self._report()
            part.over.wait(timeout=1)  # the last report is repeated until the master has seen it, or a second
        part.close()
        if part.kept is not None:
            print(f"rows that could not be handed over are kept in {part.kept}", file=sys.stderr)

    def _leave(self, why: str, code: int, *, hand_over: bool = True) -> None:
        """End this process: it is not wanted, or there is nobody to work for."""
        self._leaving = True
        print(f"worker {self._name}: {why}", file=sys.stderr)
        self._environment.process_exit_code = code
        self._end_part(why, hand_over=hand_over)
        stopped_ns = self._part.engine.stopped_ns if self._part is not None else None
        self._controls.emit({"event": "left", "message": why, "code": code, "stopped_ns": stopped_ns})
        self._runner.quit()

    def _obey(self) -> None:
        for order in self._controls.orders():
            why, hand_over = f"this worker was told to end ({order['reason']})", order["command"] == "stop"
            gevent.spawn(self._leave, why, 130, hand_over=hand_over)
        if not self._leaving:
            self._leave("slagate is gone", 70)
