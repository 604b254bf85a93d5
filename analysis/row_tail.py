"""The rows of a run folder that have come since one last looked, while they are still being written."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from scenarios.observation import OBSERVATION, Rows

MOST_AT_ONCE = 1 << 18  # rows, 12 MB


class RowTail:
    """Reads each byte of `folder/*.rows` once. A row whose end is not written yet waits for the next look."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows_read: dict[Path, int] = {}

    def fresh(self) -> Rows:
        """Whole rows that have not been read yet, file by file in order, so many at most; empty when there is none."""
        parts = [np.empty(0, dtype=OBSERVATION)]
        room = MOST_AT_ONCE
        for path in sorted(self._folder.glob("*.rows")):
            known = self._rows_read.get(path, 0)
            count = min(room, path.stat().st_size // OBSERVATION.itemsize - known)
            if count > 0:
                offset = known * OBSERVATION.itemsize
                parts.append(np.fromfile(path, dtype=OBSERVATION, count=count, offset=offset))
                self._rows_read[path] = known + parts[-1].size
                room -= parts[-1].size
        return np.concatenate(parts)
