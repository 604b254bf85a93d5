"""Rows to disk: append-only, flushed each second by the engine; a failure is latched and stops the sending."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from scenarios.errors import RecordingError
from scenarios.observation import OBSERVATION, PAYMENT_RECORD, STEPS_PER_ROOT, read_rows
from scenarios.run_folder import RunFolder

_OBSERVATION = struct.Struct("<QqqqBBBBHHHHI")
_PAYMENT = struct.Struct("<QBBBqq32s40s")
if (
    _OBSERVATION.size != OBSERVATION.itemsize or _PAYMENT.size != PAYMENT_RECORD.itemsize
):  # one row, two codecs
    raise AssertionError("row layouts differ between recorder and scenarios.observation")

_U16, _U32 = 0xFFFF, 0xFFFFFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What happened to one attempt at one arrival; fields as in scenarios.observation.OBSERVATION."""

    arrival: int
    planned_ns: int
    started_ns: int
    ended_ns: int
    kind: int
    wire: int
    outcome: int
    attempt: int
    status: int
    payer: int
    worker: int
    own_lag_ms: int
    reply_bytes: int

    def packed(self) -> bytes:
        """The row; counts that do not fit saturate."""
        return _OBSERVATION.pack(
            self.arrival,
            self.planned_ns,
            self.started_ns,
            self.ended_ns,
            self.kind,
            self.wire,
            self.outcome,
            self.attempt,
            min(self.status, _U16),
            self.payer,
            self.worker,
            min(self.own_lag_ms, _U16),
            min(self.reply_bytes, _U32),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRecord:
    """One payment attempt; fields as in scenarios.observation.PAYMENT_RECORD."""

    arrival: int
    attempt: int
    action: int
    outcome: int
    asked_cents: int
    approved_cents: int
    merchant_reference: str
    transaction_id: str

    def packed(self) -> bytes:
        """The row; texts are ASCII, cut at their field's width."""
        return _PAYMENT.pack(
            self.arrival,
            self.attempt,
            self.action,
            self.outcome,
            self.asked_cents,
            self.approved_cents,
            self.merchant_reference.encode("ascii", "replace"),
            self.transaction_id.encode("ascii", "replace"),
        )


class RowsFile:
    """An append-only file of fixed-width rows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.folder = path.parent
        self._pending = bytearray()
        try:
            self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
        except OSError as error:
            raise RecordingError(f"cannot create {path}: {error.strerror}") from error

    def append(self, row: bytes) -> None:
        """Take one row; it reaches the disk with the next flush."""
        self._pending += row

    def flush(self) -> None:
        """Write what is pending. Raises RecordingError; what was written stays, at worst with a torn last row."""
        try:
            while self._pending:
                written = os.write(self._handle, self._pending)
                del self._pending[:written]
        except OSError as error:
            raise RecordingError(f"cannot write {self._path.name}: {error.strerror}") from error

    def close(self) -> None:
        """Close without writing; call `flush` first."""
        os.close(self._handle)


class Recorder:
    """Observations and payments of one process."""

    def __init__(self, folder: RunFolder, planned: int, worker: int = 0, *, shares: int = 1) -> None:
        self._observations = RowsFile(folder.observations / f"{worker:04d}.rows")
        self._payments = RowsFile(folder.payments / f"{worker:04d}.rows")
        self._recorded = np.zeros(planned, dtype=bool)
        self._shares = shares  # every so many roots is this process's, so root // shares is its place
        self.failure: str | None = None
        self.rows = 0

    def recorded(self) -> npt.NDArray[np.bool_]:
        """For each planned root of this process, in order, whether its row is written; after a failure the disk
        is asked, because rows were lost on the way to it."""
        if self.failure is None:
            return self._recorded
        roots = read_rows(self._observations.folder, OBSERVATION).rows["arrival"] // STEPS_PER_ROOT
        on_disk = np.zeros_like(self._recorded)
        on_disk[roots // self._shares] = True
        return on_disk

    def observe(self, place: int, observation: Observation) -> None:
        """Record an attempt at the root at `place` of this process's plan."""
        self._observations.append(observation.packed())
        self._recorded[place] = True
        self.rows += 1

    def pay(self, record: PaymentRecord) -> None:
        """Record a payment attempt."""
        self._payments.append(record.packed())

    def flush(self) -> bool:
        """Write what is pending; False once anything could not be written, for good."""
        if self.failure is None:
            try:
                self._payments.flush()
                self._observations.flush()
            except RecordingError as error:
                self.failure = str(error)
        return self.failure is None

    def close(self) -> None:
        """Close the files."""
        self._observations.close()
        self._payments.close()
