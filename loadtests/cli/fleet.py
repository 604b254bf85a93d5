"""The Locust processes of a run: one that does it all, or a master with workers, here or elsewhere."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loadtests.cli.children import Child, start_locust
from loadtests.run_plan import RunPlan
from loadtests.spools import clear_spools
from scenarios.errors import DeclarationError, Problem
from scenarios.run_folder import RunFolder

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebPlace:
    """The web UI's port on loopback, and where its runs are kept."""

    port: int
    out: str
    run_dir: str  # of the first run; empty for a name by date


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """How many processes send, where the workers are started and where the master listens."""

    workers: int = 1
    elsewhere: bool = False
    host: str = LOOPBACK
    port: int = 0  # 0: any that is free; Locust takes it and says which
    web: WebPlace | None = None  # where the web UI is to be; then a person starts and stops runs

    @classmethod
    def of(
        cls, *, workers: int | None, distributed: bool, expect_workers: int | None, master_bind: str | None
    ) -> Crew:
        """The crew that the options ask for. Raises DeclarationError."""
        if not distributed:
            for name, given in (("--expect-workers", expect_workers), ("--master-bind", master_bind)):
                if given is not None:
                    raise _wrong(name, "goes with --distributed; --workers starts workers on this machine")
            return cls(workers=workers or 1)
        if workers is not None:
            raise _wrong(
                "--workers", "starts workers on this machine; with --distributed say --expect-workers"
            )
        host, port = parse_address(master_bind or f"{LOOPBACK}:5557", "--master-bind")
        return cls(workers=expect_workers or 1, elsewhere=True, host=host, port=port)

    @property
    def solo(self) -> bool:
        """Whether one process does it all."""
        return self.workers == 1 and not self.elsewhere

    @property
    def engine(self) -> str:
        """What the process is that reports to us."""
        return "Locust" if self.solo else "Locust master"


class Fleet:
    """The engine that reports to us, and the workers that we start for it."""

    def __init__(
        self, crew: Crew, plan: RunPlan, folder: RunFolder, log: Path, environment: Mapping[str, str]
    ) -> None:
        self.crew = crew
        self._plan = plan
        self._folder = folder
        self._log = log
        self._environment = environment
        self._token = "" if crew.elsewhere else secrets.token_hex(8)
        self._engine: Child | None = None
        self._workers: list[Child] = []
        self._before_start: list[dict[str, Any]] = []
        self._started = False

    def start(self) -> None:
        """Start the engine and tell it what to do."""
        order: dict[str, Any] = {
            "role": "solo" if self.crew.solo else "master",
            "plan": self._plan.to_message(),
            "run_dir": str(self._folder.path),
            "workers": self.crew.workers,
            "token": self._token,
        }
        arguments = ["--only-summary"]
        if not self.crew.solo:
            arguments += ["--master", "--master-bind-host", self.crew.host]
            arguments += ["--master-bind-port", str(self.crew.port)]
        if self.crew.web is not None:
            arguments += ["--web-host", LOOPBACK, "--web-port", str(self.crew.web.port)]
            order |= {"role": "web", "out": self.crew.web.out, "run_dir": self.crew.web.run_dir}
        else:
            arguments.append("--headless")
        if self.crew.solo:
            arguments += ["--users", str(self._plan.lanes), "--spawn-rate", str(self._plan.lanes)]
        self._engine = start_locust(arguments, self._log, self._environment)
        self._engine.tell(order)
        self._started = True
        while self._before_start:
            self._engine.tell(self._before_start.pop(0))

    def listening(self, port: int) -> str:
        """The master is there: start its workers, or say how people start them."""
        if self.crew.elsewhere:
            return (
                f"Waiting for {self.crew.workers} workers; start each with "
                f"`slagate worker --master HOST:{port}` (the master listens on {self.crew.host})."
            )
        for _ in range(self.crew.workers):
            worker = start_worker(LOOPBACK, port, self._token, self._log, self._environment)
            self._workers.append(worker)
        return f"{self.crew.workers} workers start."

    def check_workers(self) -> None:
        """Before the start: a worker that has ended will not come."""
        for place, worker in enumerate(self._workers):
            if worker.has_ended:
                reason = f"worker process {place} ended before the start (see {self._log.name})"
                self.tell({"command": "cut", "reason": reason})

    def tell(self, order: dict[str, Any]) -> None:
        """Give the engine an order. A signal may come while it is being started: then after its first order."""
        if self._engine is not None and self._started:
            self._engine.tell(order)
        else:
            self._before_start.append(order)

    def next_report(self, within_s: float) -> dict[str, Any] | None:
        """The engine's next report; None when it has closed its side. Raises queue.Empty."""
        assert self._engine is not None
        return self._engine.next_report(within_s)

    def end(self, *, in_order: bool) -> int:
        """See everybody to the end; where the engine did not end in order, nobody takes the workers' rows.
        Returns the engine's exit code."""
        code = self._engine.end() if self._engine is not None else 0
        for worker in self._workers:
            if not in_order:
                worker.tell({"command": "cut", "reason": "the master is gone"})
            worker.close_input()
        for worker in self._workers:
            worker.end()
        return code

    def workers_stopped_ns(self) -> int | None:
        """When the last worker stopped sending, once all have ended; None where one did not live to say so."""
        moments = [worker.last_report("left").get("stopped_ns") for worker in self._workers]
        known = [int(moment) for moment in moments if moment is not None]
        return max(known) if known and len(known) == len(moments) else None


def start_worker(host: str, port: int, token: str, log: Path | None, environment: Mapping[str, str]) -> Child:
    """A Locust worker for the master at this address; first it tidies up after those that were killed."""
    for left in clear_spools():
        print(
            f"rows of a worker that was killed are in {left}; remove it when nobody misses them",
            file=sys.stderr,
        )
    arguments = ["--worker", "--master-host", host, "--master-port", str(port)]
    worker = start_locust(arguments, log, environment)
    worker.tell({"role": "worker", "token": token})
    return worker


def parse_address(text: str, option: str) -> tuple[str, int]:
    """HOST:PORT. Raises DeclarationError."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise _wrong(f"{option} {text}", "write HOST:PORT, as in 10.0.0.5:5557")
    return host, int(port)


def _wrong(source: str, message: str) -> DeclarationError:
    return DeclarationError(source, [Problem(where="", message=message)])
