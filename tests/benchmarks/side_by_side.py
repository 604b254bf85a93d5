"""Two servers on one core, loaded in turn by wrk from another: which of them answers how many a second."""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
_RATE = re.compile(r"Requests/sec:\s*([0-9.]+)")
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


def measure_rate(url: str, load: Load, *, core: int, seconds: float) -> float:
    """Answers a second under full load. Raises BenchmarkError if any of them was not a 2xx."""
    if shutil.which("wrk") is None:
        raise BenchmarkError("wrk is missing; apt-get install wrk")
    command = ["wrk", "-t1", f"-c{load.connections}", f"-d{seconds:g}s", "-s", str(FOLDER / load.script)]
    done = subprocess.run(
        [*command, url + load.path],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    errors = _ERRORS.search(done.stdout)
    rate = _RATE.search(done.stdout)
    if errors or rate is None:
        raise BenchmarkError(f"wrk {url + load.path}: {errors[0] if errors else done.stdout}")
    return float(rate[1])


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


def compare(load: Load, ours: Server, bare: Server, *, core: int, rounds: int, seconds: float) -> Comparison:
    """Load both in turn, in alternating order, so that a slow minute of the machine falls on both."""
    rates: dict[str, list[float]] = {"bare": [], "ours": []}
    sides = [("bare", bare), ("ours", ours)]
    for _, server in sides:
        measure_rate(server.url, load, core=core, seconds=1.0)
    for turn in range(rounds):
        for name, server in sides if turn % 2 == 0 else reversed(sides):
            rates[name].append(measure_rate(server.url, load, core=core, seconds=seconds))
    return Comparison(bare_per_s=tuple(rates["bare"]), ours_per_s=tuple(rates["ours"]))


def report(title: str, comparison: Comparison, bar: float, say: Callable[[str], None] = print) -> int:
    """Says what was measured; exit code 0 at or above the bar, 1 below it."""
    say(f"{title}: {comparison.ratio:.2f} x a bare FastAPI route (must be {bar:.2f} or more)")
    say(f"  ratios by round: {', '.join(f'{ratio:.2f}' for ratio in comparison.ratios)}")
    say(
        f"  medians: {statistics.median(comparison.ours_per_s):,.0f}/s against "
        f"{statistics.median(comparison.bare_per_s):,.0f}/s"
    )
    return 0 if comparison.ratio >= bar else 1
