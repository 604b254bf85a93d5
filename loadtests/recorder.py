"""Rows to disk: append-only, flushed each second by the engine; a failure is latched and stops the sending."""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from itertools import starmap
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from scenarios.errors import RecordingError
from scenarios.observation import OBSERVATION, PAYMENT_RECORD, Rows, read_rows, roots_of
from scenarios.run_folder import RunFolder

_OBSERVATION = struct.Struct("<QqqqBBBBHHHHI")
_PAYMENT = struct.Struct("<QBBBqq32s40s")
if (
    _OBSERVATION.size != OBSERVATION.itemsize or _PAYMENT.size != PAYMENT_RECORD.itemsize
):  # one row, two codecs
    raise AssertionError("row layouts differ between recorder and scenarios.observation")

_U16, _U32 = 0xFFFF, 0xFFFFFFFF

# What `Observation` and `PaymentRecord` name. Plain tuples will do: they cost a tenth, once or twice a transaction.
ObservationFields = tuple[int, int, int, int, int, int, int, int, int, int, int, int, int]
PaymentFields = tuple[int, int, int, int, int, int, str, str]


class Observation(NamedTuple):
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
        fitting = self._replace(
            status=min(self.status, _U16),
            own_lag_ms=min(self.own_lag_ms, _U16),
            reply_bytes=min(self.reply_bytes, _U32),
        )
        return _OBSERVATION.pack(*fitting)


class PaymentRecord(NamedTuple):
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
        arrival, attempt, action, outcome, asked_cents, approved_cents, reference, identity = self
        texts = reference.encode("ascii", "replace"), identity.encode("ascii", "replace")
        return _PAYMENT.pack(arrival, attempt, action, outcome, asked_cents, approved_cents, *texts)


def _packed(payments: Sequence[PaymentFields]) -> bytes:
    """What `packed` gives for each, in one go."""
    pack = _PAYMENT.pack
    try:
        return b"".join(
            [
                pack(
                    arrival,
                    attempt,
                    action,
                    outcome,
                    asked,
                    approved,
                    ours.encode("ascii"),
                    its.encode("ascii"),
                )
                for arrival, attempt, action, outcome, asked, approved, ours, its in payments
            ]
        )
    except UnicodeEncodeError:  # a gateway's odd identity
        return b"".join([PaymentRecord(*record).packed() for record in payments])


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
        """Take one row or several; they reach the disk with the next flush."""
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
        self._recorded = bytearray(planned)  # one byte a root: numpy's way in costs more than packing the row
        # Packed by the dozen: in one go that costs half of what it does between two requests.
        self._new_rows: list[ObservationFields] = []
        self._new_payments: list[PaymentFields] = []
        self._unseen = bytearray()
        self._shares = shares  # every so many roots is this process's, so root // shares is its place
        self._rows_packed = 0
        self.failure: str | None = None

    def recorded(self) -> npt.NDArray[np.bool_]:
        """For each planned root of this process, in order, whether its row is written; after a failure the disk
        is asked, because rows were lost on the way to it."""
        noted = np.frombuffer(self._recorded, dtype=bool).copy()
        if self.failure is None:
            return noted
        rows = read_rows(self._observations.folder, OBSERVATION).rows
        on_disk = np.zeros_like(noted)
        on_disk[roots_of(rows) // self._shares] = True
        return on_disk

    @property
    def rows(self) -> int:
        """How many observations there are."""
        return self._rows_packed + len(self._new_rows)

    def observe(self, place: int, observation: ObservationFields) -> None:
        """Record the first attempt at the root at `place` of this process's plan."""
        self._new_rows.append(observation)
        self._recorded[place] = 1

    def observe_later(self, observation: ObservationFields) -> None:
        """Record an attempt at a follow-up, or a retry."""
        self._new_rows.append(observation)

    def pay(self, record: PaymentFields) -> None:
        """Record a payment attempt."""
        self._new_payments.append(record)

    def fresh_rows(self) -> Rows:
        """The observations since the last call, oldest first; what feeds Locust's statistics."""
        self.pack()
        fresh, self._unseen = self._unseen, bytearray()
        return np.frombuffer(fresh, dtype=OBSERVATION)

    def pack(self) -> None:
        """Turn what is new into bytes. To be called often, so that there is never much of it at once."""
        rows, self._new_rows = self._new_rows, []
        payments, self._new_payments = self._new_payments, []
        self._rows_packed += len(rows)
        try:
            packed = b"".join(starmap(_OBSERVATION.pack, rows))
        except struct.error:  # something in one of them does not fit
            packed = b"".join([Observation(*row).packed() for row in rows])
        self._unseen += packed
        self._observations.append(packed)
        self._payments.append(_packed(payments))

    def flush(self) -> bool:
        """Write what is pending; False once anything could not be written, for good."""
        if self.failure is None:
            self.pack()
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
