"""Levels: how many answers of each bin were no slower than a quantile of their class, to the nanosecond."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
        for rows in coded:
            low, below = _below(rows, code)
            for place, counts in enumerate(below):
                found[place, low : low + len(counts)] += counts
        return found, times.read_again(_at_level(coded, code))

    parts = in_threads(work, times.in_parts())
    found = np.sum([counts for counts, _ in parts], axis=0) * known
    exact = joined_exact([each for _, each in parts])
    for level in levels:
        mine = np.isin(exact.kind, level.kinds) & (exact.code == level.code)
        at, kind, time = exact.bin[mine], exact.kind[mine], exact.time_ns[mine]
        no_slower = time <= np.partition(time, level.rank - 1)[level.rank - 1]
        np.add.at(found[level.place], (at[no_slower], kind[no_slower]), 1)
    return np.asarray(found)


def _below(rows: CodedRows, code: npt.NDArray[np.uint16]) -> tuple[int, tuple[Counts, Counts]]:
    """The lowest bin of some rows, and from it on those below each level, by bin and kind."""
    low, kinds = int(rows.bin.min()), code.shape[1]
    kind = rows.kind.astype(np.intp)
    level = (rows.response >= code[0].take(kind, mode="clip")).view(np.uint8)
    level = level + (rows.response >= code[1].take(kind, mode="clip"))
    cells = (rows.bin - np.uint16(low)) * np.intp(kinds)
    count = int(rows.bin.max()) - low + 1
    cells += kind
    cells *= QUANTILES + 1
    cells += level
    counts = np.bincount(cells, minlength=count * kinds * (QUANTILES + 1)).reshape(count, kinds, -1)
    first = counts[:, :-1, 0]
    return low, (first, first + counts[:, :-1, 1])


def _at_level(
    coded: Sequence[CodedRows], code: npt.NDArray[np.uint16]
) -> Iterator[tuple[CodedRows, npt.NDArray[np.intp]]]:
    wanted = np.zeros(CODES, dtype=np.bool_)
    wanted[code.ravel()] = True
    for rows in coded:
        places = np.flatnonzero(wanted.take(rows.response, mode="clip"))
        kind, response = rows.kind[places], rows.response[places]
        yield rows, places[(response == code[0][kind]) | (response == code[1][kind])]
