"""The gateway's own truth: one fixed-width row on disk for each business request it answered."""

from __future__ import annotations

import csv
import io
import json
import os
import struct
import tempfile
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mock_gateway.errors import SettingsError
from mock_gateway.visit import CAUSES, Visit

# Times in integer nanoseconds since the epoch: read once from the wall clock, then the monotonic clock.
# `started` is 0 where no service began. `payer` and `route` are places in the lists of names.
ROW = np.dtype(
    [
        ("arrived_ns", "<i8"),
        ("started_ns", "<i8"),
        ("due_ns", "<i8"),
        ("ended_ns", "<i8"),
        ("status", "<u2"),
        ("payer", "<u2"),
        ("route", "<u2"),
        ("cause", "<u2"),
    ]
)
_PACK = struct.Struct("<qqqqHHHH").pack
_FLUSH_BYTES = 64 * 1024
_MOST_NAMES = 4096
_REST = "(other)"
_CSV_ROWS = 20_000
_CAUSE_PLACES = {name: place for place, name in enumerate(CAUSES)}


class Names:
    """A list of names that grows as they come, up to a limit; what comes later is "(other)"."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {"": 0, _REST: 1}

    def place(self, name: str) -> int:
        found = self._places.get(name)
        if found is not None:
            return found
        if len(self._places) >= _MOST_NAMES:
            return 1
        return self._places.setdefault(name, len(self._places))

    def read(self) -> list[str]:
        return list(self._places)


class TruthLog:
    """Rows appended to one file. Without a path the file is a nameless one that ends with the process."""

    def __init__(self, path: Path | None = None) -> None:
        self._file = _open(path)
        weakref.finalize(self, os.close, self._file)
        # Rows hold numbers only, so what they stand for is written beside them, anew when it grows.
        self._key_path = None if path is None else path.with_name(f"{path.name}.names.json")
        self._names_written = 0
        self._buffer = bytearray()
        self._zero_ns = time.time_ns() - time.monotonic_ns()
        self.payers = Names()
        self.routes = Names()
        self.count = 0

    def record(self, visit: Visit, status: str, cause: str) -> None:
        """Append a row; `status` that is no number (a reset, a black hole) is written as 0."""
        zero = self._zero_ns
        self._buffer += _PACK(
            zero + int(visit.arrived_s * 1e9),
            zero + int(visit.started_s * 1e9) if visit.started_s else 0,
            zero + int((visit.due_s or visit.ended_s) * 1e9),
            zero + int(visit.ended_s * 1e9),
            int(status) if status.isdigit() else 0,
            self.payers.place(visit.payer),
            self.routes.place(visit.route),
            _CAUSE_PLACES[cause],
        )
        self.count += 1
        if len(self._buffer) >= _FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Hand what has gathered to the operating system, which keeps it even if this process dies."""
        rows, self._buffer = self._buffer, bytearray()
        if rows:
            os.write(self._file, rows)
        if self._key_path is not None:
            self._write_names(self._key_path)

    def _write_names(self, path: Path) -> None:
        payers, routes = self.payers.read(), self.routes.read()
        if len(payers) + len(routes) > self._names_written:
            key = {"row": ROW.descr, "payers": payers, "routes": routes, "causes": CAUSES}
            path.write_text(json.dumps(key, indent=1), encoding="utf-8")
            self._names_written = len(payers) + len(routes)

    def read_rows(self, first: int = 0, most: int | None = None) -> npt.NDArray[Any]:
        """Rows from the file, from the `first` on."""
        self.flush()
        count = self.count - first if most is None else min(most, self.count - first)
        if count <= 0:
            return np.empty(0, ROW)
        data = os.pread(self._file, count * ROW.itemsize, first * ROW.itemsize)
        return np.frombuffer(data[: len(data) // ROW.itemsize * ROW.itemsize], ROW)

    def write_npz(self) -> bytes:
        """All rows as `rows`, and the names that their numbers stand for."""
        rows = self.read_rows()
        packed = io.BytesIO()
        np.savez_compressed(
            packed,
            rows=rows,
            payers=np.array(self.payers.read()),
            routes=np.array(self.routes.read()),
            causes=np.array(CAUSES),
        )
        return packed.getvalue()

    def iterate_csv(self) -> Iterator[str]:
        """All rows as CSV text with names instead of numbers, some thousand rows at a time."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(ROW.names or ())
        payers, routes = self.payers.read(), self.routes.read()
        last = self.count
        for first in range(0, last, _CSV_ROWS):
            for row in self.read_rows(first, min(_CSV_ROWS, last - first)).tolist():
                *numbers, payer, route, cause = row
                writer.writerow([*numbers, payers[payer], routes[route], CAUSES[cause]])
            yield text.getvalue()
            text.seek(0)
            text.truncate()
        if not last:
            yield text.getvalue()


def _open(path: Path | None) -> int:
    """The descriptor of a new file."""
    if path is None:
        descriptor, name = tempfile.mkstemp(prefix="mock_gateway_truth_")
        os.unlink(name)
        return descriptor
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise SettingsError(f"truth {path}: exists already; name a new file") from None
    except (OSError, ValueError) as failure:
        raise SettingsError(f"truth {path}: cannot be written ({failure})") from None
