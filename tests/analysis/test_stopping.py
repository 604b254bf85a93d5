"""Stopping early: curtailment is never wrong about the census, and the e-process errs as seldom as it says."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from scipy.integrate import quad
from scipy.stats import beta

from analysis.curtailment import Progress, certain_census, judge_all_clauses, judge_curtailment
from analysis.dependence import Inflation
from analysis.live import Standing
from analysis.proportions import Share, is_met
from analysis.reports.terminal import render_terminal
from analysis.run_facts import CURTAILED, STOPPED_BY_RULE
from analysis.sequential import judge_early, weigh
from analysis.stopping import find_curtailment, find_early_stop, stands, too_short_for_early_stop
from analysis.verdict_table import VerdictCode
from scenarios.observation import Outcome
from scenarios.sla import Clause
from tests.analysis.builders import T0, S, both, codes, judged, run_folder, sla

CLAUSE = sla().clauses[0]
PLAIN = Inflation(vif=1.0, growth=1.0, margin=1.0)


def share(hits: int, n: int, inflation: Inflation = PLAIN) -> Share:
    return Share(hits=hits, n=n, inflation=inflation)


@given(st.integers(1, 300), st.data())
def test_a_certain_census_holds_however_the_rest_ends(most: int, data: st.DataObject) -> None:
    n = data.draw(st.integers(0, most))
    hits = data.draw(st.integers(0, n))
    certain = certain_census(share(hits, n), most, 0.9)
    final = data.draw(st.integers(n, most)) if n else most
    later = data.draw(st.integers(0, final - n))
    if certain is not None and final:
        assert is_met(hits + later, final, 0.9) is certain
    ends = {is_met(hits, most, 0.9), is_met(hits + most - n, most, 0.9)}
    assert (certain is None) == (len(ends) == 2)


@pytest.mark.parametrize(("true", "stops_at"), [(0.80, 0.50), (0.99, 0.91)])
def test_runs_stop_where_the_reference_says(true: float, stops_at: float) -> None:
    """A share of .80 is settled at half of the run, .99 at 91 %."""
    most = 20_000
    for n in range(100, most + 1, 100):
        if certain_census(share(round(true * n), n), most, 0.9) is not None:
            break
    assert n / most == pytest.approx(stops_at, abs=0.01)


def test_one_class_can_end_a_run_by_failing_and_all_must_pass_to_end_it_otherwise() -> None:
    good = Progress(population="payment", share=share(990, 1000), most=1050)
    bad = Progress(population="healthcare", share=share(300, 500), most=1000)
    open_ended = Progress(population="healthcare", share=share(480, 500), most=1000)
    failed = judge_curtailment(CLAUSE, [good, bad])
    assert failed is not None
    assert failed.verdict is VerdictCode.FAIL
    assert "healthcare: 300 of 500" in failed.reason
    assert judge_curtailment(CLAUSE, [good, open_ended]) is None
    passed = judge_curtailment(CLAUSE, [good])
    assert passed is not None
    assert passed.verdict is VerdictCode.PASS
    assert judge_curtailment(CLAUSE, []) is None
    assert judge_all_clauses({CLAUSE: [good, bad]}) == failed
    assert judge_all_clauses({CLAUSE: [good]}) is not None
    assert judge_all_clauses({}) is None


def test_a_certain_census_alone_is_no_verdict() -> None:
    close = Progress(population="payment", share=share(9010, 10_000), most=10_000)
    assert certain_census(close.share, close.most, 0.9) is True
    assert judge_curtailment(CLAUSE, [close]) is None


@pytest.mark.parametrize(("hits", "misses"), [(40, 0), (10, 3), (100, 25)])
def test_the_e_value_is_the_mixture_it_claims_to_be(hits: int, misses: int) -> None:
    def ratio(p: float) -> float:
        return (p / 0.9) ** hits * ((1 - p) / 0.1) ** misses * beta.pdf(p, 9, 1)

    above = quad(ratio, 0.9, 1)[0] / beta.sf(0.9, 9, 1)
    below = quad(ratio, 0, 0.9)[0] / beta.cdf(0.9, 9, 1)
    found = weigh(hits, misses, 0.9)
    assert np.exp([found.above, found.below]) == pytest.approx([above, below], rel=1e-6)


def test_forty_hits_in_a_row_are_enough_and_four_misses_are() -> None:
    """The reference: all hits PASS at n = 40 with 95 % confidence; 4 straight misses FAIL."""
    assert weigh(39, 0, 0.9).above < np.log(20) <= weigh(40, 0, 0.9).above
    assert weigh(0, 4, 0.9).below >= np.log(20)


def test_looking_a_hundred_times_errs_in_five_percent_of_runs_at_most() -> None:
    rng = np.random.default_rng(1)
    hits = (rng.random((600, 100, 60)) < 0.9).sum(axis=2).cumsum(axis=1)
    wrong = dict.fromkeys(("above", "below"), 0)
    for run in hits[:300]:
        seen = [weigh(float(k), 60.0 * (place + 1) - k, 0.9) for place, k in enumerate(run)]
        for side in wrong:
            wrong[side] += max(getattr(each, side) for each in seen) >= np.log(20)
    assert max(wrong.values()) <= 300 * 0.05 + 2 * np.sqrt(300 * 0.05 * 0.95)
    assert sum(wrong.values()) > 0


def test_nothing_is_decided_before_fifteen_minutes_or_a_hundred_stalls() -> None:
    fine = share(10_000, 10_000, Inflation(vif=2.0, growth=1.0))
    assert judge_early(fine, CLAUSE, 899, longest_stall_s=6) is None
    assert judge_early(fine, CLAUSE, 900, longest_stall_s=6) is VerdictCode.PASS
    assert judge_early(fine, CLAUSE, 900, longest_stall_s=12) is None
    assert judge_early(share(0, 1000), CLAUSE, 900, longest_stall_s=None) is VerdictCode.FAIL


def test_dependence_tempers_the_evidence() -> None:
    assert judge_early(share(9500, 10_000), CLAUSE, 3600, longest_stall_s=6) is VerdictCode.PASS
    dependent = share(9500, 10_000, Inflation(vif=400.0, growth=1.0))
    assert judge_early(dependent, CLAUSE, 3600, longest_stall_s=6) is None


def standing(population: str, hits: int, n: int, **changes: Any) -> Standing:
    clause = sla(**changes).clauses[0]
    return Standing(
        clause=clause,
        population=population,
        n=n,
        hits=hits,
        settled_n=n,
        settled_hits=hits,
        misses={"slow": n - hits},
        inflation=PLAIN,
    )


def most(*standings: Standing, count: int) -> dict[Clause, dict[str, int]]:
    return {each.clause: {one.population: count for one in standings} for each in standings}


def test_a_run_is_not_curtailed_while_what_is_under_way_could_turn_it() -> None:
    failing = standing("payment", 600, 750)
    found = find_curtailment([failing], most(failing, count=1000), under_way=100)
    assert found is not None
    assert (found.ended, found.verdict) == (CURTAILED, VerdictCode.FAIL)
    assert find_curtailment([failing], most(failing, count=1000), under_way=1000) is None
    passing = standing("payment", 950, 960)
    assert find_curtailment([passing], most(passing, count=1000), under_way=10) is not None
    assert find_curtailment([passing], most(passing, count=1000), under_way=100) is None


@pytest.mark.parametrize(
    "open_ended",
    [
        pytest.param({"needs": {"period": "28d"}}, id="needs-a-period"),
        pytest.param({"needs": {"count": 3000}}, id="needs-more"),
        pytest.param({"measure": "availability", "limit": None}, id="availability"),
    ],
)
def test_a_clause_that_is_never_certain_keeps_a_pass_waiting_and_not_a_fail(
    open_ended: dict[str, Any],
) -> None:
    good, bad = standing("payment", 960, 960), standing("healthcare", 100, 900)
    waiting = standing("payment", 960, 960, id="other", **open_ended)
    limits = most(good, bad, waiting, count=1000)
    assert find_curtailment([good, waiting], limits, 0) is None
    assert find_curtailment([waiting], limits, 0) is None
    found = find_curtailment([good, bad, waiting], limits, 0)
    assert found is not None
    assert found.verdict is VerdictCode.FAIL


def test_the_rule_of_early_stop_needs_every_class_to_pass_and_one_to_fail() -> None:
    good, bad, unclear = (standing("payment", hits, 3000) for hits in (2950, 2000, 2710))
    passed = find_early_stop([good, good], 5, 1000, longest_stall_s=6)
    assert passed is not None
    assert (passed.ended, passed.verdict) == (STOPPED_BY_RULE, VerdictCode.PASS)
    assert find_early_stop([good, unclear], 5, 1000, longest_stall_s=6) is None
    failed = find_early_stop([good, bad], 5, 1000, longest_stall_s=6)
    assert failed is not None
    assert failed.verdict is VerdictCode.FAIL
    assert "2 000 of 3 000" in failed.reason
    assert find_early_stop([good], 5, 899, longest_stall_s=6) is None
    assert find_early_stop([good], 5000, 1000, longest_stall_s=6) is None
    assert find_early_stop([], 0, 1000, longest_stall_s=6) is None
    assert too_short_for_early_stop(900, 6)
    assert too_short_for_early_stop(1000, 10)
    assert not too_short_for_early_stop(901, None)


def test_a_stop_must_stand_before_the_complete_judgement(tmp_path: Path) -> None:
    recorded = both(400)
    folder = run_folder(tmp_path, recorded, planned=both(440), killed=True)
    assert stands(folder, VerdictCode.PASS)
    assert not stands(folder, VerdictCode.FAIL)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        pytest.param("own_lag_ms", 500, id="the-generator-was-late"),
        pytest.param("outcome", int(Outcome.WRONG_REPLY), id="a-wrong-reply"),
    ],
)
def test_no_doubt_is_dodged_by_stopping(tmp_path: Path, column: str, value: int) -> None:
    recorded = both(400)
    recorded[column][::50] = value
    assert not stands(run_folder(tmp_path, recorded, planned=both(440), killed=True), VerdictCode.PASS)


@pytest.mark.parametrize("ended", [CURTAILED, STOPPED_BY_RULE])
def test_a_run_that_a_rule_ended_is_judged_by_its_planned_length(tmp_path: Path, ended: str) -> None:
    how = {"ended": ended, "reason": "enough is known", "stopped_ns": T0 + 46 * S, "not_due": 80}
    verdict = judged(tmp_path, both(400, to_s=46), end_json=how)
    assert verdict.verdict is VerdictCode.PASS
    assert codes(verdict) == {"too-short", "money-not-audited"}
    assert "45s were to be measured" in next(each.message for each in verdict.validity)
    assert verdict.run["ended"] == ended
    assert verdict.run["ended_because"] == "enough is known"
    assert verdict.run["stopped_after_s"] == 46
    out = StringIO()
    Console(file=out, width=100).print(render_terminal(verdict))
    assert f"Stopped after 46s ({ended}): enough is known." in out.getvalue()
