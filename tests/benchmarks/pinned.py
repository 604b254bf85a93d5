"""Processes on one core each: the server on the first, the load on the second."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]


@cache
def choose_cores() -> tuple[int, int]:
    """The core of the server and that of the load; as first asked, before this process is pinned itself."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        sys.exit("needs two cores: one for the server, one for the load")
    return cores[0], cores[-1]


class CoreWatch:
    """What a core is busy with between two looks: with a process of ours, and with neighbours."""

    def __init__(self, core: int, pid: int) -> None:
        self._core, self._pid = core, pid
        self._begun = self._look()

    def _look(self) -> tuple[float, float, float]:
        """Moment, seconds that the core was busy, seconds that our process had, so far."""
        tick_s = 1 / os.sysconf("SC_CLK_TCK")
        line = next(
            line
            for line in Path("/proc/stat").read_text().splitlines()
            if line.startswith(f"cpu{self._core} ")
        )
        user, nice, system, _idle, _wait, hard, soft, steal, *_ = map(int, line.split()[1:])
        own = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        busy = user + nice + system + hard + soft + steal
        return time.monotonic(), busy * tick_s, sum(map(int, own)) * tick_s

    def read(self) -> tuple[float, float]:
        """Shares of the time since the start: of our process, and of everybody else."""
        (begun_s, busy_s, own_s), now = self._begun, self._look()
        passed_s = now[0] - begun_s
        own = (now[2] - own_s) / passed_s
        return own, max(0.0, (now[1] - busy_s) / passed_s - own)


@contextmanager
def start_pinned(arguments: Sequence[str]) -> Iterator[tuple[str, int]]:
    """A Python module on the server's core; gives the first line that it prints, and its process id."""
    server_core, _ = choose_cores()
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    os.sched_setaffinity(process.pid, {server_core})
    try:
        assert process.stdout is not None
        yield process.stdout.readline(), process.pid
    finally:
        process.kill()
        process.communicate()


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """Where a gateway listens, and as which process."""

    url: str
    pid: int


@contextmanager
def start_gateway(*arguments: str) -> Iterator[Announced]:
    """A mock gateway on the server's core."""
    with start_pinned(["mock_gateway", "--exit-with-stdin", *arguments]) as (line, pid):
        yield Announced(url=json.loads(line)["url"], pid=pid)


def run_wrk(
    url: str,
    *,
    seconds: float,
    connections: int = 32,
    script: Path | None = None,
    arguments: Sequence[str] = (),
) -> float:
    """Requests a second that wrk reached from the load's core. Exits if any was not answered with 2xx."""
    _, load_core = choose_cores()
    if shutil.which("wrk") is None:
        sys.exit("needs wrk: apt-get install wrk")
    command = ["taskset", "-c", str(load_core), "wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s"]
    # A machine that others slow down is no reason to give up on an answer.
    command += ["--timeout", "60s"]
    if script is not None:
        command += ["-s", str(script)]
    command += [url, "--", *arguments] if arguments else [url]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        sys.exit(f"the server did not keep up its answers:\n{done.stdout}")
    found = re.search(r"Requests/sec:\s+([0-9.]+)", done.stdout)
    assert found, done.stdout
    return float(found[1])


def measure_rate(url: str, pid: int, *, seconds: float, script: Path | None = None) -> float:
    """Requests a second of the server's processor time: with its core to itself, simply requests a second.

    Neighbours on the core take time away from the server, and hardly change what it does with the rest.
    """
    server_core, _ = choose_cores()
    watch = CoreWatch(server_core, pid)
    reached = run_wrk(url, seconds=seconds, script=script)
    own, neighbours = watch.read()
    print(f"  {reached:.0f}/s with {own:.0%} of the core, neighbours {neighbours:.0%}")
    return reached / own


def judge_ratio(what: str, ratios: Sequence[float], bar: float) -> int:
    """Print the median of the ratios against the bar; gives the exit code."""
    middle = median(ratios)
    listed = ", ".join(f"{ratio:.3f}" for ratio in ratios)
    verdict = "ok" if middle >= bar else "BELOW THE BAR"
    print(f"{what}: median ratio {middle:.3f} (bar {bar}), of {listed}: {verdict}")
    return 0 if middle >= bar else 1
