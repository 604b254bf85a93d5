"""A trace at speed 1 against its own stamps: `python -m tests.benchmarks.replay`; exit code 1 where the bar is missed.

The times between starts are compared with those between the trace's lines, each start with the one before it.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

import numpy as np

from tests.benchmarks.sending import OUR_SALE, bench, report
from tests.benchmarks.sending import measure as measure_case
from tests.benchmarks.whole_run import command, finish, start

_RATE_PER_S, _SECONDS, _REPETITIONS = 500, 20, 3
_FIRST_NS = 1_790_000_000_000_000_000


def write_trace(path: Path, seed: int) -> np.ndarray:
    """Lines at random moments; gives them in ns."""
    gaps_ns = np.random.default_rng(seed).exponential(1e9 / _RATE_PER_S, _RATE_PER_S * _SECONDS)
    stamps_ns = _FIRST_NS + np.cumsum(gaps_ns).astype(np.int64)
    lines = [f"{stamp},card_sale" for stamp in stamps_ns.tolist()]
    path.write_text("\n".join(["timestamp,kind", *lines, ""]), encoding="utf-8")
    return stamps_ns


def measure(url: str, core: int, seed: int) -> float:
    """The 99th percentile of how far times between arrivals are off, in ms."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        stamps_ns = write_trace(folder / "log.csv", seed)
        phase = '[[phases]]\nshape = "trace"\nfile = "log.csv"\n'
        here, _ = finish(start(command(folder, url, phase, "run", limit="10s"), folder, core), folder, "run")
        rows = here.read_observations().rows
    started_ns = rows["started_ns"][np.argsort(rows["arrival"])]
    assert len(started_ns) == len(stamps_ns) > 5000
    off_ms = np.abs(np.diff(started_ns) - np.diff(stamps_ns)) / 1e6
    return float(np.quantile(off_ms, 0.99))


def main() -> None:
    """Measure; exit 1 where the bar is missed."""
    with bench() as here:
        order = here.order(OUR_SALE, client="timer", rate_per_s=_RATE_PER_S, count=_RATE_PER_S * _SECONDS)
        off_ms, bare_ms = [], []
        for seed in range(_REPETITIONS):
            bare_ms.append(measure_case(order)["lag_p99_ms"])
            off_ms.append(measure(here.url, here.core, seed))
    print(
        f"a trace of {_RATE_PER_S} lines a second, {_SECONDS} s, replayed {_REPETITIONS} times; a bare gevent timer at "
        f"this rate here and now: lag p99 {statistics.median(bare_ms):.2f} ms"
    )
    met = report(
        "times between arrivals off the trace's, p99", statistics.median(off_ms), 3, "ms", at_least=False
    )
    raise SystemExit(0 if met else 1)


if __name__ == "__main__":
    main()
