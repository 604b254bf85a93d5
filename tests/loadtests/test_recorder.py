"""Rows reach the disk once; a failure on the way is never forgotten, and then the disk is asked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from loadtests.recorder import Observation, PaymentRecord, Recorder, RowsFile
from scenarios.errors import RecordingError
from scenarios.observation import OBSERVATION, Outcome
from scenarios.run_folder import RunFolder


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = RunFolder.at(tmp_path / "run")
    made.create()
    return made


def row(root: int, **changes: int) -> Observation:
    facts = {
        "arrival": root * 256,
        "planned_ns": 1,
        "started_ns": 2,
        "ended_ns": 3,
        "kind": 10,
        "wire": 1,
        "outcome": int(Outcome.COMPLETED),
        "attempt": 0,
        "status": 200,
        "payer": 1,
        "worker": 0,
        "own_lag_ms": 0,
        "reply_bytes": 9,
    }
    return Observation(**{**facts, **changes})


def payment(root: int, **changes: str) -> PaymentRecord:
    texts = {"merchant_reference": f"k3x9ab-{root}-0-0", "transaction_id": "T-1", **changes}
    return PaymentRecord(
        arrival=root * 256,
        attempt=0,
        action=10,
        outcome=int(Outcome.COMPLETED),
        asked_cents=500,
        approved_cents=500,
        **texts,
    )


def test_rows_are_on_the_disk_after_a_flush_and_not_before(folder: RunFolder) -> None:
    recorder = Recorder(folder, planned=3)
    recorder.observe(0, row(0))
    recorder.observe(2, row(2))
    recorder.pay(payment(2))
    assert len(folder.read_observations().rows) == 0
    assert recorder.flush()
    recorder.observe(1, row(1))
    assert recorder.flush()
    recorder.close()
    assert (folder.read_observations().rows["arrival"] // 256).tolist() == [0, 2, 1]
    (paid,) = folder.read_payments().rows
    assert (paid["merchant_reference"], paid["approved_cents"]) == (b"k3x9ab-2-0-0", 500)
    assert (recorder.rows, recorder.failure) == (3, None)


def test_recorded_says_of_each_planned_arrival_whether_it_has_a_row(folder: RunFolder) -> None:
    recorder = Recorder(folder, planned=4)
    recorder.observe(1, row(1))
    recorder.observe(3, row(3))
    assert recorder.recorded().tolist() == [False, True, False, True]
    recorder.close()


def test_counts_that_do_not_fit_saturate(folder: RunFolder) -> None:
    recorder = Recorder(folder, planned=1)
    recorder.observe(0, row(0, status=70_000, own_lag_ms=10**9, reply_bytes=2**40))
    recorder.flush()
    recorder.close()
    (kept,) = folder.read_observations().rows
    assert (kept["status"], kept["own_lag_ms"], kept["reply_bytes"]) == (65_535, 65_535, 2**32 - 1)


def test_a_gateways_odd_identity_is_kept_as_far_as_it_fits(folder: RunFolder) -> None:
    recorder = Recorder(folder, planned=1)
    recorder.pay(payment(0, transaction_id="ü\ud800" + "x" * 60))
    assert recorder.flush()
    recorder.close()
    (paid,) = folder.read_payments().rows
    assert paid["transaction_id"] == b"??" + b"x" * 38


def test_two_recorders_never_share_a_file(folder: RunFolder) -> None:
    first = Recorder(folder, planned=1)
    with pytest.raises(RecordingError, match=r"^cannot create .*0000\.rows: File exists$"):
        Recorder(folder, planned=1)
    other = Recorder(folder, planned=1, worker=1)
    for recorder in (first, other):
        recorder.close()
    assert sorted(path.name for path in folder.observations.iterdir()) == ["0000.rows", "0001.rows"]


def test_a_recorder_without_a_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="No such file or directory"):
        Recorder(RunFolder.at(tmp_path / "absent"), planned=1)


class FullDisk:
    """Stands in for os.write: takes so many bytes, then has no room."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.write = os.write

    def __call__(self, handle: int, data: bytearray) -> int:
        part = bytes(data[: self.room])
        if not part:
            raise OSError(28, "No space left on device")
        self.room -= len(part)
        return self.write(handle, part)


def test_a_failure_is_latched_even_when_there_is_room_again(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder(folder, planned=5)
    recorder.observe(0, row(0))
    assert recorder.flush()
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", FullDisk(OBSERVATION.itemsize + 10))
        for place in (1, 2, 3):
            recorder.observe(place, row(place))
        assert not recorder.flush()
    assert recorder.failure == "cannot write 0000.rows: No space left on device"
    recorder.observe(4, row(4))
    assert not recorder.flush()
    assert recorder.recorded().tolist() == [True, True, False, False, False]
    recorder.close()
    recording = folder.read_observations()
    assert (len(recording.rows), recording.torn) == (2, 1)


def test_only_a_roots_own_first_attempt_says_that_it_is_recorded(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder(folder, planned=4)
    recorder.observe(0, row(0))
    recorder.observe_later(row(1, arrival=257))
    recorder.observe_later(row(2, attempt=1))
    assert recorder.flush()
    assert recorder.rows == 3
    assert recorder.recorded().tolist() == [True, False, False, False]
    recorder.observe(3, row(3))
    monkeypatch.setattr(os, "write", FullDisk(0))
    assert not recorder.flush()
    assert recorder.recorded().tolist() == [True, False, False, False]  # as the disk has it
    recorder.close()


def test_a_write_in_pieces_loses_nothing(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    recorder = Recorder(folder, planned=3)
    for place in range(3):
        recorder.observe(place, row(place))
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda handle, data: write(handle, bytes(data[:7])))
        assert recorder.flush()
    recorder.close()
    assert (folder.read_observations().rows["arrival"] // 256).tolist() == [0, 1, 2]


def test_a_failure_to_record_payments_is_a_failure_too(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder(folder, planned=1)
    recorder.pay(payment(0))
    monkeypatch.setattr(os, "write", FullDisk(0))
    assert not recorder.flush()
    monkeypatch.undo()
    recorder.close()


def test_rows_that_are_appended_while_others_are_written_are_not_lost(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = RowsFile(folder.observations / "0000.rows")
    write = os.write

    def write_and_append(handle: int, data: bytearray) -> int:
        written = write(handle, bytes(data))
        if len(data) == OBSERVATION.itemsize:
            file.append(row(2).packed() * 2)
        return written

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", write_and_append)
        file.append(row(1).packed())
        file.flush()
    file.close()
    assert (folder.read_observations().rows["arrival"] // 256).tolist() == [1, 2, 2]


def test_a_real_limit_on_file_size_is_a_latched_failure(folder: RunFolder) -> None:
    """Two rows and a half fit: two are kept, the torn one is dropped by whoever reads."""
    script = (
        "import resource, signal, sys\n"
        "from loadtests.recorder import Recorder\n"
        "from scenarios.run_folder import RunFolder\n"
        "from tests.loadtests.test_recorder import row\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (120, 120))\n"
        "recorder = Recorder(RunFolder.at(sys.argv[1]), planned=5)\n"
        "for place in range(5): recorder.observe(place, row(place))\n"
        "print(recorder.flush(), recorder.flush(), recorder.failure, recorder.recorded().tolist())\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", script, str(folder.path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent.parent.parent,
    )
    assert said.stdout.strip() == (
        "False False cannot write 0000.rows: File too large [True, True, False, False, False]"
    )
    assert folder.read_observations().torn == 1
