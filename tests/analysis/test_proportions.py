"""Bounds of shares: exact, monotone, and on the side they promise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from analysis.proportions import estimate_bounds, is_far_below, is_met
from analysis.verdict_table import VerdictCode, is_failed, is_passed, judge_counts
from tests.analysis.builders import sla

CLAUSE = sla().clauses[0]


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
    clause = CLAUSE.model_copy(update={"confidence": confidence})
    assert is_passed(passes, n, clause)
    assert not is_passed(passes - 1, n, clause)
    assert is_failed(fails, n, clause)
    assert not is_failed(fails + 1, n, clause)


def test_28_hits_are_no_pass_and_29_are() -> None:
    assert judge_counts(28, 28, CLAUSE) is VerdictCode.INCONCLUSIVE
    assert judge_counts(29, 29, CLAUSE) is VerdictCode.PASS


@given(st.integers(1, 10**6))
def test_the_census_counts_in_whole_rows(tenths: int) -> None:
    assert is_met(9 * tenths, 10 * tenths, 0.9)
    assert not is_met(9 * tenths - 1, 10 * tenths, 0.9)
    assert is_far_below(8 * tenths, 10 * tenths, 0.9)
    assert not is_far_below(8 * tenths + 1, 10 * tenths, 0.9)


@given(counts())
def test_a_miss_more_never_lifts_a_verdict(pair: tuple[int, int]) -> None:
    hits, n = pair
    if hits:
        order = [VerdictCode.FAIL, VerdictCode.INCONCLUSIVE, VerdictCode.PASS]
        assert order.index(judge_counts(hits - 1, n, CLAUSE)) <= order.index(judge_counts(hits, n, CLAUSE))


@pytest.mark.parametrize(("hits", "n"), [(1, 0), (-1, 5), (6, 5), (0, 0)])
def test_a_share_that_cannot_be_is_refused(hits: int, n: int) -> None:
    with pytest.raises(ValueError, match="no share"):
        estimate_bounds(hits, n, 0.95)
