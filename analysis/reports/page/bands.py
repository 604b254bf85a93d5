"""The band around a share of a chart: Wilson's bounds with the effective size, as the verdict's own bounds are made."""

from __future__ import annotations

from math import sqrt

from scipy.special import stdtrit

from analysis.dependence import DEGREES_OF_FREEDOM


def share_band(share: float, size: float, confidence: float) -> tuple[float, float]:
    """Lower and upper bound of a share of `size` > 0 effective transactions, each one-sided.

    With m the size and t the quantile of 9 degrees of freedom:
    (p + t^2/2m -+ t sqrt(p (1 - p) / m + t^2/4m^2)) / (1 + t^2/m), as in `analysis.proportions.Share.bounds`.
    """
    t = float(stdtrit(DEGREES_OF_FREEDOM, confidence))
    centre, scale = share + t * t / (2 * size), 1 + t * t / size
    half = t * sqrt(share * (1 - share) / size + (t / (2 * size)) ** 2)
    return max(0.0, min(share, (centre - half) / scale)), min(1.0, max(share, (centre + half) / scale))
