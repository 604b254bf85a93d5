"""What happens to a run, and the verdict and exit code it ends with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.judgement import judge_run
from analysis.verdict import FailedOn, Verdict
from analysis.verdict_table import VerdictCode
from scenarios.kinds import Kind
from scenarios.observation import NEVER, Outcome
from tests.analysis.builders import (
    LENGTH_S,
    T0,
    S,
    both,
    codes,
    end,
    joined,
    judged,
    not_started,
    plan,
    population,
    rows,
    run_folder,
    sla,
)


def ends(verdict: Verdict, expected: str, exit_code: int) -> None:
    assert (verdict.verdict.value, int(verdict.exit_code)) == (expected, exit_code), verdict.sentence


def test_a_good_run_passes_with_both_classes_in_its_sentence(tmp_path: Path) -> None:
    verdict = judged(tmp_path, both(1000))
    ends(verdict, "PASS", 0)
    assert verdict.failed_on == ()
    assert "healthcare" in verdict.sentence
    assert "payment" in verdict.sentence
    assert codes(verdict) == {"too-short", "money-not-audited"}
    assert codes(verdict, "note") == codes(verdict)


def test_exactly_the_limit_is_within_it_and_a_nanosecond_more_is_not(tmp_path: Path) -> None:
    ends(judged(tmp_path, both(1000, seconds=10.0)), "PASS", 0)
    late = both(1000, seconds=10.0, spread_s=0)
    late["ended_ns"] += 1
    (tmp_path / "late").mkdir()
    ends(judged(tmp_path / "late", late), "FAIL", 1)


def test_1000_rows_of_10_499_seconds_fail(tmp_path: Path) -> None:
    verdict = judged(tmp_path, both(1000, seconds=10.499))
    ends(verdict, "FAIL", 1)
    assert population(verdict, "healthcare").p90_s == 10.499
    assert population(verdict, "healthcare").misses["slow"] == 1000


def test_time_counts_from_the_planned_moment(tmp_path: Path) -> None:
    late = both(1000, seconds=20.0)
    late["started_ns"] += 19 * S
    verdict = judged(tmp_path, late)
    ends(verdict, "FAIL", 1)
    assert population(verdict, "payment").service_p90_s == 1.0


def test_a_slow_payer_fails_the_class_and_the_sentence_names_it_with_share_and_bound(tmp_path: Path) -> None:
    mixed = joined(rows(994), rows(266, seconds=30), rows(800, kind=Kind.CARD_SALE))
    verdict = judged(tmp_path, mixed)
    ends(verdict, "FAIL", 1)
    assert verdict.failed_on == (FailedOn.CLAUSE,)
    assert verdict.sentence == (
        "healthcare: 78.9 % of 1 260 transactions finished within 10 s (at most 81.3 %, 95 % confidence); "
        "90 % are required"
    )
    assert population(verdict, "payment").verdict is VerdictCode.PASS


@pytest.mark.parametrize(
    ("outcome", "seconds"),
    [
        (Outcome.CONNECTION, 0.001),
        (Outcome.TIMEOUT, 60),
        (Outcome.ERROR, 0.01),
        (Outcome.SYNTAX_REJECTED, 0.01),
    ],
)
def test_an_all_miss_run_fails(tmp_path: Path, outcome: Outcome, seconds: float) -> None:
    verdict = judged(tmp_path, both(200, outcome=outcome, seconds=seconds, status=500))
    ends(verdict, "FAIL", 1)
    assert population(verdict, "healthcare").misses == {"slow": 0, outcome.text: 200}
    assert population(verdict, "healthcare").p50_s is None


def test_a_gateway_dead_from_the_start_of_load_fails_even_when_its_run_is_interrupted(tmp_path: Path) -> None:
    dead = both(5, outcome=Outcome.CONNECTION, seconds=0.001, status=0)
    verdict = judged(tmp_path, dead, end_json={"ended": "interrupted", "not_due": 400})
    ends(verdict, "FAIL", 130)
    assert "ended-early" in codes(verdict)


def test_a_gateway_killed_halfway_fails(tmp_path: Path) -> None:
    good, dead = both(500, to_s=27), both(500, from_s=27, outcome=Outcome.CONNECTION, seconds=0.001, status=0)
    ends(judged(tmp_path, joined(good, dead)), "FAIL", 1)


def test_15_percent_fast_http_500_fail(tmp_path: Path) -> None:
    errors = both(135, outcome=Outcome.ERROR, seconds=0.005, status=500, own_lag_ms=2)
    ends(judged(tmp_path, joined(both(765), errors)), "FAIL", 1)


def test_25_rows_within_the_limit_are_not_enough(tmp_path: Path) -> None:
    verdict = judged(tmp_path, both(25))
    ends(verdict, "INCONCLUSIVE", 3)
    assert [each.population for each in verdict.validity if each.code.text == "too-few"] == [
        "healthcare",
        "payment",
    ]


def test_an_effective_size_below_30_is_too_few(tmp_path: Path) -> None:
    for name, count, few in (("few", 42, True), ("enough", 150, False)):
        (tmp_path / name).mkdir()
        verdict = judged(tmp_path / name, both(count))
        assert ((population(verdict, "payment").n_effective or 0) < 30, "too-few" in codes(verdict)) == (
            few,
            few,
        )


def test_hits_that_never_vary_prove_nothing_about_dependence(tmp_path: Path) -> None:
    verdict = judged(tmp_path, both(1000, spread_s=0))
    ends(verdict, "INCONCLUSIVE", 3)
    assert population(verdict, "payment").n_effective == 16
    assert population(verdict, "payment").variance_inflation is None
    assert "nothing varies" in next(each.message for each in verdict.validity if each.code.text == "too-few")


def test_few_rows_never_soften_a_fail(tmp_path: Path) -> None:
    ends(judged(tmp_path, both(1, seconds=11)), "FAIL", 1)


def test_look_ups_are_not_judged_by_the_transaction_clause(tmp_path: Path) -> None:
    ends(judged(tmp_path, joined(both(1000), rows(500, kind=Kind.RECEIPT_LOOKUP, seconds=99))), "PASS", 0)


def test_a_class_without_rows_is_inconclusive_and_has_no_numbers(tmp_path: Path) -> None:
    verdict = judged(tmp_path, rows(1000))
    ends(verdict, "INCONCLUSIVE", 3)
    empty = population(verdict, "payment")
    assert (empty.n, empty.share, empty.bounds, empty.met, empty.p50_s) == (0, None, None, None, None)
    assert population(verdict, "healthcare").verdict is VerdictCode.PASS
    assert {(each.code.text, each.population) for each in verdict.validity} >= {("empty-class", "payment")}


def test_an_empty_run_is_inconclusive_and_one_whose_rows_are_missing_is_invalid(tmp_path: Path) -> None:
    ends(judged(tmp_path, rows(0)), "INCONCLUSIVE", 3)
    (tmp_path / "lost").mkdir()
    verdict = judged(tmp_path / "lost", rows(0), planned=both(500))
    ends(verdict, "INVALID", 4)
    assert "rows-missing" in codes(verdict)


def test_ctrl_c_at_a_third_of_a_good_run_is_invalid_with_exit_130(tmp_path: Path) -> None:
    third = both(300, to_s=20)
    verdict = judged(
        tmp_path,
        third,
        plan_json={"planned": plan(both(900))["planned"]},
        end_json={"ended": "interrupted", "stopped_ns": T0 + 20 * S, "planned": 1800, "not_due": 1200},
    )
    ends(verdict, "INVALID", 130)
    assert codes(verdict, "invalid") == {"ended-early"}


def test_the_caller_can_say_that_it_was_interrupted(tmp_path: Path) -> None:
    ends(judge_run(run_folder(tmp_path, both(1000)), interrupted=True), "PASS", 130)


def test_three_swapped_answers_in_a_fast_run_fail_on_correctness(tmp_path: Path) -> None:
    verdict = judged(tmp_path, joined(both(1000), rows(3, outcome=Outcome.WRONG_REPLY)))
    ends(verdict, "FAIL", 5)
    assert verdict.failed_on == (FailedOn.CORRECTNESS,)
    assert verdict.clauses[0].verdict is VerdictCode.PASS
    assert verdict.correctness.wrong_reply == 3
    assert verdict.correctness.replies_checked == 2003
    assert verdict.sentence.startswith("3 replies")


@pytest.mark.parametrize(
    "change",
    [{"from_s": 0, "to_s": 1}, {"attempt": 1}, {"kind": Kind.RECEIPT_LOOKUP}],
    ids=["warm-up", "retry", "lookup"],
)
def test_a_wrong_reply_outside_the_judged_rows_fails_too(tmp_path: Path, change: dict[str, float]) -> None:
    wrong = rows(1, outcome=Outcome.WRONG_REPLY, **change)  # type: ignore[arg-type]
    recorded = both(1000)
    wrong["arrival"] = recorded["arrival"][0] if wrong["attempt"][0] else 5000 * 256
    recorded = np.concatenate([recorded, wrong])
    due = end(recorded[recorded["attempt"] == 0])
    ends(judged(tmp_path, recorded, end_json=due), "FAIL", 5)


def test_slow_and_wrong_fails_on_both_and_correctness_gives_the_exit_code(tmp_path: Path) -> None:
    verdict = judged(tmp_path, joined(both(500, seconds=20), rows(1, outcome=Outcome.WRONG_REPLY)))
    ends(verdict, "FAIL", 5)
    assert verdict.failed_on == (FailedOn.CLAUSE, FailedOn.CORRECTNESS)


def test_a_killed_engine_is_invalid_unless_fail_stands_with_all_missing_rows_as_hits(tmp_path: Path) -> None:
    lost = {"ended": "engine-lost", "reason": "killed by signal 9", "missing_by_kind": {"card_sale": 500}}
    good = joined(rows(1000), rows(500, kind=Kind.CARD_SALE))
    verdict = judged(tmp_path, good, planned=both(1000), end_json=lost)
    ends(verdict, "INVALID", 4)
    assert {"worker-lost", "rows-missing", "ended-early"} <= codes(verdict, "invalid")
    for name, slow, expected in (("some", 90, "INVALID"), ("many", 200, "FAIL")):
        (tmp_path / name).mkdir()
        card_sales = joined(
            rows(500 - slow, kind=Kind.CARD_SALE), rows(slow, kind=Kind.CARD_SALE, seconds=30)
        )
        verdict = judged(tmp_path / name, joined(rows(1000), card_sales), planned=both(1000), end_json=lost)
        assert verdict.verdict.value == expected


def test_without_end_json_all_planned_but_unrecorded_arrivals_count_as_hits_for_fail(tmp_path: Path) -> None:
    slow = joined(rows(400, to_s=20), rows(100, to_s=20, seconds=30), rows(400, to_s=20, kind=Kind.CARD_SALE))
    verdict = judged(tmp_path, slow, planned=both(1000), killed=True)
    ends(verdict, "INVALID", 4)
    assert codes(verdict, "invalid") == {"ended-early", "rows-missing"}
    (tmp_path / "worse").mkdir()
    worse = joined(rows(300, to_s=20), rows(300, to_s=20, seconds=30))
    verdict = judged(tmp_path / "worse", worse, planned=both(1000), killed=True)
    ends(verdict, "FAIL", 1)
    assert "400 questionable" in verdict.sentence


def test_a_torn_last_row_is_dropped_and_the_run_invalid(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, both(1000))
    file = folder.observations / "0.rows"
    file.write_bytes(file.read_bytes()[:-7])
    verdict = judge_run(folder)
    ends(verdict, "INVALID", 4)
    assert verdict.run["rows"] == 1999
    assert verdict.run["torn_rows"] == 1


def test_a_torn_row_beyond_those_due_is_a_lost_retry_and_makes_the_run_invalid_too(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, both(1000))
    file = folder.observations / "0.rows"
    file.write_bytes(file.read_bytes() + b"torn")
    verdict = judge_run(folder)
    ends(verdict, "INVALID", 4)
    assert verdict.run["rows"] == 2000


def test_rows_of_the_warm_up_do_not_stand_in_for_missing_ones(tmp_path: Path) -> None:
    planned = joined(both(1000), both(100, from_s=0, to_s=5))
    recorded = np.concatenate([planned[:1900], planned[2000:]])
    verdict = judged(tmp_path, recorded, planned=planned)
    ends(verdict, "INVALID", 4)
    payment = population(verdict, "payment")
    assert (payment.n, payment.favourable.n) == (900, 1000)


@pytest.mark.parametrize(
    ("ended", "code"), [("recorder-failed", "recorder-failed"), ("not-authorised", "not-authorised")]
)
def test_a_run_stopped_by_a_fault_is_invalid(tmp_path: Path, ended: str, code: str) -> None:
    verdict = judged(tmp_path, both(500), end_json={"ended": ended, "not_due": 100})
    ends(verdict, "INVALID", 4)
    assert codes(verdict, "invalid") == {code, "ended-early"}


def test_refused_credentials_are_invalid_and_not_a_fail(tmp_path: Path) -> None:
    refused = both(10, outcome=Outcome.ERROR, status=401, seconds=0.01)
    ends(judged(tmp_path, refused, end_json={"ended": "not-authorised"}), "INVALID", 4)


def test_arrivals_never_sent_through_our_fault_are_invalid_and_through_the_gateways_a_fail(
    tmp_path: Path,
) -> None:
    ours = joined(both(600), not_started(200, own_lag_ms=65535))
    verdict = judged(tmp_path, ours)
    ends(verdict, "INVALID", 4)
    assert {"not-started", "rate-not-achieved"} <= codes(verdict, "invalid")
    (tmp_path / "gateway").mkdir()
    verdict = judged(tmp_path / "gateway", joined(both(600), not_started(200, own_lag_ms=0)))
    ends(verdict, "FAIL", 1)
    assert not codes(verdict, "invalid")


@pytest.mark.parametrize("own_lag_ms", [1, 30, 65535])
def test_any_lag_of_ours_makes_an_arrival_never_sent_questionable(tmp_path: Path, own_lag_ms: int) -> None:
    ends(judged(tmp_path, joined(both(600), not_started(200, own_lag_ms=own_lag_ms))), "INVALID", 4)


def test_arrivals_given_up_before_they_waited_the_limit_are_no_reason_to_fail(tmp_path: Path) -> None:
    waiting = joined(both(600), not_started(200, own_lag_ms=0, from_s=42))
    cut = {"ended": "interrupted", "ended_ns": T0 + (LENGTH_S + 1) * S}
    ends(judged(tmp_path, waiting, end_json=cut), "INVALID", 130)


def test_rows_cut_off_in_flight_miss_after_the_limit_and_are_outside_before_it(tmp_path: Path) -> None:
    cut = rows(200, outcome=Outcome.IN_FLIGHT, ended_ns=NEVER, from_s=40, to_s=50)
    verdict = judged(tmp_path, joined(both(600), cut))
    ends(verdict, "FAIL", 1)
    assert population(verdict, "healthcare").misses["in_flight"] == 200
    (tmp_path / "early").mkdir()
    early = {"ended": "interrupted", "ended_ns": T0 + LENGTH_S * S}
    verdict = judged(tmp_path / "early", joined(both(600), cut), end_json=early)
    ends(verdict, "INVALID", 130)
    assert population(verdict, "healthcare").excluded["unresolvable"] == 200
    assert population(verdict, "healthcare").n == 600


def test_time_outs_shorter_than_the_limit_are_invalid_and_not_a_fail(tmp_path: Path) -> None:
    target = {"name": "mock", "time_outs": {"connect": "15s", "first_byte": "5s", "whole": "60s"}}
    gave_up = joined(both(500), both(500, outcome=Outcome.TIMEOUT, seconds=5))
    verdict = judged(tmp_path, gave_up, plan_json={"target": target})
    ends(verdict, "INVALID", 4)
    assert "time-out-below-limit" in codes(verdict, "invalid")


def test_another_service_level_can_be_judged_later(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, both(1000, seconds=5))
    ends(judge_run(folder), "PASS", 0)
    ends(judge_run(folder, (sla(limit="4s"),)), "FAIL", 1)


def test_no_row_order_matters(tmp_path: Path) -> None:
    mixed = joined(
        both(900), both(60, seconds=30), both(20, outcome=Outcome.ERROR), both(50, from_s=0, to_s=5)
    )
    (tmp_path / "shuffled").mkdir()
    shuffled = np.random.default_rng(5).permutation(mixed)
    assert judged(tmp_path, mixed) == judged(tmp_path / "shuffled", shuffled)
