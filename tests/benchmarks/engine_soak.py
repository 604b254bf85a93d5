"""An hour's transactions by one process, and its memory: `python -m tests.benchmarks.engine_soak` (`make soak`).

As many arrivals as an hour at 300 a second has, sent as fast as one process can be planned to: what a process keeps of
each arrival would add up alike. The bar is on how much its memory grows after the first tenth.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil

from tests.benchmarks.sending import bench, report
from tests.benchmarks.whole_run import command, constant, finish, start

_ARRIVALS = 300 * 3600
_RATE_PER_S = 4000
_SAMPLE_S = 1.0


def engine_of(pid: int) -> psutil.Process | None:
    """The process that sends."""
    try:
        below = psutil.Process(pid).children(recursive=True)
        return next((each for each in below if "locust" in each.cmdline()), None)
    except psutil.Error:
        return None


def main() -> None:
    """Send, sample, and exit 1 where the bar is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--arrivals", type=int, default=_ARRIVALS)
    parser.add_argument("--rate", type=float, default=_RATE_PER_S)
    options = parser.parse_args()
    seconds = options.arrivals / options.rate
    samples: list[tuple[float, float]] = []  # moment, MiB
    with bench() as here, tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        phase = constant(options.rate, seconds)
        process = start(command(folder, here.url, phase, "run"), folder, here.core)
        while process.poll() is None:
            engine = engine_of(process.pid)
            try:
                if engine is not None:
                    samples.append((time.time(), engine.memory_info().rss / 2**20))
            except psutil.Error:
                pass
            time.sleep(_SAMPLE_S)
        run, end = finish(process, folder, "run")
        t0_s = run.read_plan()["t0_ns"] / 1e9
    going = np.array([mib for at, mib in samples if t0_s + seconds * 0.1 <= at <= t0_s + seconds])
    print(
        f"{end['recorded']} card sales in {seconds:.0f} s by one process: {going[0]:.0f} MiB after the first tenth, "
        f"{going.max():.0f} MiB at most, {going[-1]:.0f} MiB at the end ({len(going)} samples)"
    )
    met = report(
        "growth of memory after the first tenth", (going.max() / going[0] - 1) * 100, 10, "%", at_least=False
    )
    raise SystemExit(0 if met else 1)


if __name__ == "__main__":
    main()
