"""Shares with exact bounds, and the arithmetic of "at least 90 %" without rounding."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from scipy.special import betaincinv

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


def exact_share(written: float) -> Fraction:
    """The share as the SLA file wrote it: 0.9 is nine tenths, not the nearest binary number."""
    return Fraction(repr(written))


def is_met(hits: int, n: int, at_least: float) -> bool:
    """The census: whether `hits` of `n` rows are the required share or more. No interval, no rounding."""
    return hits >= exact_share(at_least) * n


def is_far_below(hits: int, n: int, at_least: float) -> bool:
    """Whether the share of these rows is 10 points or more below the required one."""
    return hits <= (exact_share(at_least) - TEN_POINTS) * n
