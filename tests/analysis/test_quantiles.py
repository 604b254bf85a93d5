"""Quantiles by the inverse distribution function, on integers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.quantiles import estimate_quantiles, quantile_rank

LEVELS = (0.5, 0.9, 0.99, 1.0)


def test_the_p90_of_1_to_100_is_90() -> None:
    assert estimate_quantiles(np.arange(1, 101)[::-1].copy(), 100, LEVELS) == (50, 90, 99, 100)


@pytest.mark.parametrize(
    ("q", "n", "rank"),
    [(0.9, 10, 9), (0.9, 1000, 900), (0.9, 11, 10), (0.99, 100, 99), (0.5, 1, 1), (0.07, 100, 7)],
)
def test_ranks_are_exact_where_floats_would_round_up(q: float, n: int, rank: int) -> None:
    assert quantile_rank(q, n) == rank


@given(st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=60), st.integers(0, 20))
def test_quantiles_are_numpys_inverted_cdf_with_the_unanswered_at_infinity(
    answered: list[int], lost: int
) -> None:
    times = np.array(answered, dtype=np.int64)
    n = times.size + lost
    ordered = [*sorted(answered), *([None] * lost)]
    expected = tuple(ordered[quantile_rank(q, n) - 1] for q in LEVELS)
    assert estimate_quantiles(times, n, LEVELS) == expected
    if not lost:
        places = np.arange(1, n + 1)
        by_numpy = [int(np.percentile(places, 100 * q, method="inverted_cdf")) for q in (0.5, 1.0)]
        assert [quantile_rank(q, n) for q in (0.5, 1.0)] == by_numpy


@pytest.mark.parametrize("equal_share", [0.0, 0.6, 0.95, 1.0])
def test_large_samples_agree_with_a_sort_however_many_values_are_equal(equal_share: float) -> None:
    times = np.random.default_rng(1).integers(0, 10**10, 200_000)
    times[: int(times.size * equal_share)] = 5 * 10**9
    before = times.copy()
    ordered = np.sort(times)
    found = estimate_quantiles(times, times.size, LEVELS)
    assert found == tuple(int(ordered[quantile_rank(q, times.size) - 1]) for q in LEVELS)
    assert (times == before).all()


def test_nothing_has_no_quantile() -> None:
    assert estimate_quantiles(np.empty(0, dtype=np.int64), 0, LEVELS) == (None,) * 4
