"""The load generator's own health: was it late, was its loop stuck, how busy was it, and what rate did it reach."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import gevent
import numpy as np
import numpy.typing as npt

from scenarios.observation import NEVER, OBSERVATION, STEPS_PER_ROOT, Rows

Lags = npt.NDArray[np.float32]

TICK_S = 0.02
STALL_NS = 50_000_000  # a loop held up for longer counts as a stall
_STEPS = 1000  # quantiles that a worker sends in place of its lags: 0, 0.1 %, .. 100 %
_MOST_BUCKETS = 3600
_ROWS_AT_A_TIME = 1 << 18


class LoopWatch:
    """A ticker that measures how late it is woken itself: what held it up held up every user as well."""

    def __init__(self) -> None:
        self.stalls = 0
        self.longest_ns = 0
        self._greenlet = gevent.spawn(self._tick)

    def _tick(self) -> None:
        while True:
            due_ns = time.monotonic_ns() + int(TICK_S * 1e9)
            gevent.sleep(TICK_S)
            self.note(time.monotonic_ns() - due_ns)

    def note(self, late_ns: int) -> None:
        """Take one lateness into account."""
        self.longest_ns = max(self.longest_ns, late_ns)
        self.stalls += late_ns >= STALL_NS

    def stop(self) -> None:
        """Watch no more."""
        self._greenlet.kill(block=False)

    def to_json(self) -> dict[str, Any]:
        """Stalls of 50 ms and more, and the longest of any length."""
        return {
            "loop_stalls_over_50_ms": self.stalls,
            "longest_loop_stall_ms": round(self.longest_ns / 1e6, 1),
        }


class RateTable:
    """Arrivals planned and started in each second; in longer buckets where the run has more than 3600 of them."""

    def __init__(self, offset_ns: npt.NDArray[np.int64], length_s: float) -> None:
        self.bucket_s = max(1, -(-round(length_s) // _MOST_BUCKETS))
        self._bucket_ns = self.bucket_s * 1_000_000_000
        self._planned = np.bincount(offset_ns // self._bucket_ns)
        self._started = np.zeros(len(self._planned) + 1, dtype=np.int64)  # the last: after the planned end

    def add(self, rows: Rows, t0_ns: int) -> None:
        """Count the first attempts among these rows at the moment they were started, and follow-ups at their planned
        moment too: before, they were not planned."""
        first = rows["attempt"] == 0
        followed = first & (rows["arrival"] % STEPS_PER_ROOT > 0)
        if followed.any():
            self._plan((rows["planned_ns"][followed] - t0_ns) // self._bucket_ns)
        started_ns = rows["started_ns"][first & (rows["started_ns"] != NEVER)] - t0_ns
        place = np.clip(started_ns // self._bucket_ns, 0, len(self._started) - 1)
        self._started += np.bincount(place, minlength=len(self._started))

    def _plan(self, place: npt.NDArray[np.int64]) -> None:
        more = np.bincount(np.clip(place, 0, _MOST_BUCKETS), minlength=len(self._planned))
        longer = len(more) - len(self._planned)
        if longer > 0:
            self._planned = np.pad(self._planned, (0, longer))
            late, self._started[-1] = (
                self._started[-1],
                0,
            )  # what started after the planned end stays the last
            self._started = np.pad(self._started, (0, longer))
            self._started[-1] = late
        self._planned = self._planned + more

    def to_json(self) -> dict[str, Any]:
        """Both counts by bucket; `started` has one more, for what started after the planned end."""
        return {
            "bucket_s": self.bucket_s,
            "planned": self._planned.tolist(),
            "started": self._started.tolist(),
        }


def read_in_parts(folder: Path) -> Iterable[Rows]:
    """Observations of a folder, so many at a time that an hour of traffic needs no more memory than a minute."""
    for path in sorted(folder.glob("*.rows")):
        with path.open("rb") as file:
            while len(rows := np.fromfile(file, dtype=OBSERVATION, count=_ROWS_AT_A_TIME)):
                yield rows


def lag_quantiles(lag_ms: Lags) -> list[float]:
    """Quantiles 0, 0.1 %, .. 100 % (inverse CDF) that stand for the lags of one process; empty for none."""
    if not len(lag_ms):
        return []
    steps = np.quantile(lag_ms, np.linspace(0, 1, _STEPS + 1), method="inverted_cdf")
    return [round(float(step), 3) for step in steps]


def lag_summary(parts: Sequence[tuple[int, Sequence[float]]]) -> dict[str, float | None]:
    """Median, 99th percentile and maximum of several processes' lags, each given by its count and quantiles."""
    known = [(count, np.asarray(quantiles)) for count, quantiles in parts if count and len(quantiles)]
    if not known:
        return {"p50": None, "p99": None, "max": None}
    values = np.concatenate([quantiles for _, quantiles in known])
    weights = np.concatenate([np.full(len(quantiles), count / len(quantiles)) for count, quantiles in known])
    p50, p99 = np.quantile(values, [0.5, 0.99], weights=weights, method="inverted_cdf")
    return {"p50": round(float(p50), 3), "p99": round(float(p99), 3), "max": round(float(values.max()), 3)}


def generator_json(
    parts: Sequence[Mapping[str, Any]], rate: RateTable, *, master: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The block `generator` of end.json, from each process's own account (`Engine.part`).

    `cpu_share` is that of the busiest sending process, because one core is what one process can use.
    """
    idle = [part["idle_lanes_min"] for part in parts if part["idle_lanes_min"] is not None]
    return {
        "own_lag_ms": lag_summary([(part["lags"], part["own_lag_quantiles_ms"]) for part in parts]),
        "late_over_50_ms": sum(part["late_over_50_ms"] for part in parts),
        "pool_waits": sum(part["pool_waits"] for part in parts),
        "pool_wait_ms": lag_summary([(part["pool_waits"], part["pool_wait_quantiles_ms"]) for part in parts]),
        "lanes": sum(part["lanes"] for part in parts),
        "idle_lanes_min": min(idle, default=None),
        "cpu_share": max((part["cpu_share"] for part in parts), default=None),
        "loop_stalls_over_50_ms": sum(part["loop_stalls_over_50_ms"] for part in parts),
        "longest_loop_stall_ms": max((part["longest_loop_stall_ms"] for part in parts), default=None),
        "processes": [
            {name: part[name] for name in ("worker", "cpu_share", "longest_loop_stall_ms", "idle_lanes_min")}
            for part in parts
        ],
        "master": dict(master) if master is not None else None,
        "rate": rate.to_json(),
    }
