"""The spool: rows of a foreign file as fixed-width records in a file without a name, so that memory stays bounded."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from analysis.blocks import Block
from analysis.samples import Places

SPOOLED = np.dtype(
    [
        ("planned_ns", "<i8"),
        ("started_ns", "<i8"),
        ("ended_ns", "<i8"),
        ("arrival", "<u8"),
        ("attempt", "<i8"),
        ("status", "<i8"),
        ("kind", "<u2"),
        ("outcome", "u1"),
    ]
)


class Spool:
    """Append records, then read them back in blocks. The reader outlives the closing of the file."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="slagate-")  # noqa: SIM115 - closed by __exit__
        self.size = 0

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def append(self, rows: npt.NDArray[np.void]) -> None:
        """Add rows of SPOOLED."""
        self._file.write(rows.tobytes())
        self.size += rows.size

    def reader(
        self, *, numbered: bool, planned: bool, kind_place: npt.NDArray[np.uint16]
    ) -> Callable[[int, int, Places | None], Block]:
        """The function that reads rows as blocks. Without `planned`, the moment of the start stands in."""
        self._file.flush()
        rows = np.memmap(self._file, dtype=SPOOLED, mode="r", shape=(self.size,)) if self.size else _NOTHING

        def read(first: int, last: int, places: Places | None) -> Block:
            part: Any = rows[first:last]
            found = np.array(part if places is None else part[places])
            return Block(
                planned_ns=np.ascontiguousarray(found["planned_ns" if planned else "started_ns"]),
                started_ns=np.ascontiguousarray(found["started_ns"]),
                ended_ns=np.ascontiguousarray(found["ended_ns"]),
                kind=kind_place[found["kind"]],
                outcome=np.ascontiguousarray(found["outcome"]),
                attempt=np.ascontiguousarray(found["attempt"]),
                status=np.ascontiguousarray(found["status"]),
                own_lag_ms=np.zeros(found.size, dtype=np.uint16),
                arrival=np.ascontiguousarray(found["arrival"]) if numbered else None,
                garbled=np.zeros(found.size, dtype=np.bool_),
            )

        return read


_NOTHING = np.empty(0, dtype=SPOOLED)
