"""Queues: first come, first served, behind limited servers, without a clock."""

from __future__ import annotations

import math
import statistics
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_gateway.errors import SettingsError
from mock_gateway.gateway_profile import load_profile, parse_profile
from mock_gateway.stations import Station, Stations
from tests.benchmarks.mm_queue import share_within

_INSTANT = """
name = "p"
[sale.service_time]
distribution = "constant"
value = "1s"
[eligibility.service_time]
distribution = "constant"
value = "2s"
"""


def test_nobody_waits_while_a_server_is_free() -> None:
    station = Station("s", concurrency=2)
    first, second, third = (station.book(now_s, 10.0) for now_s in (0.0, 1.0, 2.0))
    assert (first.start_s, first.end_s) == (0.0, 10.0)
    assert (second.start_s, second.end_s) == (1.0, 11.0)
    assert (third.start_s, third.end_s) == (10.0, 20.0), "the third takes over from the first"
    assert station.book(30.0, 1.0).start_s == 30.0
    assert station.waited_s == 8.0


def test_a_station_without_a_limit_never_makes_wait() -> None:
    station = Station("s")
    assert {station.book(0.0, 60.0).start_s for _ in range(100)} == {0.0}
    assert station.count_present(1.0) == (100, 0)


def test_who_is_served_and_who_waits_can_be_counted() -> None:
    station = Station("s", concurrency=3)
    for _ in range(5):
        station.book(0.0, 2.0)
    assert station.count_present(1.0) == (3, 2)
    assert station.count_present(3.0) == (2, 0)
    assert station.count_present(5.0) == (0, 0)


@given(
    visits=st.lists(st.tuples(st.floats(0, 10), st.floats(0, 10)), min_size=1, max_size=60),
    concurrency=st.integers(1, 5),
)
def test_service_is_in_order_of_arrival_and_never_exceeds_the_servers(
    visits: list[tuple[float, float]], concurrency: int
) -> None:
    station = Station("s", concurrency=concurrency)
    now_s, booked = 0.0, []
    for gap_s, service_s in visits:
        now_s += gap_s
        booked.append((now_s, station.book(now_s, service_s)))
    starts = [booking.start_s for _, booking in booked]
    assert starts == sorted(starts)
    assert all(booking.start_s >= arrived_s for arrived_s, booking in booked)
    for _, one in booked:
        at_once = [b for _, b in booked if b.start_s <= one.start_s < b.end_s]
        assert len(at_once) <= concurrency
    # Nobody waits while a server is idle.
    for arrived_s, one in booked:
        if one.start_s > arrived_s:
            busy = [b for _, b in booked if b.start_s <= arrived_s < b.end_s]
            assert len(busy) == concurrency


def test_a_shut_queue_has_the_share_that_theory_gives() -> None:
    """The station of mm4 under Poisson arrivals, on paper: a million times faster than by the clock."""
    stations = Stations(load_profile("mm4"), seed=5)
    station, random = stations.gateway, Random(11)
    rate_per_s, limit_s, now_s = 16.0, 1.0, 0.0
    within = []
    for _ in range(200_000):
        now_s += random.expovariate(rate_per_s)
        booked = station.book(now_s, stations.draw_s(station, "eligibility"))
        within.append(booked.end_s - now_s <= limit_s)
    batches = [statistics.fmean(within[at : at + 4000]) for at in range(0, len(within), 4000)]
    error = statistics.stdev(batches) / math.sqrt(len(batches))
    expected = share_within(limit_s, rate_per_s, service_s=0.2, servers=4)
    assert statistics.fmean(within) == pytest.approx(expected, abs=4 * error)


@pytest.mark.parametrize(
    ("utilisation", "share"),
    # The table of the statistics notes: at these utilisations 90 % are within 5 mean service times.
    [(0.8642, 0.90)],
)
def test_the_closed_form_gives_the_known_value(utilisation: float, share: float) -> None:
    rate_per_s = utilisation * 4 / 2.0
    assert share_within(10.0, rate_per_s, service_s=2.0, servers=4) == pytest.approx(share, abs=0.0005)


