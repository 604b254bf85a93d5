"""The schedule: one seed, one plan, whoever computes it and in however many shares."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from loadtests.schedule import Share, plan_arrivals
from scenarios.journeys import Journey
from scenarios.loading import load_scenario
from tests.loadtests.builders import phase, scenario

SMOKE_DIGEST = "f215768a78af2873167ec261a5fb270409c6cfdbf80c4e13888d8b451fd44ba7"


def test_the_shipped_smoke_scenario_is_the_same_plan_on_every_machine_and_in_every_release() -> None:
    smoke = load_scenario("smoke")
    arrivals = plan_arrivals(smoke, smoke.seed)
    assert arrivals.offset_ns[:5].tolist() == [60886827, 70908546, 102120371, 127122865, 132376976]
    assert arrivals.journey[:10].tolist() == [1, 1, 1, 1, 1, 1, 2, 2, 2, 1]
    assert len(arrivals) == 2057
    assert arrivals.digest() == SMOKE_DIGEST


def test_another_seed_is_another_plan() -> None:
    assert len({plan_arrivals(scenario(), seed).digest() for seed in range(20)}) == 20


def test_the_digest_sees_both_moments_and_journeys() -> None:
    even = scenario(phase(arrivals="even"))
    digest = plan_arrivals(even, 1).digest()
    assert plan_arrivals(even, 1).digest() == digest
    assert plan_arrivals(even, 2).digest() != digest  # same moments, other journeys
    only = scenario(phase(arrivals="even"), journeys={"card_sale_only": 1})
    later = scenario(phase(arrivals="even", rate_per_s=20), journeys={"card_sale_only": 1})
    assert plan_arrivals(only, 1).digest() != plan_arrivals(later, 1).digest()


@pytest.mark.parametrize("of", [1, 2, 5])
def test_shares_together_are_the_whole(of: int) -> None:
    declared = scenario(phase(duration="5s"), phase(rate_per_s=100, duration="3s", arrivals="even"))
    whole = plan_arrivals(declared, 3)
    parts = [plan_arrivals(declared, 3, Share(index=index, of=of)) for index in range(of)]
    roots = np.concatenate([part.root for part in parts])
    order = np.argsort(roots)
    assert roots[order].tolist() == whole.root.tolist() == list(range(len(whole)))
    assert np.concatenate([part.offset_ns for part in parts])[order].tolist() == whole.offset_ns.tolist()
    assert np.concatenate([part.journey for part in parts])[order].tolist() == whole.journey.tolist()
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize(("index", "of"), [(1, 1), (-1, 2), (2, 2), (0, 0)])
def test_a_share_that_does_not_exist_is_refused(index: int, of: int) -> None:
    with pytest.raises(ValueError, match=rf"^share {index} of {of}: the index must be from 0 to {of - 1}$"):
        Share(index=index, of=of)


@given(
    seed=st.integers(0, 2**63 - 1),
    rates=st.lists(st.floats(0.01, 300), min_size=1, max_size=4),
    spacing=st.sampled_from(["poisson", "even"]),
)
@settings(max_examples=50)
def test_arrivals_are_sorted_and_each_lies_within_its_phase(
    seed: int, rates: list[float], spacing: str
) -> None:
    arrivals = plan_arrivals(scenario(*(phase(rate, "3s", spacing) for rate in rates)), seed)
    assert (np.diff(arrivals.offset_ns) >= 0).all()
    assert ((arrivals.offset_ns >= 0) & (arrivals.offset_ns < len(rates) * 3_000_000_000)).all()
    counts = np.bincount(arrivals.offset_ns // 3_000_000_000, minlength=len(rates))
    for count, rate in zip(counts, rates, strict=True):
        spread = 0.5 if spacing == "even" else 7 * math.sqrt(3 * rate) + 20
        assert abs(count - 3 * rate) <= spread


@pytest.mark.parametrize(
    ("rate", "duration", "offsets_ms"),
    [
        pytest.param(4, "1s", [125, 375, 625, 875], id="whole-number"),
        pytest.param(1, "2500ms", [500, 1500], id="half-a-unit-left-over"),
        pytest.param(0.5, "1s", [], id="half-an-arrival-falls-on-the-end"),
        pytest.param(0.4, "1s", [], id="less-than-half-an-arrival"),
    ],
)
def test_even_arrivals_stand_in_the_middle_of_their_share_of_time(
    rate: float, duration: str, offsets_ms: list[int]
) -> None:
    arrivals = plan_arrivals(scenario(phase(rate, duration, "even")), 1)
    assert (arrivals.offset_ns / 1e6).tolist() == offsets_ms


def test_phases_follow_one_another_at_their_own_rates() -> None:
    declared = scenario(phase(10, "2s", "even"), phase(1000, "1s", "even"), phase(5, "2s", "even"))
    seconds = plan_arrivals(declared, 1).offset_ns // 1_000_000_000
    assert np.bincount(seconds).tolist() == [10, 10, 1000, 5, 5]


def test_a_phase_is_not_shifted_by_what_comes_before_or_after_it() -> None:
    alone = plan_arrivals(scenario(phase(40, "5s")), 9).offset_ns
    followed = plan_arrivals(scenario(phase(40, "5s"), phase(7, "60s")), 9).offset_ns
    assert followed[: len(alone)].tolist() == alone.tolist()
    longer = plan_arrivals(scenario(phase(40, "10s")), 9).offset_ns
    assert longer[longer < 5_000_000_000].tolist() == alone.tolist()


def test_equal_phases_do_not_repeat_one_another() -> None:
    offsets = plan_arrivals(scenario(phase(40, "5s"), phase(40, "5s")), 9).offset_ns
    first, second = offsets[offsets < 5_000_000_000], offsets[offsets >= 5_000_000_000] - 5_000_000_000
    assert not set(first.tolist()) & set(second.tolist())


def test_poisson_counts_have_the_mean_and_variance_of_poisson_counts() -> None:
    """2000 one-second counts at 50/s: the mean's standard error is 0.16, the variance's 1.6."""
    offsets = plan_arrivals(scenario(phase(50, "2000s")), 11).offset_ns
    counts = np.bincount(offsets // 1_000_000_000, minlength=2000)
    assert counts.mean() == pytest.approx(50, abs=0.8)
    assert counts.var() == pytest.approx(50, abs=8)
    assert abs(np.corrcoef(counts[:-1], counts[1:])[0, 1]) < 0.1


@pytest.mark.parametrize("rate", [0.3, 40, 777.7])
def test_poisson_gaps_are_exponential_and_know_nothing_of_one_another(rate: float) -> None:
    offsets = plan_arrivals(scenario(phase(rate, f"{20_000 / rate:.3f}s")), 13).offset_ns
    gaps = np.diff(offsets) / 1e9 * rate
    assert kstest(gaps, "expon").statistic < 2.0 / math.sqrt(len(gaps))
    assert abs(np.corrcoef(gaps[:-1], gaps[1:])[0, 1]) < 0.04


def test_few_expected_arrivals_come_as_often_as_they_should() -> None:
    """0.3 arrivals expected: none with probability exp(-0.3) = 0.741."""
    counts = [len(plan_arrivals(scenario(phase(0.3, "1s")), seed)) for seed in range(2000)]
    assert counts.count(0) / 2000 == pytest.approx(math.exp(-0.3), abs=0.04)
    assert sum(counts) / 2000 == pytest.approx(0.3, abs=0.05)


def test_journeys_come_in_the_proportion_of_their_weights() -> None:
    journeys = plan_arrivals(scenario(phase(400, "50s")), 17).journey
    assert set(journeys.tolist()) == {Journey.ELIGIBILITY_ONLY, Journey.CARD_SALE_ONLY}
    assert (journeys == Journey.ELIGIBILITY_ONLY).mean() == pytest.approx(0.65, abs=0.02)


def test_a_single_journey_is_every_arrivals() -> None:
    journeys = plan_arrivals(scenario(journeys={"card_sale_only": 0.001}), 1).journey
    assert set(journeys.tolist()) == {Journey.CARD_SALE_ONLY}
