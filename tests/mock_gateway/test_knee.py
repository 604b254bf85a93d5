"""What the shipped profiles do under load, on paper: traffic through their stations, without a clock."""

from __future__ import annotations

import statistics
from random import Random

import pytest

from mock_gateway.gateway_profile import load_profile
from mock_gateway.stations import Stations
from tests.benchmarks.mm_queue import share_within
from tests.benchmarks.open_loop import plan_poisson

# Zipf-like volumes: the first of forty payers has a fifth, the first five have three fifths.
_WEIGHTS = [20.0, 14.0, 11.0, 8.0, 7.0, *[40.0 / 35] * 35]
_PAYERS = [f"PAYER{place:02d}" for place in range(1, 41)]


def response_times(profile: str, rate_per_s: float, seconds: float = 600.0) -> dict[str, list[float]]:
    """Response times by route: two thirds eligibility, one third card sales, in Poisson arrivals."""
    stations, random = Stations(load_profile(profile), seed=2), Random(7)
    taken: dict[str, list[float]] = {"eligibility": [], "sale": []}
    # Who has left the first stage joins the second at that moment, so arrivals there must be put in order.
    second = []
    for now_s in plan_poisson(rate_per_s, seconds, seed=4):
        route = "eligibility" if random.random() < 0.65 else "sale"
        payer = random.choices(_PAYERS, _WEIGHTS)[0] if route == "eligibility" else ""
        booked = stations.gateway.book(now_s, stations.draw_s(stations.gateway, route))
        second.append((booked.end_s, now_s, route, payer))
    for joined_s, now_s, route, payer in sorted(second):
        station = stations.behind(payer)
        booked = station.book(joined_s, stations.draw_s(station, route))
        if now_s > 60:
            taken[route].append(booked.end_s - now_s)
    return taken


def share_over(times: list[float], limit_s: float = 10.0) -> float:
    return statistics.fmean(time_s > limit_s for time_s in times)


def test_steady_at_40_a_second_has_the_published_tail_and_no_queue() -> None:
    taken = response_times("steady", 40.0)
    assert share_over(taken["eligibility"]) == pytest.approx(0.021, abs=0.006)
    assert share_over(taken["sale"]) < 0.01
    assert statistics.median(taken["eligibility"]) == pytest.approx(2.4, rel=0.05)


@pytest.mark.parametrize(
    ("profile", "before", "beyond"),
    [("steady", 150.0, 500.0), ("monday_peak", 40.0, 70.0), ("mm4", 15.0, 22.0)],
)
def test_every_profile_with_queues_has_a_knee(profile: str, before: float, beyond: float) -> None:
    limit_s = 1.0 if profile == "mm4" else 10.0
    good, bad = (
        share_over(response_times(profile, rate, seconds=300)["eligibility"], limit_s)
        for rate in (before, beyond)
    )
    assert good < 0.10 < bad, "within the level before the knee, far beyond it after"
    assert bad > 3 * good


def test_monday_peak_holds_at_its_own_rate_and_waits_more_than_steady() -> None:
    monday, steady = (response_times(profile, 40.0)["eligibility"] for profile in ("monday_peak", "steady"))
    assert share_over(monday) < 0.10
    assert statistics.fmean(monday) > 1.2 * statistics.fmean(steady)


def test_in_mm4_all_traffic_shares_the_one_queue() -> None:
    taken = response_times("mm4", 16.0, seconds=6000)
    expected = share_within(1.0, 16.0, service_s=0.2, servers=4)
    for route in ("eligibility", "sale"):
        assert 1 - share_over(taken[route], 1.0) == pytest.approx(expected, abs=0.02)


def test_the_brownout_alone_breaks_the_healthcare_class() -> None:
    profile = load_profile("brownout")
    stalled = [fault for fault in profile.faults if fault.add and fault.add > 10]
    assert [(fault.payer, fault.route) for fault in stalled] == [("PAYER01", "healthcare")]
    assert _WEIGHTS[0] / sum(_WEIGHTS) > 0.10, "that payer has more volume than the level forgives"
    assert profile.service_time_of("eligibility") == load_profile("steady").service_time_of("eligibility")
