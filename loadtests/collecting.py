"""The master's end of the line from its workers: each batch is stored once, in order, and only then said to be held.

The master's own files carry the names of the workers: `observations/0003.rows` holds what worker 3 sent. A row that
cannot be written is never said to be held; the failure is latched and stops the whole run.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from loadtests.accounts import Mask
from loadtests.batches import Batch, DamagedBatchError, PlannedOf, Stream
from loadtests.health import RateTable
from loadtests.later_accounts import LaterAccounts
from scenarios.errors import RecordingError
from scenarios.observation import Rows, roots_of
from scenarios.run_folder import RunFolder


class _Shelf:
    """One worker's rows of one stream, as far as they have come."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None
        self.batches = 0
        self.rows = 0

    def append(self, rows: Rows) -> None:
        """Write rows behind those that are there. Raises RecordingError."""
        try:
            if self._handle is None:
                self._handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
            left = memoryview(rows.tobytes())
            while left:
                left = left[os.write(self._handle, left) :]
        except OSError as error:
            raise RecordingError(f"cannot write {self._path.name}: {error.strerror}") from error
        self.batches += 1
        self.rows += len(rows)

    def close(self) -> None:
        """Close the file, if there is one."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


class Collector:
    """What came from the workers of one run."""

    def __init__(
        self,
        folder: RunFolder,
        *,
        planned: int,
        workers: int,
        planned_of: PlannedOf,
        rate: RateTable,
        later: LaterAccounts,
    ) -> None:
        self._shelves = {
            (worker, stream): _Shelf(place / f"{worker:04d}.rows")
            for worker in range(workers)
            for stream, place in (
                (Stream.OBSERVATIONS, folder.observations),
                (Stream.PAYMENTS, folder.payments),
            )
        }
        self._planned_of = planned_of
        self._rate = rate
        self._later = later
        self.t0_ns = 0  # set when the run starts; no row is older
        self.recorded: Mask = np.zeros(planned, dtype=bool)  # by root, as far as it is certain to be on disk
        self.started = 0
        self.repeated = 0
        self.early = 0  # batches that came before one with a lower number
        self.damaged = 0
        self.failure: str | None = None

    def store(self, worker: int, batch: Batch) -> int:
        """Take a batch of a worker. The number below which every batch of its stream is held, which is the answer."""
        shelf = self._shelves[worker, batch.stream]
        if self.failure is not None:
            return shelf.batches
        if batch.number < shelf.batches:
            self.repeated += 1
        elif batch.number > shelf.batches:
            self.early += 1
        else:
            self._append(shelf, worker, batch)
        return shelf.batches

    def rows(self, worker: int) -> int:
        """Observations held of a worker."""
        return self._shelves[worker, Stream.OBSERVATIONS].rows

    def close(self) -> None:
        """Take nothing more."""
        for shelf in self._shelves.values():
            shelf.close()

    def _append(self, shelf: _Shelf, worker: int, batch: Batch) -> None:
        try:
            rows = batch.unpacked(worker, self._planned_of)
            shelf.append(rows)
        except DamagedBatchError:
            self.damaged += 1
        except RecordingError as error:
            self.failure = str(error)
        else:
            if batch.stream is Stream.OBSERVATIONS:
                self.recorded[roots_of(rows)] = True
                self._later.add(rows, self.t0_ns)
                self.started += int((rows["started_ns"] >= 0).sum())
                self._rate.add(rows, self.t0_ns)
