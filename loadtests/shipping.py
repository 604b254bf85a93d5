"""The worker's end of the line to its master: rows are read back from the worker's own disk, cut into numbered
batches and sent until the master says that it holds them.

The rows go to a folder of the worker's own first, by the same recorder as in a run by one process. So memory stays
flat while the master is out of reach, and what could not be handed over is still there afterwards.

The environment variable SLAGATE_TEST_DROP_BATCHES (a share, 0.5 for half) makes this module drop batches instead of
sending them. Only this module reads it, and only tests set it.
"""

from __future__ import annotations

import os
import random
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
import numpy as np

from loadtests.batches import Batch, PlannedOf, Stream
from scenarios.run_folder import RunFolder

CUT_EVERY_S = 1.0
_SEND_AGAIN_AFTER_S = 0.5
_UNDERWAY = 4  # batches sent and not yet held


class _Line:
    """One stream's file on its way."""

    def __init__(self, stream: Stream, folder: Path) -> None:
        self.stream = stream
        self._folder = folder
        self._cut: deque[tuple[int, int, int]] = deque()  # number, first row, rows: cut and not yet held
        self._numbered = 0
        self._rows_cut = 0
        self.sent = 0  # number of the next batch to send
        self.sent_at = 0.0

    def cut(self) -> None:
        """Make batches of the rows that reached the disk."""
        on_disk = (
            sum(path.stat().st_size for path in self._folder.glob("*.rows")) // self.stream.dtype.itemsize
        )
        while self._rows_cut < on_disk:
            rows = min(self.stream.rows_a_batch, on_disk - self._rows_cut)
            self._cut.append((self._numbered, self._rows_cut, rows))
            self._numbered += 1
            self._rows_cut += rows

    def held(self, number: int) -> None:
        """The master holds every batch below this number."""
        while self._cut and self._cut[0][0] < number:
            self._cut.popleft()
        self.sent = max(self.sent, number)

    @property
    def left(self) -> int:
        """Rows cut and not yet held."""
        return sum(rows for _, _, rows in self._cut)

    def due(self, now: float) -> list[tuple[int, int, int]]:
        """Batches to send now; from the first one again when nothing was heard of them for long enough."""
        if self._cut and self.sent > self._cut[0][0] and now - self.sent_at > _SEND_AGAIN_AFTER_S:
            self.sent = self._cut[0][0]
        return [each for each in list(self._cut)[:_UNDERWAY] if each[0] >= self.sent]

    def read(self, number: int, first: int, rows: int, planned_of: PlannedOf) -> Batch:
        """That part of the file as a batch."""
        [path] = self._folder.glob("*.rows")
        dtype = self.stream.dtype
        part = np.fromfile(path, dtype, rows, offset=first * dtype.itemsize)
        return Batch.of(self.stream, number, part, planned_of)


class Shipper:
    """Sends what the recorder has written to `folder`, payments before the observations that mention them."""

    def __init__(
        self, folder: RunFolder, planned_of: PlannedOf, send: Callable[[dict[str, Any]], None]
    ) -> None:
        self._lines = [
            _Line(Stream.PAYMENTS, folder.payments),
            _Line(Stream.OBSERVATIONS, folder.observations),
        ]
        self._planned_of = planned_of
        self._send = send
        self._drop = float(os.environ.get("SLAGATE_TEST_DROP_BATCHES", "0"))
        self._next_cut = 0.0
        self.batches_sent = 0
        self.bytes_sent = {stream.name.lower(): 0 for stream in Stream}

    def held(self, stream: int, number: int) -> None:
        """The master's answer: it holds every batch of this stream below this number."""
        self._lines[Stream(stream)].held(number)
        self._pump()

    def ship(self) -> None:
        """Cut what there is, at most once a second, and send what is due. Called a few times a second."""
        if time.monotonic() >= self._next_cut:
            self._next_cut = time.monotonic() + CUT_EVERY_S
            for line in self._lines:
                line.cut()
        self._pump()

    def flush(self, within_s: float, gone: Callable[[], bool]) -> bool:
        """Send until all is held; False when that took too long or the master is gone."""
        until = time.monotonic() + within_s
        for line in self._lines:
            line.cut()
        while self.left and time.monotonic() < until and not gone():
            self._pump()
            gevent.sleep(0.05)
        return not self.left

    @property
    def left(self) -> int:
        """Rows that the master does not hold yet, as far as it has said."""
        return sum(line.left for line in self._lines)

    def _pump(self) -> None:
        now = time.monotonic()
        for line in self._lines:
            for number, first, rows in line.due(now):
                self._send_batch(line, number, first, rows)
                line.sent, line.sent_at = number + 1, now

    def _send_batch(self, line: _Line, number: int, first: int, rows: int) -> None:
        batch = line.read(number, first, rows, self._planned_of)
        self.batches_sent += 1
        self.bytes_sent[line.stream.name.lower()] += len(batch.data)
        if random.random() >= self._drop:
            self._send(batch.to_message())
