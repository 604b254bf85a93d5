"""The arithmetic under the charts: scales, ticks, bands, codes of times, and text that is safe to show."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.dependence import Inflation
from analysis.proportions import Share
from analysis.reports.page.bands import share_band
from analysis.reports.page.breakdown import Breakdown, TimedRows
from analysis.reports.page.distribution_chart import curve
from analysis.reports.page.foreign_text import harmless
from analysis.reports.page.scales import (
    LinearScale,
    LogScale,
    headroom,
    linear_ticks,
    log_ticks,
    moment_label,
    round_down,
    round_up,
    seconds_label,
    time_ticks,
)
from analysis.reports.page.svg import element, polyline_path, step_path, text
from analysis.reports.page.time_codes import CODES, codes_of, edge_s, quantile_s
from analysis.reports.page.time_windows import merged

unhurried = settings(deadline=None)  # on a busy machine the slowness of one example says nothing
positive = st.floats(min_value=1e-6, max_value=1e6)


@unhurried
@given(low=st.floats(-1e6, 1e6), span=st.floats(1e-3, 1e6), most=st.integers(1, 20))
def test_linear_ticks_are_few_rising_and_inside(low: float, span: float, most: int) -> None:
    ticks = linear_ticks(low, low + span, most)
    assert len(ticks) <= most
    assert ticks == sorted(set(ticks))
    assert all(low - 1e-6 * span <= each <= low + span * (1 + 1e-6) for each in ticks) or len(ticks) == 1


@unhurried
@given(low=positive, factor=st.floats(2, 1e9), most=st.integers(2, 14))
def test_log_ticks_are_few_rising_and_inside(low: float, factor: float, most: int) -> None:
    ticks = log_ticks(low, low * factor, most)
    assert len(ticks) <= most
    assert ticks == sorted(ticks)
    assert all(low * 0.999 <= each <= low * factor * 1.001 for each in ticks)


@unhurried
@given(length=st.floats(0.5, 1e8), most=st.integers(4, 14))
def test_time_ticks_begin_at_nought_and_fit(length: float, most: int) -> None:
    ticks = time_ticks(length, most)
    assert ticks[0] == 0
    assert 1 <= len(ticks) <= most
    assert ticks[-1] <= length


def test_ticks_are_the_ones_a_person_would_choose() -> None:
    assert linear_ticks(0, 1, 6) == [0, 0.2, 0.4, 0.6, 0.8, 1]
    assert log_ticks(0.2, 50, 10) == [0.2, 0.5, 1, 2, 5, 10, 20, 50]
    assert log_ticks(0.001, 1000, 8) == pytest.approx([0.001, 0.01, 0.1, 1, 10, 100, 1000])
    assert time_ticks(62, 12) == [0, 10, 20, 30, 40, 50, 60]
    assert [seconds_label(each) for each in (2e-4, 0.05, 0.5, 10, 2000)] == [
        "200 µs",
        "50 ms",
        "500 ms",
        "10 s",
        "2000 s",
    ]
    assert [moment_label(each) for each in (0, 20, 90, 7200, 86_400)] == ["0", "20s", "1m30s", "2h", "1d"]


@unhurried
@given(value=positive)
def test_round_ends_enclose_a_value_closely(value: float) -> None:
    assert round_down(value) <= value * (1 + 1e-9)
    assert round_up(value) >= value * (1 - 1e-9)
    assert round_up(value) <= 2.5 * value * (1 + 1e-6)
    assert 1.03 * value < headroom(value) < 2 * value


@unhurried
@given(value=st.floats(-1e9, 1e9))
def test_scales_hold_what_lies_outside_at_the_nearer_end(value: float) -> None:
    linear = LinearScale(low=0, high=10, first=100, last=0)
    assert 0 <= linear(value) <= 100
    assert 0 <= LogScale(low=0.1, high=10, first=0, last=100)(value) <= 100


def test_scales_place_their_ends_and_middle() -> None:
    linear = LinearScale(low=0, high=10, first=100, last=0)
    assert [linear(each) for each in (0, 5, 10)] == [100, 50, 0]
    log = LogScale(low=0.1, high=10, first=0, last=100)
    assert [log(each) for each in (0.1, 1, 10)] == pytest.approx([0, 50, 100])


@unhurried
@given(hits=st.integers(0, 500), misses=st.integers(0, 500), confidence=st.sampled_from([0.9, 0.95, 0.99]))
def test_the_band_of_a_chart_is_made_as_the_bounds_of_the_verdict(
    hits: int, misses: int, confidence: float
) -> None:
    n = max(1, hits + misses)
    hits = min(hits, n)
    share = Share(hits=hits, n=n, inflation=Inflation(vif=3.0, growth=1.0))
    bounds = share.bounds(confidence)
    assert share_band(hits / n, share.n_effective, confidence) == pytest.approx((bounds.lower, bounds.upper))


@unhurried
@given(times=st.lists(st.integers(1000, 10**13), min_size=1, max_size=50))
def test_codes_rise_with_times_and_their_edges_enclose_them(times: list[int]) -> None:
    stamps = np.array(sorted(times), dtype=np.int64)
    codes = codes_of(stamps)
    assert (np.diff(codes) >= 0).all()
    assert (edge_s(codes) * 1e9 <= stamps * (1 + 1e-7)).all()
    assert (edge_s(codes + 1) * 1e9 * (1 + 1e-7) >= stamps).all()
    assert (edge_s(codes + 1) / edge_s(codes) <= 1.008).all()


def test_times_beyond_every_code_are_held_at_the_ends() -> None:
    assert codes_of(np.array([-5, 0, 2**62], dtype=np.int64)).tolist() == [0, 0, CODES - 1]


def test_a_quantile_among_the_unanswered_has_no_time() -> None:
    counts = np.zeros(CODES, dtype=np.int64)
    counts[codes_of(np.array([10**9]))] = 8
    assert quantile_s(counts, 10, 0.8) == pytest.approx(1.0, rel=0.008)
    assert quantile_s(counts, 10, 0.9) is None
    assert quantile_s(np.zeros(CODES, dtype=np.int64), 0, 0.5) is None


def test_the_curve_passes_exactly_through_the_limit() -> None:
    times = np.array(
        [10**10 - 1, 10**10, 10**10 + 1, 2 * 10**10], dtype=np.int64
    )  # the first three share a code
    counts = np.bincount(codes_of(times), minlength=CODES)
    seconds, shares = curve(counts, 5, (10.0, 2))
    assert shares[list(seconds).index(10.0)] == 2 / 5
    assert (np.diff(seconds) >= 0).all()
    assert (np.diff(shares) >= 0).all()
    assert shares[-1] == 4 / 5


def test_merging_neighbours_keeps_the_sum_and_a_shorter_last_one() -> None:
    assert merged(np.arange(5), 2).tolist() == [1, 5, 4]
    assert merged(np.arange(10).reshape(2, 5), 5).tolist() == [[10], [35]]


def test_a_breakdown_knows_exact_counts_and_the_exact_slowest() -> None:
    breakdown = Breakdown(title="kind", names=("a", "b", "c"))
    waited = np.array([1, 2, 3, 40], dtype=np.int64) * 10**9
    answered = np.array([True, True, True, False])
    rows = TimedRows(
        codes=codes_of(waited), waited_ns=waited, hit=answered & (waited < 3e9), answered=answered
    )
    breakdown.add(np.array([0, 2, 2, 2]), rows)
    first, last = breakdown.rows()
    assert (first.name, first.n, first.hits, first.slowest_s) == ("a", 1, 1, 1.0)
    assert (last.name, last.n, last.hits, last.slowest_s, last.p99_s) == ("c", 3, 1, 3.0, None)
    assert last.p50_s == pytest.approx(3.0, rel=0.008)


def test_paths_have_short_numbers() -> None:
    assert polyline_path([(0.0, 1.04), (10.0, 2.26)]) == "M0 1L10 2.3"
    assert step_path([(0.0, 1.0), (10.0, -0.01)]) == "M0 1H10V0"


def test_svg_escapes_texts_and_attributes() -> None:
    assert str(text("<b>&", 1, 2)) == '<text x="1" y="2">&lt;b&gt;&amp;</text>'
    assert str(element("rect", class_='a" onload="x')) == '<rect class="a&#34; onload=&#34;x"/>'


def test_foreign_text_is_cut_with_its_length_and_cannot_turn_what_follows() -> None:
    assert harmless("plain") == "plain"
    assert harmless("x" * 10_000) == "x" * 160 + "… (cut; 10 000 characters in all)"
    assert harmless("1, 2, 3", most=4) == "1, 2… (cut; 7 characters in all)"
    assert harmless("a\u202eb\x00") == "a⟨U+202E⟩b⟨U+0000⟩"
    assert harmless("שלום") == "שלום"
