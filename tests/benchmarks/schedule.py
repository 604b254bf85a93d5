"""How long ten million arrivals of each shape take to plan, and how much memory.

Run as `python -m tests.benchmarks.schedule`; ends with an error where a shape takes 5 s or more, best of three. What
counts are CPU seconds: planning runs on one core and waits for nothing, so on an idle machine they are the seconds by
the clock, which stand beside. Memory is the peak of a process of its own.
"""

from __future__ import annotations

import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from loadtests.lanes import lanes_needed
from loadtests.learning import learn
from loadtests.schedule import digest_of, iterate_arrivals, plan_arrivals
from scenarios.loading import load_scenario
from scenarios.scenario import Scenario

LIMIT_S = 5.0
ARRIVALS = 10_000_000
_HEAD = 'name = "bench"\npurpose = "Ten million arrivals."\nassurance = "smoke"\nseed = 7\n[[phases]]\n'
_MIX = "\n[journeys]\neligibility_only = 65\ncard_sale_only = 35\n"
SHAPES = {
    "constant": 'shape = "constant"\nrate_per_s = 10000\nduration = "1000s"',
    "even": 'shape = "constant"\nrate_per_s = 10000\nduration = "1000s"\narrivals = "even"',
    "bursty": 'shape = "constant"\nrate_per_s = 10000\nduration = "1000s"\narrivals = "bursty"\nburstiness = 3.0',
    "ramp": 'shape = "ramp"\nfrom_per_s = 0\nto_per_s = 20000\nduration = "1000s"',
    "stairs": 'shape = "stairs"\nfrom_per_s = 1000\nto_per_s = 19000\nsteps = 10\nduration = "1000s"',
    "spike": (
        'shape = "spike"\nbase_per_s = 5000\nspike_per_s = 30000\nspike_at = "400s"\nspike_lasts = "200s"\n'
        'duration = "1000s"'
    ),
    "day": 'shape = "day"\ndate = 2027-02-04\narrivals_per_day = 10e6',
}


def _scenario(folder: Path, phase: str) -> Scenario:
    path = folder / "bench.toml"
    path.write_text(_HEAD + phase + _MIX, encoding="utf-8")
    return load_scenario(str(path))


def _alone(work: Callable[..., str], *arguments: object) -> tuple[str, float]:
    """What a piece of work says, and the peak memory in MB of the process that does nothing else."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_report, args=(theirs, work, arguments))
    process.start()
    theirs.close()
    said, peak_mb = ours.recv()
    process.join()
    return said, peak_mb


def _report(pipe: object, work: Callable[..., str], arguments: tuple[object, ...]) -> None:
    said = work(*arguments)
    pipe.send((said, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))  # type: ignore[attr-defined]


@dataclass
class _Timer:
    """Seconds by the clock and of the CPU, as text."""

    wall_s: float = float("inf")
    cpu_s: float = float("inf")

    def best(self, work: Callable[[], object]) -> object:
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        result = work()
        self.wall_s = min(self.wall_s, time.perf_counter() - wall_s)
        self.cpu_s = min(self.cpu_s, time.process_time() - cpu_s)
        return result

    def __str__(self) -> str:
        return f"{self.wall_s:.2f} {self.cpu_s:.2f}"


def _plan(scenario: Scenario) -> str:
    timer, count = _Timer(), 0
    for _ in range(3):
        count = len(timer.best(lambda: plan_arrivals(scenario, scenario.seed)))  # type: ignore[arg-type]
    return f"{count} {timer}"


def _chunks(scenario: Scenario) -> str:
    timer = _Timer()
    timer.best(lambda: digest_of(iterate_arrivals(scenario, scenario.seed)))
    return str(timer)


def _lanes(scenario: Scenario) -> str:
    offset_ns = plan_arrivals(scenario, scenario.seed).offset_ns * 100
    timer = _Timer()
    timer.best(lambda: lanes_needed(offset_ns, 10.0))
    return str(timer)


def _learn(path: Path) -> str:
    timer = _Timer()
    timer.best(lambda: learn(path))
    return str(timer)


def _load(path: Path) -> str:
    timer = _Timer()
    timer.best(lambda: load_scenario(str(path)))
    return str(timer)


def _write_trace(path: Path, scenario: Scenario) -> None:
    kinds = np.array([b"", b"eligibility_inquiry", b"card_sale"])
    with path.open("wb") as file:
        file.write(b"timestamp,name,kind\n")
        for chunk in iterate_arrivals(scenario, scenario.seed):
            lines = zip(
                (chunk.offset_ns + 1_795_000_000_000_000_000).tolist(),
                kinds[chunk.journey].tolist(),
                strict=True,
            )
            file.write(b"".join(b"%d,Somebody,%s\n" % line for line in lines))


def main() -> None:
    """Measure and print; raise SystemExit where a shape is too slow."""
    slow = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"{'':10} {'planned at once':>34}   {'in chunks, with its digest':>26}")
        print(
            f"{'shape':10} {'arrivals':>10} {'s':>7} {'CPU s':>7} {'MB':>7}   {'s':>10} {'CPU s':>7} {'MB':>7}"
        )
        for shape, phase in SHAPES.items():
            scenario = _scenario(folder, phase)
            said, peak_mb = _alone(_plan, scenario)
            chunked, chunked_mb = _alone(_chunks, scenario)
            count, wall_s, cpu_s = said.split()
            assert abs(int(count) / ARRIVALS - 1) < 0.02, count
            in_chunks = "{:>10} {:>7}".format(*chunked.split())
            print(
                f"{shape:10} {count:>10} {wall_s:>7} {cpu_s:>7} {peak_mb:7.0f}   {in_chunks} {chunked_mb:7.0f}",
                flush=True,
            )
            if float(cpu_s) >= LIMIT_S:
                slow.append(shape)
        scenario = _scenario(folder, SHAPES["constant"])
        print("users for ten million arrivals: {} s, {} CPU s".format(*_alone(_lanes, scenario)[0].split()))
        _write_trace(folder / "trace.csv", scenario)
        replay = folder / "replay.toml"
        replay.write_text(_HEAD + 'shape = "trace"\nfile = "trace.csv"\n', encoding="utf-8")
        print(f"a trace of ten million lines, {(folder / 'trace.csv').stat().st_size / 1e6:.0f} MB")
        for what, work, argument in (
            ("loaded", _load, replay),
            ("planned in chunks, with its digest", _chunks, load_scenario(str(replay))),
            ("learned from", _learn, folder / "trace.csv"),
        ):
            said, peak_mb = _alone(work, argument)
            print("  {}: {} s, {} CPU s, {:.0f} MB".format(what, *said.split(), peak_mb), flush=True)
    if slow:
        raise SystemExit(f"{', '.join(slow)}: {LIMIT_S:g} s or more for ten million arrivals")


if __name__ == "__main__":
    main()
