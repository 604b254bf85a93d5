"""Processes on one core each: the server on the first, the load on the second."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
_END_S = 20.0
_TURNS = 5
_TURN_S = 4.0


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """Where a server listens, and as which process."""

    url: str
    pid: int


@contextmanager
def start_pinned(arguments: Sequence[str]) -> Iterator[Announced]:
    """A Python module on the server's core that prints a line of JSON with its address as it listens."""
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
        line = process.stdout.readline()
        if not line:
            sys.exit(f"{' '.join(arguments)} did not start")
        yield Announced(url=json.loads(line)["url"], pid=process.pid)
    finally:
        # They end with their standard input; a gateway that is killed would leave its ledger behind.
        try:
            process.communicate(timeout=_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def start_gateway(*arguments: str) -> AbstractContextManager[Announced]:
    """A mock gateway on the server's core."""
    return start_pinned(["mock_gateway", "--exit-with-stdin", *arguments])


def start_bare() -> AbstractContextManager[Announced]:
    """The yardstick on the server's core."""
    return start_pinned(["tests.benchmarks.bare_fastapi"])


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What a server reached, and the shares of its core that it and its neighbours had meanwhile."""

    reached_per_s: float
    own: float
    neighbours: float

    @property
    def per_cpu_s(self) -> float:
        """Requests a second of the server's processor time: with its core to itself, requests a second.

        Neighbours on the core take time away from the server, and hardly change what it does with the rest.
        """
        return self.reached_per_s / self.own

    def describe(self) -> str:
        return f"{self.reached_per_s:.0f}/s with {self.own:.0%} of the core, neighbours {self.neighbours:.0%}"


def measure_rate(url: str, pid: int, *, seconds: float, script: Path | None = None) -> Rate:
    """A server of ours under as much load as wrk can make."""
    server_core, _ = choose_cores()
    watch = CoreWatch(server_core, pid)
    reached = run_wrk(url, seconds=seconds, script=script)
    own, neighbours = watch.read()
    return Rate(reached_per_s=reached, own=own, neighbours=neighbours)


def compare_with_bare(
    what: str, start: Callable[[], AbstractContextManager[Announced]], path: str, script: Path, *, bar: float
) -> int:
    """The gateway's route against a bare FastAPI route with the same requests; gives the exit code.

    Both take turns on one core, wrk loads them from the other; the bar is on the median of the ratios of
    neighbouring turns, so that a slow spell of the machine meets both. `start` starts the gateway.
    """
    ratios = []
    for turn in range(_TURNS + 1):
        with start_bare() as bare:
            plain = measure_rate(f"{bare.url}{path}", bare.pid, seconds=_TURN_S, script=script)
        with start() as gateway:
            ours = measure_rate(f"{gateway.url}{path}", gateway.pid, seconds=_TURN_S, script=script)
        ratio = ours.per_cpu_s / plain.per_cpu_s
        note = "warm-up, not counted" if turn == 0 else f"ratio {ratio:.3f}"
        print(f"  bare {plain.describe()}; {what} {ours.describe()}: {note}", flush=True)
        if turn:
            ratios.append(ratio)
    middle = median(ratios)
    verdict = "ok" if middle >= bar else "BELOW THE BAR"
    print(
        f"{what} / bare FastAPI route, per second of processor: median {middle:.2f} (bar {bar:.2f}): {verdict}"
    )
    return 0 if middle >= bar else 1
