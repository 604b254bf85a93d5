"""Response times of a run that is going on, in memory that does not grow with its rows: counts by second and bucket.

A bucket is an eighth of an octave, 9 % wide. What dependence costs is estimated from seconds with many or few answers
faster than the median and the third quartile, and for that the bucket's edge nearest to the quartile does; the final
verdict takes the exact ones.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from analysis.response_times import CodedRows, encode

Counts = npt.NDArray[np.int64]

_FINER = np.uint16(5)  # 256 codes an octave, 32 of them a bucket
_FASTEST = int(encode(np.array([2**19]))[0] >> _FINER)  # half a millisecond and below
_BUCKETS = int(encode(np.array([2**38]))[0] >> _FINER) - _FASTEST + 1  # four and a half minutes and beyond
_QUARTERS = (2, 3)


class LiveTimes:
    """Answers of judged rows by class, bin of planned time and bucket of response time."""

    def __init__(self, class_of_kind: npt.NDArray[np.intp], classes: int, bins: int) -> None:
        # by place of the kind; -1 where no class of the clause has it, as after the last, for rows that do not count
        self._class_of_kind = np.append(class_of_kind, -1)
        self._counts = np.zeros((classes, bins, _BUCKETS), dtype=np.uint32)

    def add(self, coded: Sequence[CodedRows]) -> None:
        """Count answers."""
        for rows in coded:
            of = self._class_of_kind[rows.kind]
            kept = np.flatnonzero(of >= 0)
            bucket = (rows.response[kept] >> _FINER).astype(np.intp) - _FASTEST
            np.add.at(self._counts, (of[kept], rows.bin[kept], np.clip(bucket, 0, _BUCKETS - 1)), 1)

    def faster(self, place: int, n: Counts) -> Sequence[Counts]:
        """For each of the first bins, with their `n` judged rows of a class, the answers that were about as fast as the
        median of all of them, or faster; and the same for the third quartile."""
        counts = self._counts[place, : n.size]
        upto = np.concatenate([[0], counts.sum(axis=0, dtype=np.int64).cumsum()])
        edges = [int(np.abs(upto - n.sum() * share / 4).argmin()) for share in _QUARTERS]
        return [counts[:, :edge].sum(axis=1, dtype=np.int64) for edge in edges]
