"""How bursty counts are: their index of dispersion beyond the course of the rate, and how long a burst lasts.

Counts N of neighbouring windows are compared by second differences N1 - 2 N2 + N3, which a rate that rises or falls
in a straight line leaves at zero; a few jumps, which stand out by far, are left out. For independent windows the
mean square over 6 means is variance over mean. Where bursts of B last L and a window w L, counts and their sums over
neighbouring windows have the dispersions that `loadtests.spacing` gives, so the expected value follows from B and L;
both are fitted to windows from one tick upward. A tick is no whole number of seconds, so that windows lie at every
place relative to bursts that keep to whole ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]

_LEAST_WINDOWS = 60
TICK_NS = 618_033_989
_LONGEST_WINDOW = 512  # ticks
_JUMP = 4.0  # robust standard deviations
_MOST_JUMPS = 10  # more are no jumps, but bursts
_CLEAR = 4.0  # standard errors
_LEAST_BURSTINESS = 1.1  # below it, Poisson does as well
_EVEN_BELOW = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispersion:
    """What was found: how arrivals are spaced, and with bursts, the index of dispersion and the bursts' length."""

    arrivals: Literal["poisson", "even", "bursty"]
    index: float  # in windows much longer than a burst
    burst_s: float
    windows: tuple[tuple[float, float], ...]  # seconds, index seen


def estimate_dispersion(per_tick: Counts) -> Dispersion:
    """The dispersion of counts in ticks; Poisson where there are too few to tell."""
    seen: list[tuple[float, int, float, float]] = []  # window in seconds, windows, mean, index
    ticks = 1
    while ticks <= _LONGEST_WINDOW and len(per_tick) // ticks >= _LEAST_WINDOWS:
        whole = len(per_tick) // ticks * ticks
        counts = per_tick[:whole].reshape(-1, ticks).sum(axis=1)
        index = _index(counts)
        if index is not None:
            seen.append((ticks * TICK_NS / 1e9, len(counts), float(counts.mean()), index))
        ticks *= 2
    windows = tuple((round(window, 2), round(index, 3)) for window, _, _, index in seen)
    if not seen:
        return Dispersion(arrivals="poisson", index=1.0, burst_s=1.0, windows=windows)
    clear = [(index - 1) / _error(count, mean) for _, count, mean, index in seen]
    dense = [place for place, (_, _, mean, _) in enumerate(seen) if mean >= 3]
    if dense and seen[dense[0]][3] < _EVEN_BELOW and clear[dense[0]] < -_CLEAR:
        return Dispersion(arrivals="even", index=seen[dense[0]][3], burst_s=1.0, windows=windows)
    index, burst_s = _fit(seen)
    if sorted(clear)[-2:][0] < _CLEAR or index < _LEAST_BURSTINESS:  # in two windows at least
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
    kept = ~_jumps(size > _JUMP * spread) if spread > 0 else np.ones(len(size), dtype=bool)
    return float((difference[kept] ** 2).sum() / (6.0 * mean[kept].sum()))


def _jumps(far: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The differences that a few jumps of the rate reach into: those far out and two neighbours on either side."""
    near = np.convolve(far, np.ones(5), mode="same") > 0
    groups = int(near[0]) + int((near[1:] & ~near[:-1]).sum())
    return near if groups <= _MOST_JUMPS else np.zeros_like(near)


def _error(windows: int, mean: float) -> float:
    """Standard error of the index of Poisson counts: second differences of white noise have 4 / n, and 1 / (n mean)."""
    return float(np.sqrt(4.0 / windows + 1.0 / (windows * mean)))


def _fit(seen: list[tuple[float, int, float, float]]) -> tuple[float, float]:
    """The index and the burst length, in seconds, that come nearest to what was seen, by weighted least squares."""
    window = np.array([window for window, _, _, _ in seen])
    found = np.array([index for _, _, _, index in seen])
    weight = np.array([count for _, count, _, _ in seen]) / np.maximum(found, 0.1) ** 2
    best = (np.inf, 1.0, 1.0)
    for burst_s in 2.0 ** np.arange(0.0, np.log2(window[-1] * 2) + 0.01, 0.125):
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
