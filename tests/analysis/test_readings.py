"""Readings, kinds and other rules beside the primary one, on recordings where they part ways."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.readings import reading_name
from analysis.verdict import Reading, Verdict
from scenarios.kinds import Kind
from scenarios.observation import Outcome
from tests.analysis.builders import T0, S, both, joined, judged, population, rows


def the(verdict: Verdict, id_: str) -> Reading:
    return next(each for each in verdict.clauses[0].readings if each.id == id_)


def test_five_percent_at_400_seconds_pass_as_a_share_and_not_as_a_mean(tmp_path: Path) -> None:
    verdict = judged(tmp_path, joined(both(950, seconds=1), both(50, seconds=400)))
    assert the(verdict, "share").met is True
    assert the(verdict, "mean_of_all").value == pytest.approx(20.95, abs=0.001)
    assert the(verdict, "mean_of_all").met is False
    assert the(verdict, "mean_of_fastest").value == pytest.approx(1.0, abs=0.001)
    said = verdict.clauses[0].disagreement
    assert said is not None
    assert "the clause is met; it is not met read as" in said
    assert "mean of all (20.9 s in payment)" in said


def test_the_mean_of_the_fastest_90_percent_passes_where_only_85_percent_are_in_time(tmp_path: Path) -> None:
    verdict = judged(tmp_path, joined(both(850, seconds=1.765), both(150, seconds=20)))
    assert the(verdict, "share").met is False
    assert the(verdict, "mean_of_fastest").value == pytest.approx((850 * 1.765 + 50 * 20) / 900, abs=0.001)
    assert the(verdict, "mean_of_fastest").met is True


def test_p90_and_share_always_agree(tmp_path: Path) -> None:
    for slow, met in ((100, True), (101, False)):
        (tmp_path / str(slow)).mkdir()
        verdict = judged(tmp_path / str(slow), joined(both(1000 - slow), both(slow, seconds=10.5)))
        assert (the(verdict, "share").met, the(verdict, "p90").met) == (met, met)


def test_a_big_class_hides_a_small_one_only_when_pooled(tmp_path: Path) -> None:
    payments = [rows(140, kind=Kind.CARD_SALE), rows(60, kind=Kind.CARD_SALE, seconds=30)]
    verdict = judged(tmp_path, joined(rows(2000), *payments))
    assert (the(verdict, "pooled").met, the(verdict, "share").met) == (True, False)
    assert (the(verdict, "share").value, the(verdict, "share").population) == (0.7, "payment")


def test_an_error_counts_as_the_limit_at_least_so_fast_errors_do_not_lower_the_mean(tmp_path: Path) -> None:
    verdict = judged(tmp_path, joined(both(900), both(100, outcome=Outcome.ERROR, seconds=0.001, status=500)))
    assert the(verdict, "mean_of_all").value == pytest.approx(0.9 * 1 + 0.1 * 10, abs=0.001)


def test_intervals_and_windows_find_the_bad_minute(tmp_path: Path) -> None:
    long = {"length_ns": 1200 * S, "warm_up_ns": 0}
    good = both(11_400, from_s=0, to_s=1200)
    bad_minute = both(600, from_s=540, to_s=600, seconds=300)
    verdict = judged(tmp_path, joined(good, bad_minute), plan_json=long, end_json={"ended_ns": T0 + 1600 * S})
    assert the(verdict, "interval_mean_1m").value == pytest.approx(19 / 20)
    assert the(verdict, "interval_mean_5m").value == pytest.approx(3 / 4)
    assert the(verdict, "interval_mean_1h").value is None
    assert the(verdict, "interval_mean_1h").met is None
    assert the(verdict, "worst_window_1m").value == pytest.approx(570 / 1170, abs=0.003)
    assert the(verdict, "worst_window_5m").met is False


def test_a_quantile_among_the_unanswered_is_not_met_and_has_no_number(tmp_path: Path) -> None:
    verdict = judged(tmp_path, joined(both(500), both(500, outcome=Outcome.TIMEOUT, seconds=60)))
    assert (the(verdict, "p90").value, the(verdict, "p90").met) == (None, False)


def test_kinds_stand_below_their_class(tmp_path: Path) -> None:
    sales = rows(800, kind=Kind.CARD_SALE)
    voids = [rows(80, kind=Kind.VOID), rows(20, kind=Kind.VOID, seconds=20)]
    verdict = judged(tmp_path, joined(rows(1000), sales, *voids))
    kinds = {each.name: each for each in population(verdict, "payment").kinds}
    assert {name: (each.n, each.hits, each.met) for name, each in kinds.items()} == {
        "card_sale": (800, 800, True),
        "void": (100, 80, False),
    }
    assert population(verdict, "healthcare").kinds == ()
    assert population(verdict, "payment").n == 900


def test_other_rules_are_shown_with_the_verdict_they_would_give(tmp_path: Path) -> None:
    errors = both(130, outcome=Outcome.ERROR, seconds=0.01, status=500)
    unavailable = both(100, outcome=Outcome.PAYER_UNAVAILABLE)
    verdict = judged(tmp_path, joined(both(770), errors, unavailable))
    found = {each.rule: each for each in verdict.clauses[0].sensitivity if each.population == "healthcare"}
    assert found["as judged"].share == 0.87
    assert (found["failures not counted"].n, found["failures not counted"].share) == (870, 1.0)
    assert found["payer unavailable not counted"].share == pytest.approx(770 / 900)
    assert found["payer unavailable as a miss"].share == pytest.approx(0.77)
    assert found["failures not counted"].verdict.value == "PASS"
    assert verdict.verdict.value == "FAIL"


def test_every_reading_has_a_name_in_words(tmp_path: Path) -> None:
    verdict = judged(tmp_path, both(100))
    assert all(reading_name(each.id) != each.id for each in verdict.clauses[0].readings if each.id != "p90")


def test_the_textbook_stall(tmp_path: Path) -> None:
    """100 requests/s of 1 ms for 100 s, then a stall of 100 s: .55 within 10 s and a p90 of 80 s (HdrHistogram's)."""
    planned = np.arange(20_000) / 100
    stalled = rows(20_000, spread_s=0)
    stalled["planned_ns"] = T0 + (planned * S).astype(np.int64)
    ended = np.where(planned < 100, planned + 0.001, 200.0)
    stalled["started_ns"], stalled["ended_ns"] = stalled["planned_ns"], T0 + (ended * S).astype(np.int64)
    facts = {"length_ns": 200 * S, "warm_up_ns": 0}
    verdict = judged(tmp_path, stalled, plan_json=facts, end_json={"ended_ns": T0 + 212 * S})
    healthcare = population(verdict, "healthcare")
    assert healthcare.share == pytest.approx(0.55, abs=0.0001)
    assert healthcare.p90_s == pytest.approx(80, abs=0.02)
    assert healthcare.verdict.value == "FAIL"
    assert the(verdict, "mean_of_all").value == pytest.approx(25.0, abs=0.01)
