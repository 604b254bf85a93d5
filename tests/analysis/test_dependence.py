"""Dependence: the inflation of simulated traffic whose true inflation is known, and the gates that bar a PASS."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.stats import chi2, norm

from analysis.dependence import KAPPA, estimate_inflation
from analysis.samples import FURTHEST_NS
from analysis.series import Bins
from analysis.steadiness import compare_halves, find_drifts, find_settling_time
from tests.analysis.traffic import counted, mixed_times, poisson_moments, smoke_series

BINS = 1800


def vif_of(hits: np.ndarray, n: np.ndarray) -> float:
    return estimate_inflation(n, hits[None, :]).vif or 0.0


def test_kappa_is_nine_over_the_30_percent_point_of_chi_squared() -> None:
    assert pytest.approx(9 / chi2.ppf(0.30, 9)) == KAPPA == pytest.approx(1.408, abs=5e-4)


def test_independent_transactions_are_inflated_little() -> None:
    rng = np.random.default_rng(1)
    found = [vif_of(rng.binomial(11, 0.9, BINS), np.full(BINS, 11)) for _ in range(200)]
    assert min(found) >= 1
    assert np.median(found) < 1.5


def test_transactions_of_a_second_that_share_one_fate_count_as_one() -> None:
    rng = np.random.default_rng(2)
    found = [vif_of(11 * (rng.random(BINS) < 0.9), np.full(BINS, 11)) for _ in range(200)]
    assert 11 <= np.median(found) < 1.5 * 11


@pytest.mark.parametrize(("phi", "true_vif"), [(0.9, 10), (0.99, 110)])
def test_autoregressive_times_are_inflated_as_theory_says(phi: float, true_vif: float) -> None:
    """The true values are those of the indicator `within the 90 % point` of a Gaussian AR(1) copula."""
    rng = np.random.default_rng(3)
    n, found = np.full(BINS, 11), []
    for _ in range(100):
        noise = rng.standard_normal(11 * BINS + 2000) * np.sqrt(1 - phi**2)
        within = lfilter([1], [1, -phi], noise)[2000:] <= norm.ppf(0.9)
        found.append(vif_of(within.reshape(BINS, 11).sum(axis=1), n))
    assert 0.9 * true_vif <= np.median(found) < 2 * true_vif


def test_without_variation_dependence_is_unknown_and_other_properties_stand_in() -> None:
    n = np.full(BINS, 11)
    assert estimate_inflation(n, np.stack([n, 0 * n])).vif is None
    slower = np.random.default_rng(4).binomial(11, 0.5, BINS)
    assert (estimate_inflation(n, np.stack([n, slower])).vif or 0) >= 1
    assert (
        estimate_inflation(n, np.stack([0 * n, slower])).vif
        == estimate_inflation(n, np.stack([n, slower])).vif
    )


def test_fewer_than_ten_seconds_tell_nothing_of_dependence() -> None:
    assert estimate_inflation(np.full(9, 100), np.full((1, 9), 90)).vif is None


def test_a_declared_load_cycle_is_no_dependence() -> None:
    rng, seconds = np.random.default_rng(5), np.arange(3600)
    n, share = np.full(3600, 6), 0.9 + 0.08 * np.sin(2 * np.pi * seconds / 600)
    hits = rng.binomial(6, share)[None, :]
    undeclared, declared = estimate_inflation(n, hits).vif, estimate_inflation(n, hits, cycle=600).vif
    assert undeclared is not None
    assert declared is not None
    assert declared < 2 < 10 < undeclared


def test_long_series_are_summed_to_fewer_bins_with_the_same_answer() -> None:
    rng = np.random.default_rng(6)
    n, hits = np.ones(300_000, dtype=np.int64), (rng.random(300_000) < 0.9).astype(np.int64)
    assert vif_of(hits, n) == pytest.approx(vif_of(hits.reshape(-1, 5).sum(axis=1), 5 * n[:60_000]), rel=0.3)


def test_bins_are_seconds_and_never_too_many() -> None:
    assert Bins.spanning(7, 7).count == 1
    assert Bins.spanning(0, 5 * 10**9 - 1).count == 50  # too short for seconds
    assert Bins.spanning(0, 3600 * 10**9 - 1).count == 3600
    garbage = Bins.spanning(-FURTHEST_NS, FURTHEST_NS)
    assert garbage.count <= 70_000
    assert garbage.places(np.array([-FURTHEST_NS, FURTHEST_NS])).tolist() == [0, garbage.count - 1]


def test_98_percent_of_healthy_smoke_runs_look_steady() -> None:
    rng = np.random.default_rng(7)
    series = [smoke_series(rng) for _ in range(500)]
    barred = sum(bool(find_drifts(each, smoke=True)) or find_settling_time(each) > 0 for each in series)
    assert barred <= 10


def test_a_queue_that_grows_is_not_steady() -> None:
    rng = np.random.default_rng(8)
    moments = poisson_moments(20, 600, rng)
    times = mixed_times(((1.0, 1.0, 0.3),), moments.size, rng) * (1 + moments / 100)
    for smoke in (False, True):
        measures = {each.measure for each in find_drifts(counted(moments, times, length_s=600), smoke=smoke)}
        assert "number of transactions in flight" in measures


def test_a_start_that_is_slower_than_the_rest_is_seen() -> None:
    rng = np.random.default_rng(9)
    moments = poisson_moments(20, 600, rng)
    times = mixed_times(((1.0, 1.0, 0.3),), moments.size, rng)
    assert find_settling_time(counted(moments, times, length_s=600)) == 0
    cold = np.where(moments < 60, 4.0, 1.0) * times
    assert find_settling_time(counted(moments, cold, length_s=600)) == pytest.approx(60, abs=20)


def test_halves_that_are_alike_differ_by_chance_only() -> None:
    rng, n = np.random.default_rng(10), np.full(600, 20)
    found = [compare_halves("x", rng.binomial(20, 0.1, 600), n) for _ in range(400)]
    surprising = sum(each is not None and each.p_value < 0.05 for each in found)
    assert 8 <= surprising <= 34  # 20 expected
