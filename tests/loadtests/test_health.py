"""What end.json says of the generator itself."""

from __future__ import annotations

import numpy as np

from loadtests.health import LoopWatch, RateTable, lag_quantiles, lag_summary
from scenarios.observation import NEVER, OBSERVATION

_S = 1_000_000_000


def test_lags_of_several_processes_join_to_nearly_the_lags_of_all() -> None:
    random = np.random.default_rng(3)
    few, many = (
        random.exponential(5, 500).astype(np.float32),
        random.exponential(1, 20_000).astype(np.float32),
    )
    joined = lag_summary([(len(lags), lag_quantiles(lags)) for lags in (few, many)])
    together = np.concatenate([few, many])
    p50, p99 = np.quantile(together, [0.5, 0.99])
    assert abs(joined["p50"] - p50) < 0.02 * p50
    assert abs(joined["p99"] - p99) < 0.03 * p99
    assert abs(joined["max"] - together.max()) < 0.001


def test_no_lag_at_all_is_no_number() -> None:
    assert lag_summary([(0, [])]) == {"p50": None, "p99": None, "max": None}


def test_the_rate_counts_first_attempts_in_the_second_they_started() -> None:
    table = RateTable(np.array([0, _S // 2, _S, 2 * _S], dtype=np.int64), 3)
    rows = np.zeros(5, dtype=OBSERVATION)
    rows["started_ns"] = np.array([0, _S + 1, _S + 2, NEVER, 9 * _S])
    rows["started_ns"][rows["started_ns"] != NEVER] += 77 * _S
    rows["attempt"] = [0, 0, 1, 0, 0]
    table.add(rows, 77 * _S)
    assert table.to_json() == {"bucket_s": 1, "planned": [2, 1, 1], "started": [1, 1, 0, 1]}


def test_a_follow_up_is_planned_in_the_rate_once_its_row_is_there() -> None:
    table = RateTable(np.array([0, _S], dtype=np.int64), 9)
    rows = np.zeros(4, dtype=OBSERVATION)
    rows["arrival"] = [0, 1, 2, 1]
    rows["attempt"] = [0, 0, 0, 1]
    rows["planned_ns"] = np.array([0, 1, 4, 7]) * _S
    rows["started_ns"] = np.array([0, 1, 6, 8]) * _S
    for part in (rows[:2], rows[2:]):
        table.add(part, 0)
    assert table.to_json() == {"bucket_s": 1, "planned": [1, 2, 0, 0, 1], "started": [1, 1, 0, 0, 0, 1]}


def test_the_rate_of_a_long_run_has_no_more_than_an_hour_of_buckets() -> None:
    offsets = np.arange(0, 86_400 * _S, 10 * _S, dtype=np.int64)
    table = RateTable(offsets, 86_400).to_json()
    assert table["bucket_s"] == 24
    assert len(table["planned"]) == 3600
    assert sum(table["planned"]) == len(offsets)


def test_a_loop_that_is_held_up_is_counted_from_50_ms() -> None:
    watch = LoopWatch()
    for late_ms in (1, 49, 50, 800):
        watch.note(late_ms * 1_000_000)
    watch.stop()
    assert watch.to_json() == {"loop_stalls_over_50_ms": 2, "longest_loop_stall_ms": 800.0}
