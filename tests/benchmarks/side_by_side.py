"""Two servers on one core, loaded in turn by wrk from another: which of them answers how many a second.

Only rounds in which both servers had their core to themselves count: with a neighbour on it, or on that of
the load, the figures say nothing about either.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
_RATE = re.compile(r"Requests/sec:\s*([0-9.]+)")
_LEAST_SHARE = 0.85
_TRIES_PER_ROUND = 5
_ERRORS = re.compile(r"(Non-2xx or 3xx responses|Socket errors): *(.*)")


class BenchmarkError(RuntimeError):
    """The measurement could not be made, which says nothing about the speed."""


class Server:
    """A server process pinned to one core; it prints one line of JSON with its address when it listens."""

    def __init__(self, arguments: Sequence[str], core: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise BenchmarkError(f"{' '.join(arguments)} did not start")
        self.url: str = json.loads(line)["url"]
        self._stat = Path(f"/proc/{self._process.pid}/stat")

    def cpu_s(self) -> float:
        """Processor seconds of all its threads so far."""
        user, system = self._stat.read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What wrk sends, to which path, over how many connections."""

    script: str
    path: str
    connections: int = 32


def pick_cores() -> tuple[int, int]:
    """One core for the servers and another for the load. Raises BenchmarkError on a single core."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise BenchmarkError("two cores are needed, one for the server and one for the load")
    return cores[0], cores[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """Answers a second, and the share of its core that the server had meanwhile."""

    per_s: float
    cpu_share: float


def measure(server: Server, load: Load, *, core: int, seconds: int) -> Measurement:
    """The server under full load. Raises BenchmarkError if any answer was not a 2xx."""
    if shutil.which("wrk") is None:
        raise BenchmarkError("wrk is missing; apt-get install wrk")
    command = ["wrk", "-t1", f"-c{load.connections}", f"-d{seconds}s", "-s", str(FOLDER / load.script)]
    cpu_s, started = server.cpu_s(), time.monotonic()
    done = subprocess.run(
        [*command, server.url + load.path],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    cpu_share = (server.cpu_s() - cpu_s) / (time.monotonic() - started)
    errors = _ERRORS.search(done.stdout)
    rate = _RATE.search(done.stdout)
    if errors or rate is None:
        raise BenchmarkError(f"wrk {server.url + load.path}: {errors[0] if errors else done.stdout}")
    return Measurement(per_s=float(rate[1]), cpu_share=cpu_share)


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Both sides, one right after the other."""

    bare: Measurement
    ours: Measurement

    @property
    def is_undisturbed(self) -> bool:
        return min(self.bare.cpu_share, self.ours.cpu_share) >= _LEAST_SHARE

    @property
    def ratio(self) -> float:
        return self.ours.per_s / self.bare.per_s

    @property
    def ratio_per_cpu_s(self) -> float:
        """As `ratio`, per second that each server really had: what neighbours disturb least."""
        return self.ratio * self.bare.cpu_share / self.ours.cpu_share


def compare(load: Load, ours: Server, bare: Server, *, core: int, rounds: int, seconds: int) -> list[Round]:
    """Load both in turn until there are so many undisturbed rounds, or five times as many in all.

    The order alternates so that a slow minute of the machine falls on both.
    """
    made: list[Round] = []
    for server in (bare, ours):
        measure(server, load, core=core, seconds=1)
    while len(made) < rounds * _TRIES_PER_ROUND and sum(one.is_undisturbed for one in made) < rounds:
        order = (bare, ours) if len(made) % 2 == 0 else (ours, bare)
        measured = {server: measure(server, load, core=core, seconds=seconds) for server in order}
        made.append(Round(bare=measured[bare], ours=measured[ours]))
    return made


def report(
    title: str, made: Sequence[Round], *, wanted: int, bar: float, say: Callable[[str], None] = print
) -> int:
    """Says what was measured; exit code 0 at or above the bar, 1 below it, 2 if neighbours were in the way.

    Judged by the median of the undisturbed rounds, so that one burst does not decide.
    """
    good = [one for one in made if one.is_undisturbed]
    per_cpu_s = statistics.median(one.ratio_per_cpu_s for one in made)
    say(f"{title}, against a bare FastAPI route (must be {bar:.2f} or more):")
    say(f"  per second of processor, all {len(made)} rounds: {per_cpu_s:.2f}")
    if len(good) < wanted:
        say(f"  {len(good)} of them gave both servers {_LEAST_SHARE:.0%} of their core, {wanted} are needed")
        return 2
    ratio = statistics.median(one.ratio for one in good)
    ours, bare = (
        statistics.median(rates) for rates in zip(*((r.ours.per_s, r.bare.per_s) for r in good), strict=True)
    )
    say(f"  per second, {len(good)} undisturbed rounds: {', '.join(f'{one.ratio:.2f}' for one in good)}")
    say(f"  median {ratio:.2f}: {ours:,.0f}/s against {bare:,.0f}/s")
    return 0 if ratio >= bar else 1
