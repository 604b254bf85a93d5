"""Rows survive their way to the master exactly, in few bytes, and damage is noticed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtests.batches import Batch, DamagedBatchError, Stream
from scenarios.observation import NEVER, OBSERVATION, PAYMENT_RECORD, Rows

T0_NS = 1_790_000_000_000_000_000


def usual_rows(count: int, *, rate_per_s: float = 1000, seed: int = 1) -> tuple[Rows, npt.NDArray[np.int64]]:
    """Observations as a worker of two makes them, in order of their ends, and the plan's offsets by root."""
    random = np.random.default_rng(seed)
    offsets = np.cumsum(random.exponential(1e9 / rate_per_s, 2 * count)).astype(np.int64)
    rows = np.zeros(count, dtype=OBSERVATION)
    roots = np.arange(1, 2 * count, 2)
    rows["arrival"] = roots * 256
    rows["planned_ns"] = offsets[roots] + T0_NS
    rows["started_ns"] = rows["planned_ns"] + random.integers(30_000, 1_500_000, count)
    rows["ended_ns"] = rows["started_ns"] + (random.lognormal(np.log(8e8), 0.5, count)).astype(np.int64)
    rows["kind"] = rows["wire"] = random.choice([1, 5], count)
    rows["outcome"] = random.choice([1, 2, 3], count, p=[0.9, 0.05, 0.05])
    rows["status"] = 200
    rows["payer"] = random.integers(1, 26, count)
    rows["own_lag_ms"] = -((rows["planned_ns"] - rows["started_ns"]) // 1_000_000)
    rows["reply_bytes"] = random.choice([702, 1522, 1523], count)
    rows["worker"] = 1
    return rows[np.argsort(rows["ended_ns"])], offsets


def by_plan(offsets: npt.NDArray[np.int64]):  # type: ignore[no-untyped-def]
    return lambda arrivals: offsets[(arrivals // 256).astype(np.int64)] + T0_NS


def nothing_planned(arrivals: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    return np.zeros(len(arrivals), dtype=np.int64)


def in_order(rows: Rows) -> Rows:
    return rows[np.argsort(rows["arrival"], kind="stable")]


@pytest.mark.parametrize("count", [0, 1, 2, 5000])
def test_observations_arrive_as_they_were(count: int) -> None:
    rows, offsets = usual_rows(max(count, 1))
    rows = rows[:count]
    batch = Batch.of(Stream.OBSERVATIONS, 3, rows, by_plan(offsets))
    arrived = Batch.from_message(batch.to_message()).unpacked(1, by_plan(offsets))
    assert np.array_equal(arrived, in_order(rows))


def test_the_master_says_which_worker_a_row_is_from() -> None:
    rows, offsets = usual_rows(10)
    batch = Batch.of(Stream.OBSERVATIONS, 0, rows, by_plan(offsets))
    assert set(batch.unpacked(7, by_plan(offsets))["worker"]) == {7}


@settings(max_examples=60, deadline=None)
@given(data=st.binary(min_size=0, max_size=48 * 20), stream=st.sampled_from(list(Stream)))
def test_rows_of_any_content_arrive_as_they_were(data: bytes, stream: Stream) -> None:
    size = stream.dtype.itemsize
    rows = np.frombuffer(data[: len(data) // size * size], dtype=stream.dtype).copy()
    if stream is Stream.OBSERVATIONS:
        rows["worker"] = 4
        rows = in_order(rows)
    arrived = Batch.of(stream, 0, rows, nothing_planned).unpacked(4, nothing_planned)
    assert arrived.tobytes() == rows.tobytes()


def test_an_arrival_that_was_never_sent_arrives() -> None:
    rows, offsets = usual_rows(3)
    rows["started_ns"] = NEVER
    batch = Batch.of(Stream.OBSERVATIONS, 0, rows, by_plan(offsets))
    assert (batch.unpacked(1, by_plan(offsets))["started_ns"] == NEVER).all()


@pytest.mark.parametrize("rows_a_second", [200, 1000, 10_000])
def test_a_second_of_rows_takes_at_most_twelve_bytes_a_row(rows_a_second: int) -> None:
    rows, offsets = usual_rows(rows_a_second, rate_per_s=2 * rows_a_second)
    batch = Batch.of(Stream.OBSERVATIONS, 0, rows, by_plan(offsets))
    assert len(batch.data) <= 12 * len(rows)


@pytest.mark.parametrize("stream", list(Stream))
def test_a_message_of_rows_that_cannot_be_compressed_is_about_a_megabyte(stream: Stream) -> None:
    noise = np.random.default_rng(5).bytes(stream.rows_a_batch * stream.dtype.itemsize)
    rows = np.frombuffer(noise, dtype=stream.dtype)
    assert len(Batch.of(stream, 0, rows, nothing_planned).data) < 1_100_000


def test_damage_is_noticed() -> None:
    rows, offsets = usual_rows(100)
    batch = Batch.of(Stream.OBSERVATIONS, 0, rows, by_plan(offsets))
    for place in (0, 50, len(batch.data) - 1):
        data = bytearray(batch.data)
        data[place] ^= 1
        with pytest.raises(DamagedBatchError):
            replace(batch, data=bytes(data)).unpacked(1, by_plan(offsets))


def test_a_message_that_is_no_batch_is_refused() -> None:
    with pytest.raises(DamagedBatchError):
        Batch.from_message({"stream": 9})


def test_payments_arrive_as_they_were() -> None:
    random = np.random.default_rng(2)
    rows = np.zeros(500, dtype=PAYMENT_RECORD)
    rows["arrival"] = random.integers(0, 2**40, 500)
    rows["asked_cents"] = random.integers(0, 50_000, 500)
    rows["approved_cents"] = rows["asked_cents"] // 2
    rows["merchant_reference"] = [f"abc123-{number}-0-0".encode() for number in range(500)]
    batch = Batch.of(Stream.PAYMENTS, 0, rows, nothing_planned)
    assert np.array_equal(batch.unpacked(0, nothing_planned), rows)
