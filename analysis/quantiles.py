"""The rank of a quantile by the inverse of the empirical distribution function. No interpolation."""

from __future__ import annotations

from fractions import Fraction


def quantile_rank(q: float, n: int) -> int:
    """The 1-based rank of the q-quantile among n values: the least rank that has a share q at or below it."""
    return max(1, -(-(Fraction(repr(q)) * n) // 1))