def test_named_payers_have_their_own_station_and_the_rest_one_each() -> None:
    text = (
        _INSTANT
        + """
[other_payers]
concurrency = 2
[payers.SLOW]
concurrency = 1
service_time = { distribution = "constant", value = "9s" }
[card_network]
concurrency = 7
service_time = { distribution = "constant", value = "3s" }
[gateway]
concurrency = 5
service_time = { distribution = "constant", value = "10ms" }
"""
    )
    stations = Stations(parse_profile(text, source="p"), seed=1)
    slow, other, third = (stations.behind(payer) for payer in ("SLOW", "OTHER", "THIRD"))
    assert (slow.concurrency, other.concurrency, stations.card_network.concurrency) == (1, 2, 7)
    assert other is not third
    assert stations.behind("OTHER") is other
    assert stations.behind("") is stations.card_network
    assert stations.draw_s(slow, "eligibility") == 9.0
    assert stations.draw_s(other, "eligibility") == 2.0
    assert stations.draw_s(other, "claim_status") == 2.0, "claim status takes eligibility's time by default"
    assert stations.draw_s(stations.card_network, "sale") == 3.0
    assert stations.draw_s(stations.gateway, "sale") == 0.01


def test_endless_payer_names_do_not_make_endless_stations() -> None:
    stations = Stations(load_profile("steady"), seed=1)
    for number in range(5000):
        stations.behind(f"MADE-UP-{number}")
    assert sum(1 for _ in stations) <= 2003


def time_of(declared: str) -> list[float]:
    """20 000 draws of a declared service time, in order."""
    text = _INSTANT.replace('distribution = "constant"\nvalue = "2s"', declared)
    time, random = parse_profile(text, source="p").eligibility.service_time, Random(3)
    return sorted(time.draw(random) for _ in range(20_000))


@pytest.mark.parametrize(
    ("declared", "median_s", "p95_s", "mean_s"),
    [
        ('distribution = "lognormal"\np50 = "2400ms"\np95 = "6s"', 2.4, 6.0, 2.803),
        ('distribution = "lognormal"\nmean = "3s"\nmedian = "2s"', 2.0, 8.793, 3.0),
        ('distribution = "lognormal"\nmedian = "2s"\nsigma = 0.5', 2.0, 4.552, 2.266),
        ('distribution = "exponential"\nmean = "2s"', 1.386, 5.991, 2.0),
        ('distribution = "empirical"\nvalues = ["1s", "2s", "2s", "3s"]', 2.0, 3.0, 2.0),
    ],
    ids=["p50 and p95", "mean and median", "median and sigma", "exponential", "empirical"],
)
def test_distributions_have_the_declared_moments(
    declared: str, median_s: float, p95_s: float, mean_s: float
) -> None:
    draws = time_of(declared)
    assert draws[10_000] == pytest.approx(median_s, rel=0.04)
    assert draws[19_000] == pytest.approx(p95_s, rel=0.06)
    assert statistics.fmean(draws) == pytest.approx(mean_s, rel=0.05)


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ('distribution = "lognormal"\nmedian = "2s"', "lognormal takes median and sigma, mean and median"),
        ('distribution = "lognormal"\nmedian = "2s"\nsigma = 1.0\np95 = "9s"', "lognormal takes"),
        ('distribution = "lognormal"\np50 = "6s"\np95 = "2s"', "lies below"),
        ('distribution = "lognormal"\np50 = "1ms"\np95 = "1h"', "spreads too far"),
        ('distribution = "empirical"\nvalues = []', "values: "),
    ],
)
def test_distributions_that_cannot_be_are_refused(declared: str, said: str) -> None:
    with pytest.raises(SettingsError, match="p: ") as caught:
        time_of(declared)
    assert said in str(caught.value)
