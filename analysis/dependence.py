"""How much less dependent transactions tell than independent ones: variance inflation and effective size.

Transactions that queue behind each other share their fate, so a share of n of them varies more than a coin's:
Var(share) = p (1 - p) / n * VIF. A simulated M/M/1 queue at 90 % load has VIF 258, stalls of a minute 436; an
interval that takes them as independent is 3 to 30 times too narrow. Everything here works on counts per bin of
planned time, never on rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chdtri

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

BATCHES = 10
DYADIC_BATCHES = 16
MOST_BINS = 65_000  # a bin fits 16 bits
DEGREES_OF_FREEDOM = BATCHES - 1
# A variance from ten batches is chi-squared with 9 degrees of freedom; taking its 30 % point for the truth
# repays that runs which missed the bad spells look both good and independent.
KAPPA = DEGREES_OF_FREEDOM / float(chdtri(DEGREES_OF_FREEDOM, 0.70))  # 1.408
BLIND_SIZE = 16.0  # effective size where nothing varies, so nothing is known about dependence


@dataclass(frozen=True, slots=True, kw_only=True)
class Inflation:
    """What dependence costs. `vif` is None where nothing varies; `growth` compares long and short batches."""

    vif: float | None
    growth: float  # VIF from batches of a tenth of the time over VIF from batches of a fortieth
    margin: float = KAPPA
    degrees_of_freedom: int = DEGREES_OF_FREEDOM

    def effective_size(self, n: int) -> float:
        """How many independent transactions tell as much as these n: n / (kappa VIF), 16 at most if blind."""
        size = n / self.margin / (self.vif or 1.0)
        return min(BLIND_SIZE, size) if self.vif is None else size

    def at_least(self, other: Inflation) -> Inflation:
        """The larger of two."""
        return other if (other.vif or 0.0) > (self.vif or 0.0) else self

    @classmethod
    def between_runs(cls, n: Sequence[int], hits: Sequence[int]) -> Inflation | None:
        """The inflation seen between R >= 3 independent runs, with R - 1 degrees of freedom.

        VIF = R / (R - 1) sum (k_r - p n_r)^2 / (n p (1 - p)). Runs are independent, so nothing needs repaying and
        kappa is 1. None where nothing varies.
        """
        runs = [(size, of) for size, of in zip(n, hits, strict=True) if size]
        total, all_hits = sum(size for size, _ in runs), sum(of for _, of in runs)
        if len(runs) < 3 or not 0 < all_hits < total:
            return None
        share = all_hits / total
        squares = sum((of - share * size) ** 2 for size, of in runs)
        vif = len(runs) / (len(runs) - 1) * squares / (total * share * (1 - share))
        return cls(vif=max(1.0, vif), growth=1.0, margin=1.0, degrees_of_freedom=len(runs) - 1)


def estimate_inflation(n: Counts, counts: Counts, *, cycle: int | None = None) -> Inflation:
    """The variance inflation of shares, the largest over estimators and indicators, and never below 1.

    n: transactions per bin of planned time, shape (bins,). counts: how many of them had each property (answered
    within the limit, faster than the median, ...), shape (indicators, bins). cycle: length of a declared load cycle
    in bins, whose mean course is taken out first. The estimators, each of the variance of the ratio residual
    d_t = k_t - p n_t summed over the run: ten batches of equal time; dyadic batches down to 16; the initial monotone
    sequence of autocovariances (Geyer 1992). Indicators that do not vary say nothing and are left out.
    """
    total = int(n.sum())
    shares = counts.sum(axis=-1) / max(total, 1)
    varied = (shares > 0) & (shares < 1)
    if n.size < BATCHES or not varied.any():
        return Inflation(vif=None, growth=1.0)
    kept, n = counts[varied].astype(np.float64), n.astype(np.float64)
    residuals = kept - shares[varied, None] * n
    if cycle is not None:
        residuals = _without_cycle(residuals, cycle)
    residuals = _coarser(residuals)
    independent = total * shares[varied] * (1 - shares[varied])
    long = _batch_variance(residuals, BATCHES)
    estimates = [long, _dyadic_variance(residuals), _initial_monotone_variance(residuals)]
    vif = float((np.max(estimates, axis=0) / independent).max())
    short = _batch_variance(residuals, 4 * BATCHES) if residuals.shape[-1] >= 4 * BATCHES else long
    growth = float(long[0] / short[0]) if varied[0] and short[0] > 0 else 1.0  # of the first property only
    return Inflation(vif=max(1.0, vif), growth=growth)


def _without_cycle(residuals: Floats, cycle: int) -> Floats:
    """Residuals against the mean course of whole cycles; what is left is scaled for the means it took out."""
    whole = residuals.shape[-1] // cycle
    if whole < 2:
        return residuals
    folded = residuals[:, : whole * cycle].reshape(len(residuals), whole, cycle)
    left = (folded - folded.mean(axis=1, keepdims=True)) * np.sqrt(whole / (whole - 1))
    return np.asarray(left.reshape(len(residuals), whole * cycle))


def _coarser(residuals: Floats) -> Floats:
    """Neighbouring bins added up until there are few enough for a transform in milliseconds."""
    factor = -(-residuals.shape[-1] // MOST_BINS)
    if factor == 1:
        return residuals
    edges = np.arange(0, residuals.shape[-1], factor)
    return np.add.reduceat(residuals, edges, axis=-1)


def _batch_variance(residuals: Floats, batches: int) -> Floats:
    """Variance of the sum from batches of equal time: B/(B-1) sum D_b^2."""
    edges = np.arange(batches) * residuals.shape[-1] // batches
    sums = np.add.reduceat(residuals, edges, axis=-1)
    return np.asarray(batches / (batches - 1) * np.square(sums).sum(axis=-1))


def _dyadic_variance(residuals: Floats) -> Floats:
    """The largest batch variance over batches of 1, 2, 4, ... bins, as long as there are 16 of them."""
    found = np.zeros(len(residuals))
    while (batches := residuals.shape[-1]) >= DYADIC_BATCHES:
        found = np.maximum(found, batches / (batches - 1) * np.square(residuals).sum(axis=-1))
        if batches % 2:
            residuals = np.pad(residuals, ((0, 0), (0, 1)))
        residuals = residuals[:, 0::2] + residuals[:, 1::2]
    return found


def _initial_monotone_variance(residuals: Floats) -> Floats:
    """Geyer's initial monotone sequence: sums of neighbouring autocovariances, while positive, never rising.

    Var(sum) = T (2 sum_m G_m - c_0) with G_m = c_2m + c_2m+1 and c_j the autocovariance at lag j.
    Geyer, Practical Markov chain Monte Carlo, Statistical Science 7 (1992), section 3.3.
    """
    bins = residuals.shape[-1]
    size = 1 << (2 * bins - 1).bit_length()
    spectrum = np.fft.rfft(residuals, size, axis=-1)
    covariance = np.fft.irfft(np.square(np.abs(spectrum)), size, axis=-1)[:, : bins - bins % 2]
    pairs = covariance[:, 0::2] + covariance[:, 1::2]
    positive = np.logical_and.accumulate(pairs > 0, axis=-1)
    falling = np.minimum.accumulate(pairs, axis=-1)
    total = 2 * np.where(positive, falling, 0.0).sum(axis=-1) - covariance[:, 0]
    return np.asarray(total)
