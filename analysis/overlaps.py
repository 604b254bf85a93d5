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

Hashes = npt.NDArray[np.uint64]


def overlap_doubts(recordings: Sequence[Samples]) -> Iterator[Doubt]:
    """Pairs of neighbouring files whose planned times overlap and that share rows. Runs are told apart by their ids.

    Memory: 8 bytes for each row in an overlap of two files.
    """
    files = sorted(
        (each for each in recordings if each.run is None and each.size), key=lambda each: each.first_ns
    )
    for at, one in enumerate(files):
        for other in files[at + 1 :]:
            if other.first_ns > one.last_planned_ns:
                break
            yield from _shared(one, other)


def _shared(one: Samples, other: Samples) -> Iterator[Doubt]:
    first, last = other.first_ns, min(one.last_planned_ns, other.last_planned_ns)
    left, right = (_hashes(each, first, last) for each in (one, other))
    shared = int(np.isin(left, right, kind="sort").sum())
    coarse = one.origin is not None or other.origin is not None
    if shared > (ALIKE_BY_CHANCE * min(left.size, right.size) if coarse else 0):
        yield doubt(
            DoubtCode.DUPLICATE_ROWS,
            f"{count_text(shared)} rows of {Path(one.source).name} also stand in {Path(other.source).name}. Counting a "
            "transaction twice moves the share and makes bounds too narrow: cut the files so that they do not overlap.",
        )


def _hashes(samples: Samples, first_ns: int, last_ns: int) -> Hashes:
    """A number for each row planned in [first, last]; kinds go by their names, as files number them differently."""
    numbers = np.array([zlib.crc32(each.encode()) for each in samples.kinds] or [0], dtype=np.int64)
    found = [np.empty(0, dtype=np.uint64)]
    for block in samples.blocks():
        here = block.at((block.planned_ns >= first_ns) & (block.planned_ns <= last_ns))
        found.append(row_hashes(here, numbers[here.kind.astype(np.intp)]))
    return np.concatenate(found)
