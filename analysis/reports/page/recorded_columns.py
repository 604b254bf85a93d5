"""Columns of a run's rows that no verdict needs and that a reader asks for: wire and payer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from analysis.blocks import BLOCK_ROWS
from analysis.samples import Samples
from scenarios.observation import map_rows
from scenarios.run_folder import RunFolder

WireAndPayer = tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint16]]


def wires_and_payers(samples: Samples) -> Iterator[WireAndPayer | None]:
    """For each block of a recording its wires and payers; None where the file does not know them."""
    starts = range(0, samples.size, BLOCK_ROWS)
    parts = [] if samples.run is None else map_rows(RunFolder.at(Path(samples.source)).observations)[0]
    ends = np.cumsum([part.size for part in parts]).tolist()
    if not parts or ends[-1] != samples.size:  # still being written to
        yield from (None for _ in starts)
        return
    for first in starts:
        last = min(samples.size, first + BLOCK_ROWS)
        pieces = [
            part[max(0, first - end + part.size) : last - end + part.size]
            for part, end in zip(parts, ends, strict=True)
            if first < end and last > end - part.size
        ]
        yield (
            np.concatenate([np.ascontiguousarray(each["wire"]) for each in pieces]),
            np.concatenate([np.ascontiguousarray(each["payer"]) for each in pieces]),
        )
