"""The time axis of the charts: from the start of each recording, in a few hundred bins of a round width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.samples import Samples

S = 1_000_000_000
MOST_BINS = 600
_ROUND_NS = tuple(
    int(each * S)
    for each in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
) + tuple(hours * 3600 * S for hours in (2, 3, 6, 12, 24, 48, 168))


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeAxis:
    """Bins of equal width from 0, the start of each recording, on."""

    width_ns: int
    count: int
    planned_ns: int  # until when arrivals were planned

    @classmethod
    def over(cls, recordings: Sequence[Samples], limit_ns: int) -> TimeAxis:
        """Bins over the longest recording and its drain, whatever stamps are garbled."""
        planned = max(each.span_ns[1] - each.first_ns for each in recordings)
        drains = [each.cutoff_ns - each.first_ns for each in recordings]
        span = max(1, planned, min(max(drains), planned + max(2 * limit_ns, planned // 4)))
        fewest = -(-span // MOST_BINS)
        width = next((each for each in _ROUND_NS if each >= fewest), fewest)
        return cls(width_ns=width, count=-(-span // width), planned_ns=planned)

    @property
    def width_s(self) -> float:
        return self.width_ns / S

    @property
    def length_s(self) -> float:
        return self.width_s * self.count

    def starts_s(self, every: int = 1) -> npt.NDArray[np.float64]:
        """Where every so many bins begin."""
        return np.arange(0, self.count, every, dtype=np.float64) * self.width_s
