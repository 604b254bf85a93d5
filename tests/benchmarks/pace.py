"""Keeping to the plan at half of what one process can send, and owning up to it at 110 %."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from analysis.doubts import DoubtCode
from analysis.judgement import judge_run
from scenarios.run_folder import RunFolder

_SECONDS = 5
_REPETITIONS = 3
_LANES = 2000  # far more than are in flight at once, as in a real plan

Measure = Callable[[dict[str, Any]], dict[str, Any]]
Report = Callable[..., bool]


def measure_pace(order: dict[str, Any], measure: Measure, report: Report) -> bool:
    """Peak, half of it beside a bare timer at the same rate, and 110 % of it; whether every bar is met."""
    peaks = [measure(order) for _ in range(_REPETITIONS)]
    peak = statistics.median(each["achieved_per_s"] for each in peaks)
    print(f"Pace: the peak of one process is {peak:.0f} card sales a second here and now")
    passed = _half(order, peak / 2, measure, report)
    return _beyond(order, peak * 1.1, measure) and passed


def _half(order: dict[str, Any], rate_per_s: float, measure: Measure, report: Report) -> bool:
    told = {**order, "rate_per_s": rate_per_s, "count": int(rate_per_s * _SECONDS), "connections": _LANES}
    ours, timers = [], []
    for _ in range(_REPETITIONS):
        timers.append(measure({**told, "client": "timer"}))
        ours.append(measure(told))
    off = statistics.median(abs(each["achieved_per_s"] / rate_per_s - 1) * 100 for each in ours)
    lag_ms = statistics.median(each["lag_p99_ms"] for each in ours)
    bare_ms = statistics.median(each["lag_p99_ms"] for each in timers)
    print(
        f"  at half of it, {rate_per_s:.0f}/s: lag p50 {statistics.median(e['lag_p50_ms'] for e in ours):.3f} ms, "
        f"p99 {lag_ms:.2f} ms; a bare gevent timer p50 "
        f"{statistics.median(e['lag_p50_ms'] for e in timers):.3f} ms, p99 {bare_ms:.2f} ms"
    )
    passed = report("achieved rate, off the plan", off, 0.5, "%", at_least=False)
    return report("lag p99 beyond a bare timer's", lag_ms - bare_ms, 2.0, "ms", at_least=False) and passed


def _beyond(order: dict[str, Any], rate_per_s: float, measure: Measure) -> bool:
    """A run at 110 % is judged as any run is: it must say generator-late."""
    with tempfile.TemporaryDirectory() as scratch:
        run_dir = str(Path(scratch) / "run")
        told = {**order, "rate_per_s": rate_per_s, "count": int(rate_per_s * _SECONDS), "connections": _LANES}
        result = measure({**told, "run_dir": run_dir, "limit": "10s"})
        verdict = judge_run(RunFolder.at(run_dir))
    codes = {doubt.code for doubt in verdict.validity}
    met = DoubtCode.GENERATOR_LATE in codes
    said = ", ".join(sorted(code.text for code in codes))
    print(
        f"  {'ok  ' if met else 'MISS'} at 110 %, {rate_per_s:.0f}/s: lag p99 {result['lag_p99_ms']:.0f} ms, service "
        f"p99 {result['service_p99_ms']:.0f} ms; the run says {said}"
    )
    return met
