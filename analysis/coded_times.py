"""Coded times: the codes of some rows' times, and their counts by kind and code."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np
import numpy.typing as npt

from analysis.blocks import Nanoseconds
from analysis.cells import Cells, Counts, cells_of, counted
from analysis.response_times import Codes, Histogram, encode

_FEW = 4  # up to this part of all rows it pays to pick out those that differ


@dataclass(frozen=True, kw_only=True)
class CodedTimes:
    """Codes of the times of rows, and the slots of their kinds among those present; one beyond counts nowhere."""

    codes: Codes
    low: int  # no code is lower
    slot: Cells
    present: npt.NDArray[np.intp]
    shape: tuple[int, int]  # slots, and codes from the lowest to the highest

    @classmethod
    def of(
        cls, times_ns: Nanoseconds, span: tuple[int, int], slot: Cells, present: npt.NDArray[np.intp]
    ) -> CodedTimes:
        """The codes of some times, all of which lie in `span`."""
        low, high = encode(np.array(span)).tolist()
        shape = present.size + 1, high + 1 - low
        return cls(codes=encode(times_ns), low=low, slot=slot, present=present, shape=shape)

    @cached_property
    def cells(self) -> Cells:
        """Where each row counts in the shape."""
        return cells_of(self.slot, self.codes - np.uint16(self.low), self.shape)

    @cached_property
    def counts(self) -> Counts:
        """Rows by slot and code."""
        return counted(self.cells, self.shape)

    def add_to(self, histogram: Histogram, like: CodedTimes | None = None) -> None:
        """Count the rows in a histogram. `like`: another time of the same rows; nearly all of the codes may be its."""
        if like is None:
            self._add(histogram, self.counts)
            return
        others = np.flatnonzero(self.codes != like.codes)
        if others.size > self.codes.size // _FEW:
            self._add(histogram, self.counts)
            return
        like._add(histogram, like.counts - counted(like.cells[others], like.shape))
        cells = cells_of(self.slot[others], self.codes[others] - np.uint16(self.low), self.shape)
        self._add(histogram, counted(cells, self.shape))

    def add_sums_to(self, histogram: Histogram, times: npt.NDArray[np.float64]) -> None:
        """Add up the times, which are given as floats too, by kind and code."""
        sums = np.bincount(self.cells, weights=times, minlength=prod(self.shape)).reshape(self.shape)
        for place, kind in enumerate(self.present.tolist()):
            histogram.sums_ns[kind, self._codes] += sums[place]

    def _add(self, histogram: Histogram, counts: Counts) -> None:
        for place, kind in enumerate(self.present.tolist()):
            histogram.counts[kind, self._codes] += counts[place]

    @property
    def _codes(self) -> slice:
        return slice(self.low, self.low + self.shape[1])
