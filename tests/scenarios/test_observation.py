"""The row: its layout is frozen, and rows read back as they were written, however the writer ended."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loadtests.recorder import Observation, PaymentRecord
from scenarios.observation import OBSERVATION, PAYMENT_RECORD, read_rows

u1, u2, u4, u8 = (st.integers(0, 2**bits - 1) for bits in (8, 16, 32, 64))
i8 = st.integers(-(2**63), 2**63 - 1)

observations = st.builds(
    Observation,
    arrival=u8,
    planned_ns=i8,
    started_ns=i8,
    ended_ns=i8,
    kind=u1,
    wire=u1,
    outcome=u1,
    attempt=u1,
    status=u2,
    payer=u2,
    worker=u2,
    own_lag_ms=u2,
    reply_bytes=u4,
)


def ascii_text(width: int) -> st.SearchStrategy[str]:
    return st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=width)


payments = st.builds(
    PaymentRecord,
    arrival=u8,
    attempt=u1,
    action=u1,
    outcome=u1,
    asked_cents=i8,
    approved_cents=i8,
    merchant_reference=ascii_text(32),
    transaction_id=ascii_text(40),
)


def test_the_layout_of_a_row_never_changes() -> None:
    assert OBSERVATION.descr == [
        ("arrival", "<u8"),
        ("planned_ns", "<i8"),
        ("started_ns", "<i8"),
        ("ended_ns", "<i8"),
        ("kind", "|u1"),
        ("wire", "|u1"),
        ("outcome", "|u1"),
        ("attempt", "|u1"),
        ("status", "<u2"),
        ("payer", "<u2"),
        ("worker", "<u2"),
        ("own_lag_ms", "<u2"),
        ("reply_bytes", "<u4"),
    ]
    assert OBSERVATION.itemsize == 48


def test_the_layout_of_a_payment_record_never_changes() -> None:
    assert PAYMENT_RECORD.descr == [
        ("arrival", "<u8"),
        ("attempt", "|u1"),
        ("action", "|u1"),
        ("outcome", "|u1"),
        ("asked_cents", "<i8"),
        ("approved_cents", "<i8"),
        ("merchant_reference", "|S32"),
        ("transaction_id", "|S40"),
    ]


@given(observations)
def test_an_observation_reads_back_as_it_was_packed(observation: Observation) -> None:
    (row,) = np.frombuffer(observation.packed(), dtype=OBSERVATION)
    assert {name: int(row[name]) for name in OBSERVATION.names or ()} == {
        name: getattr(observation, name) for name in OBSERVATION.names or ()
    }


@given(payments)
def test_a_payment_record_reads_back_as_it_was_packed(record: PaymentRecord) -> None:
    (row,) = np.frombuffer(record.packed(), dtype=PAYMENT_RECORD)
    told = {name: row[name].item() for name in PAYMENT_RECORD.names or ()}
    assert told == {
        name: value.encode("ascii") if isinstance(value := getattr(record, name), str) else value
        for name in told
    }


@given(
    rows=st.lists(st.binary(min_size=48, max_size=48), max_size=5),
    tail=st.binary(max_size=47),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_torn_last_row_is_dropped_and_counted(tmp_path: Path, rows: list[bytes], tail: bytes) -> None:
    (tmp_path / "0000.rows").write_bytes(b"".join(rows) + tail)
    recording = read_rows(tmp_path, OBSERVATION)
    assert recording.rows.tobytes() == b"".join(rows)
    assert recording.torn == (1 if tail else 0)


def test_rows_of_several_writers_come_in_the_order_of_their_files(tmp_path: Path) -> None:
    for worker, arrivals in ((1, [7, 8]), (0, [5]), (2, [])):
        rows = np.zeros(len(arrivals), dtype=OBSERVATION)
        rows["arrival"] = arrivals
        (tmp_path / f"{worker:04d}.rows").write_bytes(rows.tobytes() + b"torn" * (worker > 0))
    (tmp_path / "notes.txt").write_text("no rows")
    recording = read_rows(tmp_path, OBSERVATION)
    assert recording.rows["arrival"].tolist() == [5, 7, 8]
    assert recording.torn == 2


@pytest.mark.parametrize("dtype", [OBSERVATION, PAYMENT_RECORD], ids=["observations", "payments"])
def test_a_folder_without_files_holds_no_rows(tmp_path: Path, dtype: np.dtype[np.void]) -> None:
    recording = read_rows(tmp_path, dtype)
    assert (len(recording.rows), recording.rows.dtype, recording.torn) == (0, dtype, 0)
