"""Bounds of shares: exact, monotone, and on the side they promise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from analysis.dependence import Inflation
from analysis.proportions import Share, estimate_bounds, is_far_below, is_met

TARGET = 0.9


@st.composite
def counts(draw: st.DrawFn) -> tuple[int, int]:
    n = draw(st.integers(1, 10**7))
    return draw(st.integers(0, n)), n


@given(counts(), st.floats(0.5, 0.999))
def test_a_bound_contains_its_share(pair: tuple[int, int], confidence: float) -> None:
    hits, n = pair
    bounds = estimate_bounds(hits, n, confidence)
    assert 0 <= bounds.lower <= hits / n <= bounds.upper <= 1


@given(counts())
def test_one_more_hit_never_lowers_a_bound(pair: tuple[int, int]) -> None:
    hits, n = pair
    if hits < n:
        fewer, more = estimate_bounds(hits, n, 0.95), estimate_bounds(hits + 1, n, 0.95)
        assert fewer.lower <= more.lower
        assert fewer.upper <= more.upper


@pytest.mark.parametrize(
    ("hits", "n"), [(0, 1), (1, 1), (0, 50), (50, 50), (17, 40), (916, 1000), (883, 1000), (9050, 10_000)]
)
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_bounds_agree_with_scipys_exact_test(hits: int, n: int, confidence: float) -> None:
    bounds = estimate_bounds(hits, n, confidence)
    lower = binomtest(hits, n, alternative="greater").proportion_ci(confidence, method="exact").low
    upper = binomtest(hits, n, alternative="less").proportion_ci(confidence, method="exact").high
    assert bounds.lower == pytest.approx(lower, abs=1e-12)
    assert bounds.upper == pytest.approx(upper, abs=1e-12)


@pytest.mark.parametrize(
    ("n", "confidence", "passes", "fails"),
    [
        (100, 0.95, 96, 84),
        (200, 0.95, 188, 172),
        (500, 0.95, 462, 438),
        (1000, 0.95, 916, 883),
        (2000, 0.95, 1823, 1777),
        (10_000, 0.95, 9050, 8949),
        (100_000, 0.95, 90_157, 89_843),
        (1_000_000, 0.95, 900_494, 899_505),
        (100, 0.99, 97, 81),
        (1000, 0.99, 922, 876),
        (1_000_000, 0.99, 900_698, 899_301),
    ],
)
def test_the_edges_of_the_exact_test_are_the_published_ones(
    n: int, confidence: float, passes: int, fails: int
) -> None:
    assert estimate_bounds(passes, n, confidence).lower > TARGET
    assert estimate_bounds(passes - 1, n, confidence).lower <= TARGET
    assert estimate_bounds(fails, n, confidence).upper < TARGET
    assert estimate_bounds(fails + 1, n, confidence).upper >= TARGET


def test_28_independent_hits_are_too_few_and_29_are_enough() -> None:
    assert estimate_bounds(28, 28, 0.95).lower < TARGET < estimate_bounds(29, 29, 0.95).lower


@pytest.mark.parametrize(("hits", "n"), [(0, 50), (3, 50), (45, 50), (50, 50), (9050, 10_000)])
def test_with_many_degrees_of_freedom_the_robust_bound_would_be_wilsons(hits: int, n: int) -> None:
    plain = Inflation(vif=1.0, growth=1.0, margin=1.0, degrees_of_freedom=10**9)
    bounds = Share(hits=hits, n=n, inflation=plain).bounds(0.95)
    expected = binomtest(hits, n).proportion_ci(0.90, method="wilson")
    assert bounds.lower == pytest.approx(expected.low, abs=1e-6)
    assert bounds.upper == pytest.approx(expected.high, abs=1e-6)


@given(counts(), st.floats(1, 1e5), st.floats(0.5, 0.999))
def test_a_robust_bound_contains_its_share_and_widens_with_dependence(
    pair: tuple[int, int], vif: float, confidence: float
) -> None:
    hits, n = pair
    bounds = Share(hits=hits, n=n, inflation=Inflation(vif=vif, growth=1.0)).bounds(confidence)
    assert 0 <= bounds.lower <= hits / n <= bounds.upper <= 1
    doubled = Share(hits=hits, n=n, inflation=Inflation(vif=2 * vif, growth=1.0)).bounds(confidence)
    assert doubled.lower <= bounds.lower
    assert doubled.upper >= bounds.upper


def test_what_never_varies_tells_as_much_as_16_transactions() -> None:
    blind = Share(hits=10_000, n=10_000, inflation=Inflation(vif=None, growth=1.0))
    assert blind.n_effective == 16
    assert blind.bounds(0.95).lower < TARGET


@given(st.integers(1, 10**6))
def test_the_census_counts_in_whole_rows(tenths: int) -> None:
    assert is_met(9 * tenths, 10 * tenths, 0.9)
    assert not is_met(9 * tenths - 1, 10 * tenths, 0.9)
    assert is_far_below(8 * tenths, 10 * tenths, 0.9)
    assert not is_far_below(8 * tenths + 1, 10 * tenths, 0.9)


@pytest.mark.parametrize(("hits", "n"), [(1, 0), (-1, 5), (6, 5), (0, 0)])
def test_a_share_that_cannot_be_is_refused(hits: int, n: int) -> None:
    with pytest.raises(ValueError, match="no share"):
        estimate_bounds(hits, n, 0.95)
