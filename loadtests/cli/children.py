"""The child processes of a run: the embedded mock gateway and the Locust engine.

Both stand in sessions of their own, so that Ctrl-C reaches `slagate run` alone, and both end when their standard
input ends, so that not even `kill -9` of `slagate run` leaves them behind.
"""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from analysis.exit_codes import ExitCode
from loadtests.control_pipe import STARTED_BY_SLAGATE
from scenarios.errors import DeclarationError, Problem, SlagateError

_GATEWAY_STARTS_WITHIN_S = 20.0
_ENDS_WITHIN_S = 5.0


class ChildFailedError(SlagateError, RuntimeError):
    """A child process could not be started; nothing was measured."""


class Child:
    """A process that reports JSON lines on standard output and lives no longer than its standard input."""

    def __init__(
        self, command: list[str], *, environment: Mapping[str, str], errors: IO[bytes] | int | None
    ) -> None:
        self.reports: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=dict(environment),
            start_new_session=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with contextlib.suppress(ValueError):  # a killed writer's torn line says nothing
                self.reports.put(json.loads(line))
        self.reports.put(None)

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def tell(self, order: dict[str, Any]) -> None:
        """Send one order; a child that is gone is found out by its missing reports."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()

    def next_report(self, within_s: float) -> dict[str, Any] | None:
        """The next report. Raises queue.Empty after `within_s`; None when the child has closed its side."""
        return self.reports.get(timeout=within_s)

    def last_report(self, event: str) -> dict[str, Any]:
        """Of a child that has ended: the last report of this event among those nobody has read; empty without."""
        found: dict[str, Any] = {}
        with contextlib.suppress(queue.Empty):
            while (report := self.reports.get(timeout=1)) is not None:
                found = report if report.get("event") == event else found
        return found

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self._process.poll() is not None

    def close_input(self) -> None:
        """Let it know that nobody needs it any more."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()

    def end(self) -> int:
        """Close its input and wait for its end; kill it where it does not come. Returns its exit code."""
        self.close_input()
        try:
            return self._process.wait(_ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def said_on_error(self) -> str:
        """What a child that was started with `errors=subprocess.PIPE` wrote to standard error."""
        return self._process.stderr.read().decode("utf-8", "replace").strip() if self._process.stderr else ""


def start_gateway(profile: str, seed: int, environment: Mapping[str, str]) -> tuple[Child, str]:
    """The embedded mock gateway and its base URL.

    Raises DeclarationError where it refuses its settings, ChildFailedError where it fails, with what it said.
    """
    command = [
        sys.executable,
        "-m",
        "mock_gateway",
        "--profile",
        profile,
        "--seed",
        str(seed),
        "--exit-with-stdin",
    ]
    child = Child(command, environment=environment, errors=subprocess.PIPE)
    until = time.monotonic() + _GATEWAY_STARTS_WITHIN_S
    while time.monotonic() < until:
        try:
            report = child.next_report(until - time.monotonic())
        except queue.Empty:
            break
        if report is None:
            break
        if report.get("event") == "listening":
            threading.Thread(target=child.said_on_error, daemon=True).start()  # keep its pipe from filling up
            return child, str(report["url"])
    code = child.end()
    said = child.said_on_error()
    if code == ExitCode.WRONG_INPUT:
        raise DeclarationError("embedded gateway", [Problem(where="", message=said)])
    raise ChildFailedError(said or f"the mock gateway did not start (exit code {code})")


def start_locust(arguments: list[str], log: Path | None, environment: Mapping[str, str]) -> Child:
    """Locust with our locustfile, silent but for its log, which without a file is our standard error."""
    locustfile = Path(__file__).parent.parent / "locustfile.py"
    command = [sys.executable, "-m", "locust", "-f", str(locustfile), "--loglevel", "WARNING", *arguments]
    # settings of a person's own Locust runs must not reach into ours
    clean = {name: value for name, value in environment.items() if not name.startswith("LOCUST_")}
    clean[STARTED_BY_SLAGATE] = "1"
    if log is None:
        return Child(command, environment=clean, errors=None)
    with log.open("ab") as errors:
        return Child(command, environment=clean, errors=errors)
