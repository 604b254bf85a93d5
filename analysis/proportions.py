"""Shares with their bounds, exact and robust, and the arithmetic of "at least 90 %" without rounding."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import sqrt

from scipy.special import betaincinv, stdtrit

from analysis.dependence import Inflation

TEN_POINTS = Fraction(1, 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """A lower and an upper bound of a share, each one-sided at the stated confidence."""

    lower: float
    upper: float


def estimate_bounds(hits: int, n: int, confidence: float) -> Bounds:
    """Exact Clopper-Pearson bounds of a share of `hits` in `n` > 0 independent trials, each one-sided.

    lower = BetaInv(a; k, n - k + 1) and upper = BetaInv(1 - a; k + 1, n - k) with a = 1 - confidence:
    each side errs with probability a at most, whatever the true share.
    """
    if not 0 <= hits <= n or n < 1:
        raise ValueError(f"no share of {hits} in {n}")
    lower = float(betaincinv(hits, n - hits + 1, 1 - confidence)) if hits else 0.0
    upper = float(betaincinv(hits + 1, n - hits, confidence)) if hits < n else 1.0
    return Bounds(lower=lower, upper=upper)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """`hits` of `n` transactions, and what their dependence costs."""

    hits: int
    n: int
    inflation: Inflation

    @property
    def n_effective(self) -> float:
        """The number of independent transactions that would tell as much."""
        return self.inflation.effective_size(self.n)

    def bounds(self, confidence: float) -> Bounds:
        """Bounds that survive dependence: Wilson's with the effective size and Student's t.

        With m = n_effective, p = hits / n and t the quantile of 9 degrees of freedom (ten batches; R runs leave R - 1):
        (p + t^2/2m -+ t sqrt(p (1 - p) / m + t^2/4m^2)) / (1 + t^2/m), each side one-sided. Needs n > 0.
        """
        size, p = self.n_effective, self.hits / self.n
        t = float(stdtrit(self.inflation.degrees_of_freedom, confidence))
        centre, scale = p + t * t / (2 * size), 1 + t * t / size
        half = t * sqrt(p * (1 - p) / size + (t / (2 * size)) ** 2)
        lower, upper = (centre - half) / scale, (centre + half) / scale
        return Bounds(lower=max(0.0, min(p, lower)), upper=min(1.0, max(p, upper)))


def exact_share(written: float) -> Fraction:
    """The share as the SLA file wrote it: 0.9 is nine tenths, not the nearest binary number."""
    return Fraction(repr(written))


def is_met(hits: int, n: int, at_least: float) -> bool:
    """The census: whether `hits` of `n` rows are the required share or more. No interval, no rounding."""
    return hits >= exact_share(at_least) * n


def is_far_below(hits: int, n: int, at_least: float) -> bool:
    """Whether the share of these rows is 10 points or more below the required one."""
    return hits <= (exact_share(at_least) - TEN_POINTS) * n
