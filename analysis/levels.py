"""Levels: how many answers of each bin were no slower than a quantile of their class, to the nanosecond."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.response_times import CODES, CodedRows, Exact, ResponseTimes, joined_exact
from analysis.threads import in_threads

Counts = npt.NDArray[np.int64]

QUANTILES = 2  # the median and the third quartile


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A quantile of some kinds: the code that it lies in, and its rank among the times of that code."""

    place: int  # 0: the median, 1: the third quartile
    kinds: tuple[int, ...]
    code: int
    rank: int


def count_faster(times: ResponseTimes, levels: Sequence[Level], bins: int) -> Counts:
    """Answers by quantile, bin and kind that were no slower than the level of their kind; kinds without one have none.

    One pass over the codes counts those below; the rows with the very code of a level are read again.
    """
    kinds = len(times.response.counts)
    code = np.full((QUANTILES, kinds + 1), CODES - 1, dtype=np.uint16)  # no time has this code
    known = np.zeros((QUANTILES, 1, kinds), dtype=np.bool_)
    for level in levels:
        code[level.place, list(level.kinds)] = level.code
        known[level.place, :, list(level.kinds)] = True

    def work(coded: Sequence[CodedRows]) -> tuple[Counts, Exact]:
        found = np.zeros((QUANTILES, bins, kinds), dtype=np.int64)
        at_level = []
        for rows in coded:
            low, below, places = _below(rows, code)
            at_level.append((rows, places))
            for place, counts in enumerate(below):
                found[place, low : low + len(counts)] += counts
        return found, times.read_again(at_level)

    parts = in_threads(work, times.in_parts())
    found = np.sum([counts for counts, _ in parts], axis=0) * known
    exact = joined_exact([each for _, each in parts])
    for level in levels:
        mine = np.isin(exact.kind, level.kinds) & (exact.code == level.code)
        at, kind, time = exact.bin[mine], exact.kind[mine], exact.time_ns[mine]
        no_slower = time <= np.partition(time, level.rank - 1)[level.rank - 1]
        np.add.at(found[level.place], (at[no_slower], kind[no_slower]), 1)
    return np.asarray(found)


def _below(
    rows: CodedRows, code: npt.NDArray[np.uint16]
) -> tuple[int, tuple[Counts, Counts], npt.NDArray[np.intp]]:
    """The lowest bin, from it on the rows below each level by bin and kind, and the places of the rows at one."""
    low, kinds = int(rows.bin.min()), code.shape[1]
    kind, response = rows.kind.astype(np.intp), rows.response
    first, second = (each.take(kind, mode="clip") for each in code)
    level = (response >= first).view(np.uint8) + (response >= second)
    count = int(rows.bin.max()) - low + 1
    cells = (rows.bin - np.uint16(low)) * np.intp(kinds)
    cells += kind
    cells *= QUANTILES + 1
    cells += level
    counts = np.bincount(cells, minlength=count * kinds * (QUANTILES + 1)).reshape(count, kinds, -1)
    below = counts[:, :-1, 0]
    places = np.flatnonzero((response == first) | (response == second))
    return low, (below, below + counts[:, :-1, 1]), places
