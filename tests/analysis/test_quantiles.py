"""Quantiles and sums of exact times, found by codes and read again, against a plain sort."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.blocks import FURTHEST_NS
from analysis.population_verdict import select_times
from analysis.quantiles import quantile_rank
from analysis.response_times import Selection, encode, select
from analysis.tallies import Tally
from scenarios.kinds import Kind
from scenarios.observation import Outcome
from tests.analysis.builders import MS, S, joined, rows, sla
from tests.analysis.test_lateness import tally_of

CLAUSE = sla().clauses[0]


def tally_with(times_ns: np.ndarray, lost: int = 0) -> Tally:
    """A class with these response times, some unanswered transactions, and as many rows of another class."""
    ours = rows(times_ns.size)
    ours["ended_ns"] = ours["planned_ns"] + times_ns
    others = rows(times_ns.size, kind=Kind.CARD_SALE, seconds=3)
    order = np.random.default_rng(1).permutation(2 * times_ns.size + lost)
    return tally_of(joined(ours, others, rows(lost, outcome=Outcome.TIMEOUT, seconds=60))[order])


def selection(tally: Tally, ranks: list[int], count: int = 0) -> Selection:
    (found,) = select([tally.response], [ranks], [count])
    return found


@pytest.mark.parametrize(
    ("q", "n", "rank"),
    [(0.9, 10, 9), (0.9, 1000, 900), (0.9, 11, 10), (0.99, 100, 99), (0.5, 1, 1), (0.07, 100, 7)],
)
def test_ranks_are_exact_where_floats_would_round_up(q: float, n: int, rank: int) -> None:
    assert quantile_rank(q, n) == rank


def test_the_p90_of_1_to_100_is_90_and_its_fastest_90_have_a_mean_of_45_and_a_half() -> None:
    tally = tally_with(np.arange(1, 101)[::-1] * MS)
    (times,) = select_times([tally], CLAUSE)
    assert (times.p50_s, times.p90_s, times.p99_s, times.max_s) == (0.050, 0.090, 0.099, 0.100)
    assert times.quantile_s == times.p90_s
    assert times.fastest_mean_s == pytest.approx(0.0455)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 10**12) | st.integers(9_999_999_990, 10_000_000_010), min_size=1, max_size=60),
    st.integers(0, 9),
)
def test_every_rank_is_that_of_a_sort_with_the_unanswered_at_infinity(answered: list[int], lost: int) -> None:
    tally = tally_with(np.array(answered, dtype=np.int64), lost)
    ranks = list(range(1, len(answered) + lost + 1))
    found = selection(tally, ranks, len(answered)).at_rank_ns
    assert [found.get(rank) for rank in ranks] == [*sorted(answered), *([None] * lost)]
    assert selection(tally, [], len(answered)).sum_ns == pytest.approx(sum(answered))


@pytest.mark.parametrize("equal_share", [0.0, 0.6, 0.95, 1.0])
def test_many_blocks_agree_with_a_sort_however_many_values_are_equal(equal_share: float) -> None:
    times = np.random.default_rng(1).integers(0, 10**10, 200_000)
    times[: int(times.size * equal_share)] = 5 * 10**9
    ordered, ranks = np.sort(times), [1, 100_000, 180_000, 198_000, 200_000]
    found = selection(tally_with(times), ranks, 180_000)
    assert found.at_rank_ns == {rank: int(ordered[rank - 1]) for rank in ranks}
    assert found.sum_ns == pytest.approx(float(ordered[:180_000].sum()), rel=1e-12)


@given(st.lists(st.integers(0, FURTHEST_NS), min_size=2))
def test_codes_rise_with_times_and_stay_below_the_one_of_the_unanswered(times: list[int]) -> None:
    codes = encode(np.array(sorted(times), dtype=np.int64))
    assert (np.diff(codes.astype(np.int64)) >= 0).all()
    assert int(codes.max()) < 0xFFFF


def test_nothing_has_no_quantile() -> None:
    (times,) = select_times([tally_of(rows(0))], CLAUSE)
    assert (times.p50_s, times.p90_s, times.max_s, times.fastest_mean_s) == (None, None, None, None)


def test_woodruffs_interval_holds_the_ranks_of_the_bound() -> None:
    seconds = np.random.default_rng(2).exponential(3 * S, 20_000).astype(np.int64)
    tally = tally_with(seconds)
    (times,) = select_times([tally], CLAUSE)
    share = tally.measured
    reach = 1.8331129 * np.sqrt(
        0.09 / share.n_effective
    )  # the one-sided 95 % point of t with 9 degrees of freedom
    ordered = np.sort(seconds)
    lower, upper = (
        ordered[int(np.floor(20_000 * (0.9 - reach))) - 1],
        ordered[int(np.ceil(20_000 * (0.9 + reach))) - 1],
    )
    assert times.p90_interval_s == (lower / S, upper / S)
