"""Recordings whose truth is on paper: the textbook stall of coordinated omission, and M/M/4 by Erlang's formulas.

The stall is Gil Tene's example (as in HdrHistogram's unit tests): 100 requests a second that take 1 ms, for 100 s, then
one stall of 100 s. A client that waits records one slow request of 10 001; planned times show what 20 000 would meet.
"""

from __future__ import annotations

from heapq import heapreplace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from analysis.judgement import judge_file
from analysis.verdict import PopulationVerdict, Verdict
from tests.analysis.builders import MS, S, codes, sla
from tests.benchmarks.mm_queue import share_within
from tests.benchmarks.queues import sojourn_quantile

SERVERS, SERVICE_S, LIMIT_S = 4, 2.0, 10.0
ROWS = 20_000
CARD_SALES = sla(classes=["payment"])


def judged(
    path: Path, started: npt.NDArray[np.int64], took: npt.NDArray[np.int64], *, planned: bool = True
) -> tuple[Verdict, PopulationVerdict]:
    file = path / "rows.npz"
    columns = {"planned_ns": started} if planned else {}
    names = {"kind": np.full(started.size, "card_sale"), "outcome": np.full(started.size, "ok")}
    np.savez(file, started_ns=started, ended_ns=started + took, **columns, **names)
    verdict = judge_file(file, CARD_SALES)
    return verdict, verdict.clauses[0].populations[0]


def mean_s(verdict: Verdict) -> float:
    value = next(each.value for each in verdict.clauses[0].readings if each.id == "mean_of_all")
    assert value is not None
    return value


def test_a_client_that_waits_records_one_slow_request_of_10_001_and_cannot_pass(tmp_path: Path) -> None:
    started = np.append(np.arange(10_000) * 10 * MS, 100 * S)
    took = np.append(np.full(10_000, MS), 100 * S)
    verdict, payment = judged(tmp_path, started, took, planned=False)
    assert (payment.n, payment.hits) == (10_001, 10_000)
    assert payment.share == pytest.approx(0.9999, abs=1e-6)
    assert (payment.p50_s, payment.p90_s, payment.p99_s, payment.max_s) == (0.001, 0.001, 0.001, 100.0)
    assert mean_s(verdict) == pytest.approx(0.010_998, abs=1e-6)
    assert verdict.verdict.value == "INCONCLUSIVE"
    assert "no-planned-times" in codes(verdict, "inconclusive")


def test_from_planned_times_the_same_stall_is_45_percent_of_all_requests(tmp_path: Path) -> None:
    planned = np.arange(20_000) * 10 * MS
    took = np.where(planned < 100 * S, MS, 200 * S - planned)
    verdict, payment = judged(tmp_path, planned, took)
    assert (payment.n, payment.hits, payment.share) == (20_000, 11_000, 0.55)
    assert (payment.p50_s, payment.p90_s, payment.p99_s, payment.max_s) == (0.001, 80.0, 98.0, 100.0)
    assert mean_s(verdict) == pytest.approx(25.003, abs=1e-9)
    assert verdict.verdict.value == "FAIL"


def queue(load: float, seed: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Arrivals and response times in ns of M/M/4 with a mean service of 2 s, from a state it has settled in."""
    rng, burn = np.random.default_rng(seed), 20_000
    arrivals = rng.exponential(SERVICE_S / (load * SERVERS), ROWS + burn).cumsum()
    service = rng.exponential(SERVICE_S, ROWS + burn)
    free, ended = [0.0] * SERVERS, np.empty(ROWS + burn)
    for place, (now, need) in enumerate(zip(arrivals.tolist(), service.tolist(), strict=True)):
        ended[place] = end = max(now, free[0]) + need
        heapreplace(free, end)
    moments = ((arrivals - arrivals[burn])[burn:] * S).astype(np.int64)
    return moments, ((ended - arrivals)[burn:] * S).astype(np.int64)


@pytest.mark.parametrize(
    ("load", "expected"),
    [(0.3, "PASS"), (0.6, "PASS"), (0.8, "PASS"), (0.8642, "INCONCLUSIVE"), (0.99, "FAIL")],
)
def test_of_m_m_4_the_bounds_hold_the_share_and_the_p90_on_paper(
    tmp_path: Path, load: float, expected: str
) -> None:
    share = share_within(LIMIT_S, load * SERVERS / SERVICE_S, service_s=SERVICE_S, servers=SERVERS)
    verdict, payment = judged(tmp_path, *queue(load, seed=4))
    assert payment.bounds is not None
    assert payment.bounds.lower <= share <= payment.bounds.upper
    low_s, high_s = payment.p90_interval_s
    assert low_s is not None
    assert low_s <= SERVICE_S * sojourn_quantile(0.9, SERVERS, load) <= (high_s or np.inf)
    assert verdict.clauses[0].populations[0].verdict is not None
    assert verdict.verdict.value == expected


def test_of_m_m_4_at_light_load_the_numbers_themselves_are_those_on_paper(tmp_path: Path) -> None:
    """At a load of .3 dependence is slight: three standard errors of 20 000 independent times suffice."""
    verdict, payment = judged(tmp_path, *queue(0.3, seed=11))
    share = share_within(LIMIT_S, 0.3 * SERVERS / SERVICE_S, service_s=SERVICE_S, servers=SERVERS)
    assert payment.share == pytest.approx(share, abs=3 * np.sqrt(share * (1 - share) / ROWS))
    for quantile, seen in ((0.5, payment.p50_s), (0.9, payment.p90_s), (0.99, payment.p99_s)):
        assert seen == pytest.approx(SERVICE_S * sojourn_quantile(quantile, SERVERS, 0.3), rel=0.04)
    assert verdict.verdict.value == "PASS"
