"""What a plan can prove: agreement with the judgement itself and with the published sample sizes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis.dependence import KAPPA, Inflation
from analysis.plan_sentences import provable_sentences
from analysis.proportions import Share
from analysis.provable import Expectation, least_share, needed_count, read_expectations
from analysis.reports.verdict_json import render_json
from analysis.verdict_table import is_passed
from tests.analysis.builders import both, joined, judged, sla

CLAUSE = sla().clauses[0]


@pytest.mark.parametrize("n", [100, 1000, 12_345, 1_000_000])
@pytest.mark.parametrize("vif", [1.0, 2.5])
def test_one_hit_fewer_than_the_least_share_does_not_pass(n: int, vif: float) -> None:
    least = least_share(CLAUSE, n, inflation=KAPPA * vif)
    if least is None:
        return
    hits, inflation = round(least * n), Inflation(vif=vif, growth=1.0)
    assert is_passed(Share(hits=hits, n=n, inflation=inflation), CLAUSE)
    assert not is_passed(Share(hits=hits - 1, n=n, inflation=inflation), CLAUSE)


def test_too_few_transactions_can_prove_nothing() -> None:
    assert least_share(CLAUSE, 40) is None
    assert least_share(CLAUSE, 0) is None


def test_five_minutes_at_40_a_second_with_inflation_50_cannot_prove_92_percent() -> None:
    """The reference: about 170 effective transactions, a true .95 gives a bound near .91, .92 can never PASS."""
    least = least_share(CLAUSE, 12_000, inflation=50 * KAPPA)
    assert least is not None
    assert 0.92 < least < 0.95


@pytest.mark.parametrize(("share", "independent"), [(0.95, 239), (0.92, 1769), (0.91, 7400)])
def test_the_needed_count_is_the_published_one_times_what_the_robust_bound_costs(
    share: float, independent: int
) -> None:
    found = needed_count(CLAUSE, share, inflation=1.0)
    assert found is not None
    assert independent < found < 1.25 * independent  # t with 9 degrees of freedom instead of z
    assert needed_count(CLAUSE, 0.9) is None


def test_expectations_come_from_the_verdict_of_the_same_scenario(tmp_path: Path) -> None:
    verdict = judged(tmp_path, joined(both(950), both(50, seconds=20)))
    file = tmp_path / "verdict.json"
    file.write_text(json.dumps(render_json(verdict)))
    found = read_expectations(file, "smoke", CLAUSE)
    assert found["payment"].share == 0.95
    assert found["payment"].inflation >= KAPPA
    assert read_expectations(file, "other", CLAUSE) == {}
    assert read_expectations(tmp_path / "none.json", "smoke", CLAUSE) == {}
    file.write_text("[1]")
    assert read_expectations(file, "smoke", CLAUSE) == {}


def test_the_sentences_say_share_length_and_what_cannot_pass() -> None:
    said = list(
        provable_sentences(
            CLAUSE,
            {"healthcare": 12_000, "payment": 0},
            300,
            longest_stall_s=6.0,
            smoke=False,
            expected={"healthcare": Expectation(share=0.95, inflation=70.0)},
        )
    )
    assert said[0].startswith(
        "healthcare: with 12 000 transactions this run can PASS only if the true share is about 90.6 %"
    )
    assert "if latencies are as dependent as last time" in said[0]
    assert said[1].startswith("healthcare: nine of ten runs PASS that measure ")
    assert said[2] == "payment: nothing is planned, so this run cannot PASS."
    assert said[3].startswith("This run cannot PASS: 5m are too short to see stalls of 6s; 10m are needed.")
