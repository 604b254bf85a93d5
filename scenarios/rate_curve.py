"""The rate of arrivals over time as straight pieces, the area under it, and the way back from area to time.

rate_per_s
  |          /|
  |  _______/ |____        area(t) = arrivals expected from the start to t
  | |         |    |       time_at_area is its inverse: where the n-th arrival of a unit-rate process falls
  +---------------------> t, seconds

On a piece that goes from rate r0 to r1 in d seconds, the area after u seconds is r0 u + (r1 - r0) u² / (2 d).
Solved for u, in the form that loses no digits: u = 2 a / (r0 + sqrt(r0² + 2 a (r1 - r0) / d)).
Only + - * / and sqrt are used, which IEEE 754 rounds in one way, so a moment is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A straight line from one rate to another."""

    length_s: float
    from_per_s: float
    to_per_s: float

    @property
    def area(self) -> float:
        """Arrivals expected in it."""
        return (self.from_per_s + self.to_per_s) / 2 * self.length_s


def flat(length_s: float, rate_per_s: float) -> Piece:
    """A piece at one rate."""
    return Piece(length_s=length_s, from_per_s=rate_per_s, to_per_s=rate_per_s)


class RateCurve:
    """Pieces one after another; jumps between them are allowed."""

    def __init__(self, pieces: Iterable[Piece]) -> None:
        kept: Sequence[Piece] = [piece for piece in pieces if piece.length_s > 0]
        if not kept:
            raise ValueError("a rate curve needs at least one piece of some length")
        times = list(accumulate((piece.length_s for piece in kept), initial=0.0))
        areas = list(accumulate((piece.area for piece in kept), initial=0.0))
        self.pieces = tuple(kept)
        self.length_s = times[-1]
        self.area = areas[-1]
        self.peak_per_s = max(max(piece.from_per_s, piece.to_per_s) for piece in kept)
        self._start_s = np.array(times[:-1])
        self._start_area = np.array(areas[:-1])
        self._length_s = np.array([piece.length_s for piece in kept])
        self._from = np.array([piece.from_per_s for piece in kept])
        self._to = np.array([piece.to_per_s for piece in kept])

    def time_at_area(self, area: Floats) -> Floats:
        """Seconds from the start at which the area under the curve reaches each value; 0 <= area <= self.area."""
        place = _places(self._start_area, area)
        length_s, start, end = self._length_s[place], self._from[place], self._to[place]
        inside = area - self._start_area[place]
        root = np.sqrt(np.maximum(start * start + 2 * inside * (end - start) / length_s, 0.0))
        below = start + root
        moved = np.divide(2 * inside, below, out=np.zeros_like(inside), where=below > 0)
        moments: Floats = self._start_s[place] + np.minimum(moved, length_s)
        return moments

    def area_at_time(self, time_s: Floats) -> Floats:
        """Arrivals expected from the start to each moment; 0 <= time_s <= self.length_s."""
        place = _places(self._start_s, time_s)
        start, end = self._from[place], self._to[place]
        inside = time_s - self._start_s[place]
        areas: Floats = self._start_area[place] + inside * (
            start + (end - start) * inside / (2 * self._length_s[place])
        )
        return areas

    def rate_at_time(self, time_s: Floats) -> Floats:
        """Arrivals per second at each moment; at a jump, the rate after it."""
        place = _places(self._start_s, time_s)
        start, end = self._from[place], self._to[place]
        rates: Floats = start + (end - start) * (time_s - self._start_s[place]) / self._length_s[place]
        return rates


def _places(starts: Floats, values: Floats) -> npt.NDArray[np.intp]:
    """Which piece each value lies in: the last one that starts at or before it.

    Values that all lie in one piece, as most chunks of a plan do, get that piece's number alone, which broadcasts.
    """
    if len(values):
        ends = np.searchsorted(starts, [values.min(), values.max()], side="right") - 1
        if ends[0] == ends[1]:
            return np.array(max(int(ends[0]), 0))
    return np.maximum(np.searchsorted(starts, values, side="right") - 1, 0)
