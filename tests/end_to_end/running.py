"""Running slagate and the mock gateway as real processes, and finding what they leave behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from scenarios.run_folder import RunFolder
from tests.end_to_end.declared import write_profile, write_scenario, write_sla

MARK = "SLAGATE_TEST_MARK"
CREDENTIALS = {
    "MOCK_GATEWAY_API_KEY": "test-key",
    "MOCK_GATEWAY_API_SECRET": "test-secret",
    "MOCK_GATEWAY_USER": "test-user",
    "MOCK_GATEWAY_PASSWORD": "test-password",
    "TEST_KEY": "test-key",
}


@dataclass(slots=True)
class Workplace:
    """A folder for one test, and a mark by which every process started from it can be found."""

    path: Path
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def run_dir(self) -> Path:
        return self.path / "run"

    @property
    def folder(self) -> RunFolder:
        return RunFolder(self.run_dir)

    def environment(self, extra: dict[str, str] | None = None) -> dict[str, str]:
        ours = {name: value for name, value in os.environ.items() if not name.startswith("LOCUST_")}
        return {**ours, **CREDENTIALS, "TMPDIR": str(self.path), **(extra or {}), MARK: self.mark}

    def command(self, *arguments: str | Path) -> list[str]:
        return [sys.executable, "-m", "loadtests", *map(str, arguments)]

    def short_run(
        self,
        *arguments: str | Path,
        faults: str = "",
        limit: str = "10s",
        at_least: float = 0.9,
        to_the_end: bool = False,
        **scenario: Any,
    ) -> list[str]:
        """The command of a run of seconds against an embedded gateway with these faults.

        A shorter limit drains sooner, and takes less lateness of a busy machine before the run is INVALID. Without
        `to_the_end` it may end as soon as it is sure to pass, and unless `at_least` is low, once it is sure to fail.
        """
        traffic = write_scenario(self.path, **scenario)
        profile = write_profile(self.path, faults)
        given = [
            traffic,
            "--sla",
            write_sla(self.path, limit=limit, at_least=at_least, to_the_end=to_the_end),
            "--run-dir",
            self.run_dir,
        ]
        target = [] if "--target" in arguments else ["--gateway-profile", profile]
        return self.command("run", *given, *target, *arguments)

    def finish(
        self,
        command: list[str],
        *,
        within_s: float = 90,
        environment: dict[str, str] | None = None,
        preexec: Callable[[], None] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; no traceback may reach the terminal, no process may stay."""
        done = subprocess.run(
            command,
            cwd=self.path,
            env=self.environment(environment),
            capture_output=True,
            text=True,
            timeout=within_s,
            check=False,
            stdin=subprocess.DEVNULL,
            preexec_fn=preexec,
        )
        assert "Traceback" not in done.stdout + done.stderr
        assert self.processes() == []
        return done

    @contextmanager
    def started(self, command: list[str]) -> Iterator[subprocess.Popen[str]]:
        """A command while it runs, in a session of its own."""
        process = subprocess.Popen(
            command,
            cwd=self.path,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
            preexec_fn=_heed_interrupts,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    @contextmanager
    def gateway(self, profile: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
        """A mock gateway that nobody embeds, and its address."""
        process = subprocess.Popen(
            [sys.executable, "-m", "mock_gateway", "--profile", str(profile), "--exit-with-stdin"],
            env={**os.environ, **CREDENTIALS},  # without the mark: it is no child of slagate
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())["url"]
        finally:
            process.kill()
            process.communicate()

    def processes(self) -> list[psutil.Process]:
        """Every live process that was started from here."""
        return [process for process in psutil.process_iter() if _mark_of(process) == self.mark]

    def child(self, module: str) -> psutil.Process:
        """The child process that runs a module, as soon as there is one."""
        return wait_for(
            lambda: next((each for each in self.processes() if module in _words(each)), None), within_s=20
        )

    def locusts(self, role: str) -> list[psutil.Process]:
        """The Locust processes that play a part: --master or --worker."""
        return [each for each in self.processes() if {"locust", role} <= _words(each)]

    def verdict(self) -> dict[str, Any]:
        """verdict.json of the run."""
        content: dict[str, Any] = json.loads(self.folder.verdict_file.read_text(encoding="utf-8"))
        return content

    def rows_on_disk(self) -> int:
        """Rows recorded so far."""
        return len(self.folder.read_observations().rows)

    def check_accounts(self) -> dict[str, Any]:
        """end.json, after checking that every planned arrival is a row, named missing, or was never due."""
        end = self.folder.read_end()
        assert end is not None
        rows = self.folder.read_observations().rows
        assert len(np.unique(rows["arrival"][rows["attempt"] == 0])) == end["recorded"]
        assert end["recorded"] + sum(end["missing_by_kind"].values()) == end["due"]
        roots_due = end["due"] - end["follow_ups_due"]
        assert roots_due + end["not_due"] == end["planned"] == self.folder.read_plan()["planned"]["total"]
        return end


def _heed_interrupts() -> None:
    """Who was started in a shell's background ignores SIGINT, and so would its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_for(look: Callable[[], Any], *, within_s: float) -> Any:
    """What `look` finds, as soon as it finds something."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"nothing within {within_s} s")


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def codes(verdict: dict[str, Any]) -> set[str]:
    """Codes of the doubts of a verdict."""
    return {doubt["code"] for doubt in verdict["validity"]}


def _words(process: psutil.Process) -> set[str]:
    try:
        return set(process.cmdline())
    except psutil.Error:  # it ended meanwhile
        return set()


def _mark_of(process: psutil.Process) -> str | None:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return process.environ().get(MARK)
    except psutil.Error:
        return None
