"""Locust's own statistics, fed from the recorded rows in batches: the same numbers as one event for each request,
for a tenth of the cost. Its web UI, tables, CSV and the reports of its workers read them.

This module knows Locust's StatsEntry by its attributes and imports nothing of Locust; `run_hooks.py` hands it over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from scenarios.kinds import AnyKind, Wire
from scenarios.observation import Outcome, Rows


class Failure(NamedTuple):
    """An attempt that is not an answer, for Locust's failure table."""

    wire: Wire
    kind: AnyKind
    error: str
    ended_ns: int


def feed(
    stats: Any, rows: Rows, failures: Sequence[Failure], *, kinds: Mapping[int, AnyKind], stats_error: Any
) -> None:
    """Add rows to a RequestStats as `log_request` would have, one by one, and failures as `log_error` would have.

    Response time counts from the planned moment, as everywhere here. A row never sent is no request. `kinds` are
    those of the run by number, `stats_error` is Locust's class of that name.
    """
    rows = rows[rows["outcome"] != Outcome.NOT_STARTED]
    if len(rows):
        second = rows["ended_ns"] // 1_000_000_000
        name = rows["kind"].astype(np.uint16) << 8 | rows["wire"]
        for each in np.unique(second).tolist():  # almost always one: the batch is a tenth of a second
            of_second = second == each
            _add(stats.total, each, rows[of_second])
            for code in np.unique(name[of_second]).tolist():
                entry = stats.entries[kinds[code >> 8].text, Wire(code & 255).text]
                _add(entry, each, rows[of_second & (name == code)])
    for failure in failures:
        _log_failure(stats, failure, stats_error)


def _add(entry: Any, second: int, rows: Rows) -> None:
    """What StatsEntry.log does, for rows that ended in one second."""
    last_s = entry.last_request_timestamp
    if entry.use_response_times_cache and last_s and second > int(last_s):
        entry._cache_response_times(second - 1)
    response_ms = (rows["ended_ns"] - rows["planned_ns"]) / 1e6
    entry.num_requests += len(rows)
    entry.num_reqs_per_sec[second] += len(rows)
    entry.last_request_timestamp = float(rows["ended_ns"][-1]) / 1e9
    entry.total_response_time += float(response_ms.sum())
    shortest = float(response_ms.min())
    least = entry.min_response_time
    entry.min_response_time = shortest if least is None else min(least, shortest)
    entry.max_response_time = max(entry.max_response_time, float(response_ms.max()))
    buckets, counts = np.unique(_buckets(response_ms), return_counts=True)
    for bucket, count in zip(buckets.tolist(), counts.tolist(), strict=True):
        entry.response_times[bucket] += count
    entry.total_content_length += int(rows["reply_bytes"].sum())


def _buckets(response_ms: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Locust's rounding (`stats.bucket_response_time`): two significant digits from 100 ms on."""
    rounded = np.round(response_ms)
    for least, digits in ((100, -1), (1000, -2), (10_000, -3)):
        above = response_ms >= least
        if not above.any():
            break
        rounded[above] = np.round(response_ms[above], digits)
    return rounded.astype(np.int64)


def _log_failure(stats: Any, failure: Failure, stats_error: Any) -> None:
    """What `log_error` does, in the second in which the attempt ended."""
    method, name = failure.wire.text, failure.kind.text
    for entry in (stats.total, stats.entries[name, method]):
        entry.num_failures += 1
        entry.num_fail_per_sec[failure.ended_ns // 1_000_000_000] += 1
    key = stats_error.create_key(method, name, failure.error)
    if key not in stats.errors:
        stats.errors[key] = stats_error(method, name, failure.error)
    stats.errors[key].occurred()
