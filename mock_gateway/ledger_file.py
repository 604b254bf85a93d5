"""The SQLite file behind the ledger: how it is opened, written and read."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mock_gateway.errors import SettingsError
from mock_gateway.payment import COLUMNS, EXPORTED, Payment, read_columns

# "SLAG": tells our files from other people's.
_APPLICATION_ID = 0x534C4147
_VERSION = 1
# A checkpoint syncs the file; rarer ones cost less under load, and 16 MB of log are no burden.
_CHECKPOINT_PAGES = 4000
_PAGE_ROWS = 1000

_SCHEMA = f"""
CREATE TABLE payments (
  seq INTEGER PRIMARY KEY,
  transaction_id TEXT NOT NULL UNIQUE, action TEXT NOT NULL, merchant_reference TEXT NOT NULL,
  asked_cents INTEGER NOT NULL, approved_cents INTEGER NOT NULL, status TEXT NOT NULL,
  last_four TEXT NOT NULL, brand TEXT NOT NULL, primary_id TEXT NOT NULL, refunded_cents INTEGER NOT NULL,
  expires TEXT NOT NULL, fingerprint TEXT NOT NULL, created_ns INTEGER NOT NULL, changed_ns INTEGER NOT NULL
);
CREATE INDEX payments_by_reference ON payments (merchant_reference);
PRAGMA application_id = {_APPLICATION_ID};
PRAGMA user_version = {_VERSION};
"""
_NAMES = ", ".join(COLUMNS)
_PLACES = f"({', '.join('?' * len(COLUMNS))})"
# One statement for many rows: Python hands the processor lock back and forth once per statement. Few
# lengths, so that SQLite prepares each only once.
_CHUNKS = (64, 16, 4, 1)
_INSERTS = {n: f"INSERT INTO payments ({_NAMES}) VALUES {', '.join([_PLACES] * n)}" for n in _CHUNKS}
_FIND = f"SELECT {_NAMES} FROM payments WHERE transaction_id = ?"
_FIND_REFERENCE = f"SELECT {_NAMES} FROM payments WHERE merchant_reference = ? ORDER BY seq LIMIT ?"
_UPDATE = (
    "UPDATE payments SET status = ?, approved_cents = ?, refunded_cents = ?, changed_ns = ?"
    " WHERE transaction_id = ?"
)
_PAGE = f"SELECT seq, {', '.join(EXPORTED)} FROM payments WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?"
_SUMS = (
    "SELECT action, count(*), sum(asked_cents), sum(approved_cents), sum(refunded_cents) FROM payments"
    " GROUP BY action"
)
_FINGERPRINTS = (
    "SELECT fingerprint, created_ns FROM payments"
    " WHERE created_ns >= ? AND fingerprint <> '' AND status IN ('C', 'A') AND action <> 'token' ORDER BY seq"
)


def lock_ledger(path: Path) -> int:
    """Holds the ledger for this process until the file descriptor that it gives is closed.

    The kernel gives the lock back however the process ends. Raises SettingsError.
    """
    try:
        handle = os.open(f"{path}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as failure:
        reason = os.strerror(failure.errno or 0)
        raise SettingsError(f"ledger {path}: cannot be opened ({reason})") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise SettingsError(f"ledger {path}: another gateway has it open; give each its own") from None
    return handle


def connect(path: Path, synchronous: str) -> sqlite3.Connection:
    """A connection to the ledger, made if missing. Raises SettingsError if the file is something else."""
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10.0)
    except sqlite3.Error as failure:
        raise SettingsError(f"ledger {path}: cannot be opened ({failure})") from None
    try:
        _prepare(connection, path)
        # NORMAL: a commit is in the kernel's hands, safe from a killed process; FULL: on the disk, safe
        # from a power cut.
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    except sqlite3.Error as failure:
        connection.close()
        raise SettingsError(f"ledger {path}: not a ledger of this gateway ({failure})") from None
    except SettingsError:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    def number(pragma: str) -> int:
        return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])

    if number("schema_version") == 0:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(f"BEGIN; {_SCHEMA} COMMIT;")
    elif (number("application_id"), number("user_version")) != (_APPLICATION_ID, _VERSION):
        raise SettingsError(f"ledger {path}: not a ledger of this gateway; give a new path")


def insert_payments(connection: sqlite3.Connection, payments: Sequence[Payment]) -> None:
    """Adds the payments in their order, within the transaction that is open."""
    done, left = 0, len(payments)
    for size in _CHUNKS:
        while left >= size:
            values: list[Any] = []
            for payment in payments[done : done + size]:
                values += read_columns(payment)
            connection.execute(_INSERTS[size], values)
            done, left = done + size, left - size


def update_payment(connection: sqlite3.Connection, payment: Payment) -> None:
    """Stores what a change may alter in a payment."""
    state = (payment.status, payment.approved_cents, payment.refunded_cents, payment.changed_ns)
    connection.execute(_UPDATE, (*state, payment.transaction_id))


def find_payment(connection: sqlite3.Connection, transaction_id: str) -> Payment | None:
    """The payment of that id, which may be written in either case."""
    row = connection.execute(_FIND, (transaction_id.lower(),)).fetchone()
    return _read(row) if row else None


def find_by_reference(connection: sqlite3.Connection, reference: str, *, most: int) -> list[Payment]:
    """The payments under a merchant reference, oldest first."""
    return [_read(row) for row in connection.execute(_FIND_REFERENCE, (reference, most))]


def read_pages(connection: sqlite3.Connection) -> Iterator[list[tuple[Any, ...]]]:
    """All rows that exist now, EXPORTED columns, page by page.

    Each page is a query of its own: a slow reader must not keep the write-ahead log from being emptied.
    """
    last = connection.execute("SELECT coalesce(max(seq), 0) FROM payments").fetchone()[0]
    at = 0
    while page := connection.execute(_PAGE, (at, last, _PAGE_ROWS)).fetchall():
        at = page[-1][0]
        yield [row[1:] for row in page]


def read_sums(connection: sqlite3.Connection) -> dict[str, tuple[int, int, int, int]]:
    """By action: number of rows, and the sums of asked, approved and refunded cents."""
    return {action: tuple(sums) for action, *sums in connection.execute(_SUMS)}


def read_fingerprints(connection: sqlite3.Connection, since_ns: int) -> list[tuple[str, int]]:
    """Fingerprints of approved charges since then, with their times, oldest first."""
    return connection.execute(_FINGERPRINTS, (since_ns,)).fetchall()


def _read(row: tuple[Any, ...]) -> Payment:
    return Payment(**dict(zip(COLUMNS, row, strict=True)))
