"""How bursty counts are: their index of dispersion beyond the course of the rate, and how long a burst lasts.

Counts N of neighbouring windows are compared by second differences N1 - 2 N2 + N3, which a rate that rises or falls
in a straight line leaves at zero; a single jump, which stands out by far, is left out. For independent windows the
mean square over 6 means is variance over mean. Where bursts of B last L and a window w L, counts and their sums over
neighbouring windows have the dispersions that `loadtests.spacing` gives, so the expected value follows from B and L;
both are fitted to windows from 1 s upward.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]

_LEAST_WINDOWS = 60
_LONGEST_WINDOW_S = 256
_JUMP = 8.0  # robust standard deviations
_CLEAR = 4.0  # standard errors
_LEAST_BURSTINESS = 1.1  # below it, Poisson does as well
_EVEN_BELOW = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispersion:
    """What was found: how arrivals are spaced, and with bursts, the index of dispersion and the bursts' length."""

    arrivals: Literal["poisson", "even", "bursty"]
    index: float  # in windows much longer than a burst
    burst_s: float
    windows: tuple[tuple[int, float], ...]  # seconds, index seen


def estimate_dispersion(per_second: Counts) -> Dispersion:
    """The dispersion of counts by whole seconds; Poisson where there are too few to tell."""
    seen: list[tuple[int, int, float, float]] = []  # window, windows, mean, index
    window_s = 1
    while window_s <= _LONGEST_WINDOW_S and len(per_second) // window_s >= _LEAST_WINDOWS:
        whole = len(per_second) // window_s * window_s
        counts = per_second[:whole].reshape(-1, window_s).sum(axis=1)
        index = _index(counts)
        if index is not None:
            seen.append((window_s, len(counts), float(counts.mean()), index))
        window_s *= 2
    windows = tuple((window, round(index, 3)) for window, _, _, index in seen)
    if not seen:
        return Dispersion(arrivals="poisson", index=1.0, burst_s=1.0, windows=windows)
    clear = [(index - 1) / _error(count, mean) for _, count, mean, index in seen]
    dense = [place for place, (_, _, mean, _) in enumerate(seen) if mean >= 3]
    if dense and seen[dense[0]][3] < _EVEN_BELOW and clear[dense[0]] < -_CLEAR:
        return Dispersion(arrivals="even", index=seen[dense[0]][3], burst_s=1.0, windows=windows)
    index, burst_s = _fit(seen)
    if max(clear) < _CLEAR or index < _LEAST_BURSTINESS:
        return Dispersion(arrivals="poisson", index=1.0, burst_s=1.0, windows=windows)
    return Dispersion(arrivals="bursty", index=index, burst_s=burst_s, windows=windows)


def dispersion_factor(windows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The part of B - 1 that counts show in windows of so many burst lengths, at any place: 2/3 at 1, 1 far beyond."""
    small = np.minimum(windows, 1.0)
    factor: npt.NDArray[np.float64] = np.where(
        windows < 1, small - small * small / 3, 1 - 1 / (3 * np.maximum(windows, 1.0))
    )
    return factor


def _index(counts: Counts) -> float | None:
    """Mean square of second differences over 6 means, without jumps."""
    left, middle, right = counts[:-2], counts[1:-1], counts[2:]
    mean = (left + middle + right) / 3.0
    some = mean > 0
    if some.sum() < _LEAST_WINDOWS / 2:
        return None
    difference, mean = (left - 2 * middle + right)[some].astype(np.float64), mean[some]
    size = np.abs(difference) / np.sqrt(mean)
    spread = 1.4826 * float(np.median(size))
    kept = size <= _JUMP * spread if spread > 0 else np.ones(len(size), dtype=bool)
    return float((difference[kept] ** 2).sum() / (6.0 * mean[kept].sum()))


def _error(windows: int, mean: float) -> float:
    """Standard error of the index of Poisson counts: second differences of white noise have 4 / n, and 1 / (n mean)."""
    return float(np.sqrt(4.0 / windows + 1.0 / (windows * mean)))


def _fit(seen: list[tuple[int, int, float, float]]) -> tuple[float, float]:
    """The index and the burst length, in seconds, that come nearest to what was seen, by weighted least squares."""
    window = np.array([window for window, _, _, _ in seen], dtype=np.float64)
    found = np.array([index for _, _, _, index in seen])
    weight = np.array([count for _, count, _, _ in seen]) / np.maximum(found, 0.1) ** 2
    best = (np.inf, 1.0, 1.0)
    for burst_s in 2.0 ** np.arange(0.0, np.log2(window[-1] * 2) + 0.01, 0.25):
        shown = _second_difference_factor(window / burst_s)
        excess = float((weight * shown * (found - 1)).sum() / (weight * shown * shown).sum())
        miss = float((weight * (found - 1 - excess * shown) ** 2).sum())
        if miss < best[0]:
            best = (miss, 1 + excess, float(burst_s))
    return best[1], best[2]


def _second_difference_factor(windows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """What `dispersion_factor` becomes in second differences: (6 V - 8 C1 + 2 C2) / 6, V, C1 and C2 being variance
    and covariances of windows one and two apart, which follow from the dispersions of 1, 2 and 3 windows together."""
    one, two, three = (dispersion_factor(windows * times) for times in (1, 2, 3))
    next_one = two - one
    next_but_one = (3 * three - 3 * one - 4 * next_one) / 2
    return one - (8 * next_one - 2 * next_but_one) / 6
