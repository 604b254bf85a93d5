"""What two workers cost beside one: `python -m tests.benchmarks.workers`; exit code 1 where the bar is missed.

One process, two workers with twice its rate and two with the same rate in sum, in turn: where each process has the
same to do, as the next worker is there for the load that one cannot carry, and where each does less at a time, so that
there are more wakings for the same work. CPU is that of the processes that send, from t0 to their last row, taken from
end.json; the master's is said apart. What a row takes on disk and on its way is said too.
"""

from __future__ import annotations

import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path

from scenarios.observation import OBSERVATION
from tests.benchmarks.sending import bench, report
from tests.benchmarks.whole_run import command, constant, finish, start

_RATE_PER_S, _SECONDS, _REPETITIONS = 4000, 12, 3  # of one process


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """CPU per transaction in microseconds, and bytes a row."""

    sending_us: float
    master_us: float
    on_disk: float
    between: float


def measure(url: str, core: int, workers: int, rate_per_s: float) -> Cost:
    """One run by so many workers."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        phase = constant(rate_per_s, _SECONDS)
        process = start(command(folder, url, phase, "run", workers=workers), folder, core)
        here, end = finish(process, folder, "run")
        rows = end["recorded"]
        wall_us = (end["ended_ns"] - here.read_plan()["t0_ns"]) / 1e3
        health = end["generator"]
        shipped = sum(
            worker["wire_bytes"]["observations"] for worker in end.get("workers", []) if workers > 1
        )
        disk = sum(path.stat().st_size for path in here.observations.glob("*.rows"))
    assert len(health["processes"]) == workers
    return Cost(
        sending_us=sum(each["cpu_share"] for each in health["processes"]) * wall_us / rows,
        master_us=(health["master"]["cpu_share"] if health["master"] else 0) * wall_us / rows,
        on_disk=disk / rows,
        between=shipped / rows,
    )


def main() -> None:
    """Measure in turn; exit 1 where a bar is missed."""
    alone, together, sharing = [], [], []
    with bench() as here:
        for _ in range(_REPETITIONS):
            alone.append(measure(here.url, here.core, 1, _RATE_PER_S))
            together.append(measure(here.url, here.core, 2, 2 * _RATE_PER_S))
            sharing.append(measure(here.url, here.core, 2, _RATE_PER_S))
    print(f"Card sales for {_SECONDS} s, {_REPETITIONS} runs each, in turn, on one core; CPU per transaction")
    for what, costs in (
        (f"one process, {_RATE_PER_S}/s", alone),
        (f"two workers, {2 * _RATE_PER_S}/s", together),
        (f"two workers, {_RATE_PER_S}/s", sharing),
    ):
        own = statistics.median(each.sending_us for each in costs)
        masters = statistics.median(each.master_us for each in costs)
        print(f"  {what:24} {own:6.1f} us, and a master's {masters:.1f} us")
    passed = True
    for what, costs in (("as much to do for each", together), ("the same rate in sum", sharing)):
        ratio = statistics.median(
            both.sending_us / single.sending_us for single, both in zip(alone, costs, strict=True)
        )
        passed &= report(f"two workers / one process, {what}", ratio, 1.15, "x", at_least=False)
    most = max(each.on_disk for each in (*alone, *together, *sharing))
    passed &= report("an observation on disk", most, OBSERVATION.itemsize, "B", at_least=False)
    between = max(each.between for each in together)
    passed &= report("an observation between worker and master", between, 12, "B", at_least=False)
    raise SystemExit(0 if passed else 1)


if __name__ == "__main__":
    main()
