"""Locust's statistics fed from rows: the same numbers as its own listener would have, request by request."""

from __future__ import annotations

import os
import time
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtests.locust_statistics import Failure, feed
from scenarios.kinds import PAYMENT, AnyKind, CustomKind, Kind, Wire
from scenarios.observation import ANSWERS, OBSERVATION, Outcome, Rows

# Locust would patch the socket and threading modules of the whole test process.
os.environ["LOCUST_SKIP_MONKEY_PATCH"] = "1"
from locust.stats import RequestStats, StatsError

del os.environ["LOCUST_SKIP_MONKEY_PATCH"]  # processes that other tests start are to be patched

S = 1_000_000_000
START_S = 1_700_000_000
OWN = CustomKind(100, "text_to_pay", PAYMENT)
KINDS: dict[int, AnyKind] = {int(kind): kind for kind in (*Kind, OWN)}
OF_ENTRY = (
    *("num_requests", "num_failures", "total_content_length", "min_response_time", "max_response_time"),
    *(
        "response_times",
        "num_reqs_per_sec",
        "num_fail_per_sec",
        "num_none_requests",
        "last_request_timestamp",
    ),
)
# between two of Locust's buckets
ON_THE_EDGE_NS = [0, 500_000, 99_500_000, 105 * 10**6, 9_950 * 10**6, 10_500 * 10**6]
request = st.tuples(
    st.sampled_from(
        [(Kind.CARD_SALE, Wire.REST), (Kind.ELIGIBILITY_INQUIRY, Wire.SOAP_EDI), (OWN, Wire.CUSTOM)]
    ),
    st.sampled_from([Outcome.COMPLETED, Outcome.DECLINED, Outcome.ERROR, Outcome.TIMEOUT, Outcome.IN_FLIGHT]),
    st.integers(0, 100_000 * 10**6) | st.sampled_from(ON_THE_EDGE_NS),
    st.integers(0, 5000),
    # after the one before, in whole microseconds: Locust's clock is a float, which a second's last 100 ns round up
    st.integers(0, 1_500_000).map(lambda after_us: after_us * 1000),
)


def rows_of(requests: list[Any]) -> Rows:
    rows = np.zeros(len(requests), dtype=OBSERVATION)
    ended_ns = START_S * S
    for row, ((kind, wire), outcome, took_ns, size, after_ns) in zip(rows, requests, strict=True):
        ended_ns += after_ns
        row["kind"], row["wire"], row["outcome"], row["reply_bytes"] = kind, wire, outcome, size
        row["planned_ns"], row["ended_ns"] = ended_ns - took_ns, ended_ns
    return rows


def failures_of(rows: Rows) -> list[Failure]:
    return [
        Failure(Wire(row["wire"]), KINDS[int(row["kind"])], f"failed: {row['outcome']}", int(row["ended_ns"]))
        for row in rows
        if row["outcome"] not in ANSWERS
    ]


def logged(rows: Rows, patch: pytest.MonkeyPatch) -> RequestStats:
    """What Locust makes of it, one by one, at the moment each ended."""
    stats = RequestStats()
    for row in rows:
        patch.setattr(time, "time", lambda row=row: float(row["ended_ns"]) / 1e9)
        name, method = KINDS[int(row["kind"])].text, Wire(row["wire"]).text
        stats.log_request(
            method, name, float(row["ended_ns"] - row["planned_ns"]) / 1e6, int(row["reply_bytes"])
        )
        if row["outcome"] not in ANSWERS:
            stats.log_error(method, name, f"failed: {row['outcome']}")
    return stats


def fed(rows: Rows, cuts: list[int], patch: pytest.MonkeyPatch) -> RequestStats:
    """The same in batches, later."""
    patch.setattr(time, "time", lambda: START_S - 0.5)
    stats = RequestStats()
    places = [0, *sorted(cut for cut in cuts if cut < len(rows)), len(rows)]
    for first, before in pairwise(places):
        batch = rows[first:before]
        feed(stats, batch, failures_of(batch), kinds=KINDS, stats_error=StatsError)
    return stats


@given(st.lists(request, min_size=1, max_size=40), st.lists(st.integers(0, 40), max_size=4))
@settings(max_examples=150)
def test_batches_come_to_the_same_numbers_as_requests_one_by_one(
    requests: list[Any], cuts: list[int]
) -> None:
    rows = rows_of(requests)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time", lambda: START_S - 0.5)
        one_by_one, in_batches = logged(rows, patch), fed(rows, cuts, patch)
    assert set(in_batches.entries) == set(one_by_one.entries)
    for name, entry in [*one_by_one.entries.items(), (None, one_by_one.total)]:
        other = in_batches.total if name is None else in_batches.entries[name]
        for field in OF_ENTRY:
            assert getattr(other, field) == getattr(entry, field), field
        assert other.total_response_time == pytest.approx(entry.total_response_time)
        for quantile in (0.5, 0.9, 0.99, 1.0):
            assert other.get_response_time_percentile(quantile) == entry.get_response_time_percentile(
                quantile
            )
        assert (other.current_rps, other.total_rps) == (entry.current_rps, entry.total_rps)
        if name is None:
            assert list(other.response_times_cache or ())[-3:] == list(entry.response_times_cache or ())[-3:]
    assert {key: error.occurrences for key, error in in_batches.errors.items()} == {
        key: error.occurrences for key, error in one_by_one.errors.items()
    }


def test_what_was_never_sent_is_no_request() -> None:
    rows = np.zeros(3, dtype=OBSERVATION)
    rows["kind"], rows["wire"], rows["outcome"] = Kind.CARD_SALE, Wire.REST, Outcome.NOT_STARTED
    stats = RequestStats()
    feed(stats, rows, [], kinds=KINDS, stats_error=StatsError)
    feed(stats, rows[:0], [], kinds=KINDS, stats_error=StatsError)
    assert (stats.total.num_requests, dict(stats.entries)) == (0, {})
