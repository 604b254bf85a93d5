"""The gateway's own account of the money: nothing is acknowledged before it is in here."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import tempfile
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NoReturn

from mock_gateway.errors import SettingsError
from mock_gateway.ledger_file import (
    connect,
    find_by_reference,
    find_payment,
    lock_ledger,
    read_fingerprints,
    read_pages,
    read_sums,
)
from mock_gateway.ledger_writer import CrashPoint, LedgerWriter, Posting, Stored
from mock_gateway.payment import Action, Change, Payment

_NO_SUMS = (0, 0, 0, 0)
_MOST_FOUND = 100


def _crash() -> NoReturn:
    os._exit(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerSettings:
    """Where the ledger is kept; None is a temporary file that goes with the gateway.

    `synchronous` NORMAL survives a killed process, FULL a power cut as well.
    """

    path: Path | None = None
    synchronous: Literal["NORMAL", "FULL"] = "NORMAL"


class Ledger:
    """Payments on disk. Belongs to one event loop; the export may be read from any thread."""

    def __init__(
        self,
        settings: LedgerSettings,
        *,
        void_within_ns: int | None = None,
        crash: Callable[[], NoReturn] = _crash,
    ) -> None:
        """Opens the file; `crash` is how a planted crash ends the process.

        Raises SettingsError if the file cannot be had or is something else.
        """
        self._folder = None if settings.path else Path(tempfile.mkdtemp(prefix="mock-gateway-"))
        self.path = settings.path or Path(self._folder or "", "ledger.sqlite")
        self._synchronous = settings.synchronous
        lock = lock_ledger(self.path)
        try:
            writing = connect(self.path, settings.synchronous)
        except SettingsError:
            os.close(lock)
            raise
        self._reading = connect(self.path, settings.synchronous)
        self._writer = LedgerWriter(writing, void_within_ns=void_within_ns, crash=crash)
        # Also when nobody closes it: a temporary ledger must not stay behind.
        self._release = weakref.finalize(
            self, _release, self._writer, (writing, self._reading), lock, self._folder
        )
        self._sums = {action: list(sums) for action, sums in read_sums(self._reading).items()}

    async def store(self, *payments: Payment, crash: CrashPoint | None = None) -> None:
        """Comes back once the payments are committed. Raises StorageError."""
        await self._post(payments, None, crash)
        for payment in payments:
            self._add(payment)

    async def change(self, change: Change, crash: CrashPoint | None = None) -> tuple[Payment, Payment]:
        """The primary payment as it now is and the new row, once committed.

        Raises RefusedError where the state of the payment forbids it, StorageError.
        """
        primary, row = await self._post((), change, crash)
        self._add(row)
        if change.action is Action.REFUND:
            self._sums_of(primary.action)[3] += row.approved_cents
        return primary, row

    def _post(
        self, payments: Stored, change: Change | None, crash: CrashPoint | None
    ) -> asyncio.Future[Stored]:
        done: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
        self._writer.submit(Posting(payments=payments, change=change, crash=crash, done=done))
        return done

    def _sums_of(self, action: str) -> list[int]:
        return self._sums.setdefault(action, [0, 0, 0, 0])

    def _add(self, payment: Payment) -> None:
        sums = self._sums_of(payment.action)
        sums[0] += 1
        sums[1] += payment.asked_cents
        sums[2] += payment.approved_cents

    def find(self, transaction_id: str) -> Payment | None:
        """The payment of that id; letters in either case."""
        return find_payment(self._reading, transaction_id)

    def find_by_reference(self, reference: str) -> list[Payment]:
        """The first 100 payments under a merchant reference, oldest first."""
        return find_by_reference(self._reading, reference, most=_MOST_FOUND)

    def recent_fingerprints(self, window_ns: int) -> list[tuple[str, int]]:
        """Fingerprints of approved charges of that last while, with their times, oldest first."""
        return read_fingerprints(self._reading, time.time_ns() - window_ns)

    def totals(self) -> dict[str, Any]:
        """Sums of the sales, declined ones included, and rows by action."""
        count, asked, approved, refunded = self._sums.get(Action.SALE, _NO_SUMS)
        return {
            "count": count,
            "asked_cents": asked,
            "approved_cents": approved,
            "refunded_cents": refunded,
            "rows": self.count_rows(),
        }

    def count_rows(self) -> dict[str, int]:
        """How many rows there are of each action."""
        return {action: sums[0] for action, sums in self._sums.items()}

    def export(self) -> Iterator[list[tuple[Any, ...]]]:
        """All rows, in pages of EXPORTED columns, over a connection of its own."""
        connection = connect(self.path, self._synchronous)
        try:
            yield from read_pages(connection)
        finally:
            connection.close()

    def close(self) -> None:
        """Commit what was handed over, close the file, and remove it if it is a temporary one."""
        self._release()

    def discard(self) -> None:
        """Remove a temporary ledger, from any thread, when the process is about to end at once."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def _release(
    writer: LedgerWriter, connections: tuple[sqlite3.Connection, ...], lock: int, folder: Path | None
) -> None:
    writer.close()
    for connection in connections:
        connection.close()
    os.close(lock)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
