"""Runs that a person starts and stops in Locust, one after the other: each has a folder, a nonce and an end of its own.

Used with Locust's web UI and with a plain `locust -f`. A single run conducted by `slagate run` needs none of this.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import gevent
from locust.env import Environment
from locust.runners import MasterRunner, Runner

from loadtests.auth import resolve_credentials
from loadtests.conductor import Conductor
from loadtests.engine import Engine, Stop
from loadtests.engines import put_engine
from loadtests.lane_dispatcher import fixed_lanes
from loadtests.master_desk import MasterDesk
from loadtests.room import make_room
from loadtests.run_plan import RunPlan, new_nonce
from loadtests.solo import SoloHome
from loadtests.verdict_child import ask_for_verdict, exit_code_of
from scenarios.errors import SlagateError
from scenarios.run_folder import RunFolder

_log = logging.getLogger(__name__)


class Session:
    """Follows Locust's own start and stop; judges each run when it has ended."""

    def __init__(
        self,
        environment: Environment,
        runner: Runner,
        plan: RunPlan,
        new_folder: Callable[[], RunFolder],
        *,
        emit: Callable[[dict[str, Any]], None],
        token: str = "",
        headless: bool,
    ) -> None:
        self._environment = environment
        self._runner = runner
        self._plan = plan
        self._new_folder = new_folder
        self._pass_on = emit
        self._token = token
        self._headless = headless
        self._desk = MasterDesk(environment, runner) if isinstance(runner, MasterRunner) else None
        self._present: Engine | Conductor | None = None
        self._run = gevent.Greenlet()
        self._asked_to_stop = False
        self.folder: RunFolder | None = None  # of the present run, or the last
        self.progress: dict[str, Any] = {}
        self.verdict: dict[str, Any] | None = None  # of the last run that has ended
        if self._desk is None:
            environment.dispatcher_class = fixed_lanes(self._local_lanes)  # type: ignore[assignment]
        environment.events.test_start.add_listener(self._on_start)
        environment.events.test_stopping.add_listener(self._on_stopping)
        environment.events.quitting.add_listener(self._on_quitting)

    @property
    def going(self) -> bool:
        """Whether a run goes on."""
        return bool(self._run)

    @property
    def users(self) -> int:
        """How many users a run has, whatever number Locust is asked for."""
        return sum(self._plan.lanes_of(self._workers))

    def end(self) -> None:
        """Stop what goes on, in order, and Locust with it."""
        self._on_stopping()
        self._runner.quit()
        if self._environment.web_ui is not None:
            self._environment.web_ui.stop()

    def stop(self, stop: Stop, *, cut: bool = False) -> None:
        """Stop the present run; it drains, unless it is cut."""
        if self._present is not None:
            self._present.stop(stop)
            if cut:
                self._present.cut()

    @property
    def _workers(self) -> int:
        return max(1, len(self._runner.clients.ready)) if isinstance(self._runner, MasterRunner) else 1

    def _local_lanes(self) -> dict[str, int]:
        return {"local": self._plan.lanes}

    def _on_start(self, **_: Any) -> None:
        """Locust is about to start users: a new run, in a new folder."""
        self._asked_to_stop, self.progress = False, {}
        folder, plan = self._new_folder(), replace(self._plan, nonce=new_nonce())
        try:
            make_room(folder, plan.transactions_at_most)
            self._begin(plan, folder)
        except (SlagateError, OSError) as error:
            _log.error("%s; nothing was sent", error)
            self._pass_on({"event": "refused", "message": str(error)})
            gevent.spawn(self._runner.quit if self._headless else self._runner.stop)
            return
        self.folder = folder
        self._runner.target_user_count = self.users  # whatever number was asked for
        self._run.start()

    def _begin(self, plan: RunPlan, folder: RunFolder) -> None:
        if self._desk is None:
            credentials = resolve_credentials(plan.target)
            engine = Engine(plan, credentials, folder, SoloHome(plan, folder, self._emit))
            put_engine(self._environment, engine)
            self._present = engine
            self._run = gevent.Greenlet(self._carry, lambda: engine.run(self._kill_users), folder)
            return
        conductor = Conductor(
            plan, folder, workers=self._workers, token=self._token, emit=self._emit, send=self._desk.send
        )
        self._desk.conductor = self._present = conductor
        conductor.gather()
        self._run = gevent.Greenlet(self._carry, conductor.conduct, folder)

    def _carry(self, run: Callable[[], None], folder: RunFolder) -> None:
        """A run from its start to its verdict."""
        try:
            run()
        except (SlagateError, OSError) as error:
            _log.error("%s", error)
        self._judge(folder)
        if not self._asked_to_stop:  # it came to its own end; let Locust know
            self._runner.stop()
            if self._headless:
                self._runner.quit()

    def _judge(self, folder: RunFolder) -> None:
        self.verdict = ask_for_verdict(folder)
        self._environment.process_exit_code = exit_code_of(self.verdict)
        sentence = self.verdict["sentence"] if self.verdict else "no verdict could be formed"
        self._pass_on({"event": "run-ended", "run_dir": str(folder.path), "sentence": sentence})

    def _on_stopping(self, **_: Any) -> None:
        """Locust is told to stop, and waits for this: drain, hand over, write the accounts, judge."""
        if self._run is gevent.getcurrent() or not self._run:
            return
        self._asked_to_stop = True
        self.stop(Stop(ended="interrupted", reason="stopped in Locust"))
        self._run.join()

    def _on_quitting(self, **_: Any) -> None:
        self._on_stopping()

    def _kill_users(self) -> None:
        self._runner.user_greenlets.kill(block=True)

    def _emit(self, report: dict[str, Any]) -> None:
        if report["event"] == "progress":
            self.progress = report
        self._pass_on(report)
