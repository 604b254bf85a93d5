"""Whether a run was in a steady state: halves that differ, transactions piling up, a start that does not belong.

A share describes a system only if the system stayed the same. Checks go by batches of equal time and bar a PASS
only; none of them moves a window, because cutting by what the data show drops the busy spells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr

from analysis.series import Series

Floats = npt.NDArray[np.float64]

HALVES_BATCHES = 20
MSER_BATCHES = 60
SIGNIFICANCE = 0.01
SIGNIFICANCE_SMOKE = (
    0.001  # batches of two seconds still share their transactions; a real drift is far beyond this
)
PILING_UP = 0.10  # growth of the transactions in flight from the first half to the second
PILING_UP_SMOKE = 0.25  # a minute is too short for a slow tail to fill up, so less than this means nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A measure that is not the same in both halves: what it is, its two means, and how surprising that is."""

    measure: str
    first: float
    second: float
    p_value: float


def find_drifts(series: Series, *, smoke: bool) -> tuple[Drift, ...]:
    """The measures of a population that changed between the halves of the run, at 1 % for all of them together.

    In smoke runs at 0.1 %. Transactions in flight count where they grow by clearly more than a tenth, in smoke runs
    than a quarter.
    """
    judged = series.judged
    n = series.n[judged]
    if np.count_nonzero(n) < HALVES_BATCHES:
        return ()
    level = (SIGNIFICANCE_SMOKE if smoke else SIGNIFICANCE) / 3
    found = [
        compare_halves("share of misses", n - series.hits[judged], n),
        compare_halves(
            "share of transactions slower than the median of the run", n - series.faster_p50[judged], n
        ),
    ]
    drifts = [each for each in found if each is not None and each.p_value < level]
    allowed = 1 + (PILING_UP_SMOKE if smoke else PILING_UP)
    in_flight = compare_halves(
        "number of transactions in flight", series.in_flight[judged], np.ones_like(n), allowed=allowed
    )
    if in_flight is not None and in_flight.p_value < level and in_flight.second > allowed * in_flight.first:
        drifts.append(in_flight)
    return tuple(drifts)


def compare_halves(
    measure: str, counts: npt.NDArray[np.int64], n: npt.NDArray[np.int64], *, allowed: float = 1.0
) -> Drift | None:
    """Welch's t between the ratios counts / n of ten batches of the first half, times `allowed`, and of the second."""
    ratios = _batch_ratios(counts, n, HALVES_BATCHES)
    first, second = ratios[: ratios.size // 2], ratios[ratios.size // 2 :]
    first, second = first[np.isfinite(first)], second[np.isfinite(second)]
    if min(first.size, second.size) < 2:
        return None
    means = float(first.mean()), float(second.mean())
    first = first * allowed
    squares = first.var(ddof=1) / first.size, second.var(ddof=1) / second.size
    difference = second.mean() - first.mean()
    if difference == 0:
        return None
    if sum(squares) == 0:
        p_value = 0.0
    else:
        freedom = sum(squares) ** 2 / (
            squares[0] ** 2 / (first.size - 1) + squares[1] ** 2 / (second.size - 1)
        )
        p_value = 2 * float(stdtr(freedom, -abs(difference) / np.sqrt(sum(squares))))
    return Drift(measure=measure, first=means[0], second=means[1], p_value=p_value)


def find_settling_time(series: Series) -> float:
    """Seconds after the warm-up that still look like a start, by MSER over 60 batches, at most a quarter of the run.

    White's rule: drop the start whose removal makes the standard error of the mean of the rest smallest,
    z(d) = sum_{i > d} (Y_i - mean)^2 / (m - d)^2. Only a cut whose batches differ from the rest counts.
    """
    judged = series.judged
    n = series.n[judged]
    if np.count_nonzero(n) < MSER_BATCHES:
        return 0.0
    ratios = _batch_ratios(n - series.faster_p50[judged], n, MSER_BATCHES)
    ratios = np.where(np.isfinite(ratios), ratios, np.nanmean(ratios))
    left = np.arange(MSER_BATCHES, 0, -1)
    sums, squares = (np.cumsum((ratios**power)[::-1])[::-1] for power in (1, 2))
    errors = (squares - sums**2 / left) / left**2
    allowed = errors[: MSER_BATCHES // 4 + 1]
    cut = int((allowed <= _AS_SMALL * allowed.min()).argmax())  # the curve is flat beyond the true start
    if cut < 2:
        return 0.0
    start, rest = ratios[:cut], ratios[cut:]
    spread = np.sqrt(start.var(ddof=1) / cut + rest.var(ddof=1) / rest.size)
    if spread == 0 or abs(start.mean() - rest.mean()) / spread < _MSER_SURPRISE:
        return 0.0
    return cut * n.size * series.width_s / MSER_BATCHES


_AS_SMALL = 1.25
_MSER_SURPRISE = 5.0  # standard errors; the cut was chosen among sixteen, so fewer would mean little


def _batch_ratios(counts: npt.NDArray[np.int64], n: npt.NDArray[np.int64], batches: int) -> Floats:
    edges = np.arange(batches) * n.size // batches
    sums, sizes = np.add.reduceat(counts, edges), np.add.reduceat(n, edges)
    return np.asarray(np.divide(sums, sizes, out=np.full(batches, np.nan), where=sizes > 0))
