"""Overlaps: rows that stand in two of the files that are judged as one, as where their exports share some hours."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from analysis.accounting import ALIKE_BY_CHANCE
from analysis.doubts import Doubt, DoubtCode, doubt
from analysis.roll_call import row_hashes
from analysis.samples import Samples
from analysis.wording import count_text

_NAMED = 5  # files named in a message
Hashes = npt.NDArray[np.uint64]


def overlap_doubts(recordings: Sequence[Samples]) -> Iterator[Doubt]:
    """Files that overlap in time and share rows. Runs are told apart by their ids.

    Memory: 8 bytes for each row of files that overlap.
    """
    for span in dict.fromkeys(each.shared_span_ns for each in recordings if each.shared_span_ns):
        yield from _shared([each for each in recordings if each.shared_span_ns == span])


def _shared(files: Sequence[Samples]) -> Iterator[Doubt]:
    every = np.concatenate([_hashes(each) for each in files])
    every.sort()
    again = every[1:][every[1:] == every[:-1]]
    by_chance = ALIKE_BY_CHANCE * every.size if any(each.origin is not None for each in files) else 0
    if again.size <= by_chance:
        return
    names = [Path(each.source).name for each in files if np.isin(_hashes(each), again).any()]
    named = ", ".join(names[:_NAMED]) + (" and others" if len(names) > _NAMED else "")
    yield doubt(
        DoubtCode.DUPLICATE_ROWS,
        f"{count_text(again.size)} rows stand in more than one of {named}. Counting a transaction twice moves the "
        "share and makes bounds too narrow: cut the files so that none repeats a row of another.",
    )


def _hashes(samples: Samples) -> Hashes:
    """A number for each different row; kinds go by their names, as files number them differently."""
    numbers = np.array([zlib.crc32(each.encode()) for each in samples.kinds] or [0], dtype=np.int64)
    found = [row_hashes(block, numbers[block.kind.astype(np.intp)]) for block in samples.blocks()]
    return np.unique(np.concatenate([*found, np.empty(0, dtype=np.uint64)]))
