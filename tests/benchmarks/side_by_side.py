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
class Comparison:
    """Rates of both sides, round by round."""

    bare_per_s: tuple[float, ...]
    ours_per_s: tuple[float, ...]

    @property
    def ratios(self) -> list[float]:
        return [ours / bare for ours, bare in zip(self.ours_per_s, self.bare_per_s, strict=True)]

    @property
    def ratio(self) -> float:
        """Median of the rounds, so that a neighbour's burst in one of them does not decide."""
        return statistics.median(self.ratios)


def compare(load: Load, ours: Server, bare: Server, *, core: int, rounds: int, seconds: int) -> Comparison:
    """Load both in turn, in alternating order, so that a slow minute of the machine falls on both.

    Raises BenchmarkError if neighbours left too few undisturbed rounds.
    """
    rates: list[tuple[float, float]] = []
    for server in (bare, ours):
        measure(server, load, core=core, seconds=1)
    for turn in range(rounds * _TRIES_PER_ROUND):
        order = (bare, ours) if turn % 2 == 0 else (ours, bare)
        measured = {server: measure(server, load, core=core, seconds=seconds) for server in order}
        if all(one.cpu_share >= _LEAST_SHARE for one in measured.values()):
            rates.append((measured[bare].per_s, measured[ours].per_s))
        if len(rates) == rounds:
            break
    else:
        raise BenchmarkError(
            f"only {len(rates)} of {turn + 1} rounds gave both servers {_LEAST_SHARE:.0%} of "
            "their core, as it takes; measure again on a quiet machine"
        )
    return Comparison(bare_per_s=tuple(r[0] for r in rates), ours_per_s=tuple(r[1] for r in rates))


def report(title: str, comparison: Comparison, bar: float, say: Callable[[str], None] = print) -> int:
    """Says what was measured; exit code 0 at or above the bar, 1 below it."""
    say(f"{title}: {comparison.ratio:.2f} x a bare FastAPI route (must be {bar:.2f} or more)")
    say(f"  ratios by round: {', '.join(f'{ratio:.2f}' for ratio in comparison.ratios)}")
    say(
        f"  medians: {statistics.median(comparison.ours_per_s):,.0f}/s against "
        f"{statistics.median(comparison.bare_per_s):,.0f}/s"
    )
    return 0 if comparison.ratio >= bar else 1
