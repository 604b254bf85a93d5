"""The one thread that writes the ledger, in group commits.

Requests queue their orders on the event loop; whatever has come together by the end of a loop turn goes
to the thread as one batch, is committed at once, and only then is every caller told.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from queue import Empty, SimpleQueue
from typing import NoReturn

from mock_gateway.errors import RefusedError, StorageError
from mock_gateway.ledger_file import find_payment, insert_payments, update_payment
from mock_gateway.payment import Action, Change, Payment
from mock_gateway.payment_state import plan_change
from mock_gateway.transaction_ids import make_transaction_id


class CrashPoint(Enum):
    """Where a planted crash ends the process, relative to the commit of its batch."""

    BEFORE_COMMIT = "before"
    AFTER_COMMIT = "after"


Stored = tuple[Payment, ...]


@dataclass(slots=True, eq=False, kw_only=True)
class Posting:
    """Something to store: new payments, or a change to be decided inside the transaction.

    `done` gets what was stored: the payments, or the primary as it now is and the new row.
    """

    payments: Stored
    change: Change | None
    crash: CrashPoint | None
    done: asyncio.Future[Stored]


class LedgerWriter:
    """Owns the writing connection; `submit` and `close` belong to the event loop's thread."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        void_within_ns: int | None,
        crash: Callable[[], NoReturn],
    ) -> None:
        self._connection = connection
        self._void_within_ns = void_within_ns
        self._crash = crash
        self._waiting: list[Posting] = []
        self._batches: SimpleQueue[list[Posting] | None] = SimpleQueue()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def submit(self, posting: Posting) -> None:
        if not self._waiting:
            # Handed over at the end of this loop turn, with all that the turn brings.
            loop = posting.done.get_loop()
            if self._thread is None:
                self._loop = loop
                self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
                self._thread.start()
            loop.call_soon(self._hand_over)
        self._waiting.append(posting)

    def close(self) -> None:
        """Commit what was handed over, then end the thread."""
        if self._thread is not None:
            self._hand_over()
            self._batches.put(None)
            self._thread.join()
            self._thread = None

    def _hand_over(self) -> None:
        if self._waiting:
            self._batches.put(self._waiting)
            self._waiting = []

    def _run(self) -> None:
        assert self._loop is not None
        is_open = True
        while is_open:
            batch = self._batches.get()
            if batch is None:
                return
            # What came while the last commit ran joins this one.
            try:
                while True:
                    more = self._batches.get_nowait()
                    if more is None:
                        is_open = False
                        break
                    batch += more
            except Empty:
                pass
            outcomes = self._commit(batch)
            # With the loop closed nobody waits any more; what is committed is committed.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(_settle, batch, outcomes)

    def _commit(self, batch: list[Posting]) -> list[Stored | Exception]:
        """One outcome a posting; a refusal concerns one of them, a failing disk all."""
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            insert_payments(connection, [payment for posting in batch for payment in posting.payments])
            outcomes = [
                posting.payments if posting.change is None else self._change(posting.change)
                for posting in batch
            ]
            self._crash_if(batch, CrashPoint.BEFORE_COMMIT)
            connection.execute("COMMIT")
        except Exception as failure:
            # Also what is not sqlite's: a thread that died would leave every caller waiting.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            return [StorageError(type(failure).__name__)] * len(batch)
        self._crash_if(batch, CrashPoint.AFTER_COMMIT)
        return outcomes

    def _crash_if(self, batch: list[Posting], point: CrashPoint) -> None:
        if any(posting.crash is point for posting in batch):
            self._crash()

    def _change(self, change: Change) -> Stored | Exception:
        primary = find_payment(self._connection, change.primary_id)
        if primary is not None and primary.action == Action.CAPTURE:
            # Whoever names the capture means the money that it took.
            primary = find_payment(self._connection, primary.primary_id)
        try:
            after, row = plan_change(
                primary,
                change,
                transaction_id=make_transaction_id(),
                now_ns=time.time_ns(),
                void_within_ns=self._void_within_ns,
            )
        except RefusedError as refused:
            return refused
        update_payment(self._connection, after)
        insert_payments(self._connection, [row])
        return after, row


def _settle(batch: list[Posting], outcomes: list[Stored | Exception]) -> None:
    for posting, outcome in zip(batch, outcomes, strict=True):
        if posting.done.done():
            continue
        if isinstance(outcome, Exception):
            posting.done.set_exception(outcome)
        else:
            posting.done.set_result(outcome)
