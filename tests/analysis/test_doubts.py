"""Each doubt: when it stands, how grave it is, and that its message carries the number seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.doubts import Doubt, DoubtCode, Severity
from analysis.verdict import Verdict
from scenarios.kinds import Kind
from scenarios.observation import Outcome, Rows
from tests.analysis.builders import MS, T0, S, both, codes, end, joined, judged, plan, population, rows

SMOKE = {"name": "smoke", "assurance": "smoke", "warm_up": "5s", "longest_stall": "6s"}


def the(verdict: Verdict, code: DoubtCode) -> Doubt:
    (found,) = [each for each in verdict.validity if each.code is code]
    return found


def lagging(count: int, lag_ms: int, **more: Any) -> Rows:
    """Rows that started late although a user was idle."""
    late = rows(count, own_lag_ms=lag_ms, **more)
    late["started_ns"] += lag_ms * MS
    late["ended_ns"] += lag_ms * MS
    return late


def test_every_code_of_the_contract_is_in_the_list() -> None:
    contract = (
        "rows-missing worker-lost recorder-failed ended-early generator-late pool-exhausted not-started "
        "rate-not-achieved not-authorised time-out-below-limit clock-offset generator-saturated "
        "gateway-host-saturated too-few too-short not-steady long-memory partial-cycle warm-up-sensitive "
        "maintenance-sensitive empty-class no-planned-times impossible-rows duplicate-rows money-not-audited"
    )
    assert {each.text for each in DoubtCode} == set(contract.split())


def test_lag_above_one_percent_of_the_limit_at_p99_is_invalid(tmp_path: Path) -> None:
    verdict = judged(tmp_path, joined(both(980), lagging(40, 101)))
    found = the(verdict, DoubtCode.GENERATOR_LATE)
    assert (verdict.verdict.value, found.severity) == ("INVALID", Severity.INVALID)
    assert "40 of 2 000" in found.message
    assert "101 ms" in found.message


def test_lag_up_to_one_percent_of_the_limit_is_a_note_and_below_50_ms_nothing(tmp_path: Path) -> None:
    verdict = judged(tmp_path, joined(both(980), lagging(40, 100)))
    assert verdict.verdict.value == "PASS"
    assert the(verdict, DoubtCode.GENERATOR_LATE).severity is Severity.NOTE
    (tmp_path / "less").mkdir()
    assert "generator-late" not in codes(judged(tmp_path / "less", joined(both(980), lagging(40, 49))))


def test_lag_that_decides_the_verdict_is_invalid_for_its_class_only(tmp_path: Path) -> None:
    fast_but_late = lagging(8, 2000, seconds=9)
    verdict = judged(tmp_path, joined(both(1000), rows(95, seconds=20), fast_but_late))
    assert population(verdict, "healthcare").hits == 1000
    assert "generator-late" not in codes(verdict, "invalid")
    (tmp_path / "deciding").mkdir()
    verdict = judged(
        tmp_path / "deciding", joined(both(2000), rows(190, seconds=20), lagging(20, 2000, seconds=9))
    )
    found = [each for each in verdict.validity if each.severity is Severity.INVALID]
    assert [(each.code.text, each.population) for each in found] == [("generator-late", "healthcare")]
    assert "20 healthcare transactions" in found[0].message
    assert population(verdict, "payment").verdict.value == "PASS"
    assert verdict.verdict.value == "INVALID"


def test_a_fail_stands_only_without_the_misses_of_our_own_lag(tmp_path: Path) -> None:
    ours = joined(both(800), lagging(200, 5000, seconds=6))
    assert judged(tmp_path, ours).verdict.value == "INVALID"
    (tmp_path / "theirs").mkdir()
    theirs = joined(both(800), lagging(200, 5000, seconds=11))
    assert judged(tmp_path / "theirs", theirs).verdict.value == "FAIL"


def test_a_saturated_lag_is_taken_as_unknown_and_never_makes_a_fail(tmp_path: Path) -> None:
    saturated = rows(300, own_lag_ms=65535)
    saturated["started_ns"] += 100 * S
    saturated["ended_ns"] += 100 * S
    assert judged(tmp_path, joined(both(600), saturated)).verdict.value == "INVALID"


def test_waits_for_the_gateway_do_not_count_against_the_rate(tmp_path: Path) -> None:
    waited = both(100, seconds=5)
    waited["started_ns"] += 4 * S
    assert "rate-not-achieved" not in codes(judged(tmp_path, joined(both(900), waited)))
    (tmp_path / "ours").mkdir()
    verdict = judged(tmp_path / "ours", joined(both(989), lagging(22, 1001)))
    assert the(verdict, DoubtCode.RATE_NOT_ACHIEVED).severity is Severity.INVALID
    (tmp_path / "allowed").mkdir()
    assert "rate-not-achieved" not in codes(
        judged(tmp_path / "allowed", joined(both(990), lagging(20, 1001)))
    )


@pytest.mark.parametrize(
    ("end_json", "gateway_json", "code", "verdict"),
    [
        ({"generator": {"cpu_share": 0.86}}, None, "generator-saturated", "INCONCLUSIVE"),
        ({}, {"cpu_share": 0.86}, "gateway-host-saturated", "INCONCLUSIVE"),
        ({"generator": {"pool_waits": 7}}, None, "pool-exhausted", "PASS"),
        ({"recorder_failure": "disk full"}, None, "recorder-failed", "INVALID"),
    ],
)
def test_what_the_hosts_report(
    tmp_path: Path, end_json: Any, gateway_json: Any, code: str, verdict: str
) -> None:
    judgement = judged(tmp_path, both(1000), end_json=end_json, gateway_json=gateway_json)
    assert code in codes(judgement)
    assert judgement.verdict.value == verdict


@pytest.mark.parametrize(
    ("offsets_ms", "said"),
    [
        ((3_000.4, -5.0), "3 000 ms ahead of the master's"),
        ((20.0, -250.0, None), "250 ms behind the master's"),
        ((100.0, -100.0), None),
    ],
)
def test_clocks_that_disagree_are_noted_and_bar_nothing(
    tmp_path: Path, offsets_ms: tuple[float | None, ...], said: str | None
) -> None:
    """Workers send by the master's time, so what was measured stands."""
    workers = [{"worker": place, "clock_offset_ms": each} for place, each in enumerate(offsets_ms)]
    verdict = judged(tmp_path, both(1000), end_json={"workers": workers})
    assert verdict.verdict.value == "PASS"
    assert ("clock-offset" in codes(verdict)) is (said is not None)
    if said is not None:
        found = the(verdict, DoubtCode.CLOCK_OFFSET)
        assert (found.severity, said in found.message) == (Severity.NOTE, True)


def test_hosts_at_85_percent_are_believed(tmp_path: Path) -> None:
    verdict = judged(
        tmp_path, both(1000), end_json={"generator": {"cpu_share": 0.85}}, gateway_json={"cpu_share": 0.85}
    )
    assert verdict.verdict.value == "PASS"


@pytest.mark.parametrize(
    ("scenario", "severity"),
    [
        (SMOKE, Severity.NOTE),
        ({**SMOKE, "assurance": "acceptance"}, Severity.INCONCLUSIVE),
        ({**SMOKE, "assurance": "acceptance", "longest_stall": "450ms"}, None),
        ({**SMOKE, "assurance": "acceptance", "longest_stall": "451ms"}, Severity.INCONCLUSIVE),
        ({**SMOKE, "longest_stall": None}, Severity.NOTE),
    ],
    ids=["smoke", "acceptance", "just long enough", "just too short", "no stall declared"],
)
def test_a_run_must_be_100_times_its_longest_stall(
    tmp_path: Path, scenario: Any, severity: Severity | None
) -> None:
    verdict = judged(tmp_path, both(1000), plan_json={"scenario": scenario})
    assert [each.severity for each in verdict.validity if each.code is DoubtCode.TOO_SHORT] == [severity][
        : severity is not None
    ]
    assert verdict.verdict.value == ("INCONCLUSIVE" if severity is Severity.INCONCLUSIVE else "PASS")


@pytest.mark.parametrize(
    ("ended", "words"), [("completed", "45s were measured"), ("curtailed", "45s were to be measured")]
)
def test_a_run_that_ended_early_is_as_long_as_it_was_planned_and_says_so(
    tmp_path: Path, ended: str, words: str
) -> None:
    verdict = judged(tmp_path, both(1000), end_json={"ended": ended})
    [doubt] = [each for each in verdict.validity if each.code is DoubtCode.TOO_SHORT]
    assert words in doubt.message


def test_misses_during_the_warm_up_that_would_flip_a_pass_bar_it(tmp_path: Path) -> None:
    slow_start = both(150, from_s=0, to_s=5, seconds=20)
    verdict = judged(tmp_path, joined(both(1000), slow_start))
    assert verdict.verdict.value == "INCONCLUSIVE"
    assert codes(verdict, "inconclusive") == {"warm-up-sensitive"}
    assert population(verdict, "healthcare").excluded["warm_up"] == 150
    (tmp_path / "few").mkdir()
    few = joined(both(1000), both(5, from_s=0, to_s=5, seconds=20))
    assert judged(tmp_path / "few", few).verdict.value == "PASS"


def test_a_pass_that_needs_the_seconds_after_the_warm_up_is_barred(tmp_path: Path) -> None:
    good_start = joined(both(200, from_s=5, to_s=10), both(1500, from_s=10), both(138, from_s=10, seconds=20))
    assert "warm-up-sensitive" in codes(judged(tmp_path, good_start), "inconclusive")


def test_a_warm_up_that_only_leaves_fewer_transactions_is_no_reason_to_doubt(tmp_path: Path) -> None:
    verdict = judged(tmp_path, both(76, from_s=5, to_s=16))
    assert verdict.verdict.value == "PASS"
    twice = next(each for each in verdict.clauses[0].sensitivity if "twice" in each.rule)
    assert (twice.n, twice.verdict.value) == (41, "INCONCLUSIVE")


def test_warm_up_never_softens_a_fail(tmp_path: Path) -> None:
    verdict = judged(tmp_path, joined(both(700), both(300, seconds=20), both(9000, from_s=0, to_s=5)))
    assert (verdict.verdict.value, "warm-up-sensitive" in codes(verdict)) == ("FAIL", False)


def test_duplicates_are_invalid_and_each_arrival_is_counted_once_at_its_best(tmp_path: Path) -> None:
    once = both(1000)
    again = once[:300].copy()
    again["ended_ns"] += 60 * S
    verdict = judged(tmp_path, np.concatenate([again, once]), planned=once)
    assert "300 of 2 300 rows" in the(verdict, DoubtCode.DUPLICATE_ROWS).message
    assert verdict.verdict.value == "INVALID"
    assert (population(verdict, "healthcare").n, population(verdict, "healthcare").hits) == (1000, 1000)


def test_a_retry_is_no_duplicate_and_does_not_repair_its_original(tmp_path: Path) -> None:
    lost = rows(200, outcome=Outcome.ERROR, status=503)
    originals = joined(both(800), lost)
    retries = originals[originals["outcome"] == Outcome.ERROR].copy()
    retries["attempt"], retries["outcome"] = 1, Outcome.COMPLETED
    verdict = judged(tmp_path, np.concatenate([originals, retries]), planned=originals)
    assert "duplicate-rows" not in codes(verdict)
    assert verdict.verdict.value == "FAIL"
    assert population(verdict, "healthcare").n == 1000


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("ended_ns", T0),
        ("ended_ns", -1),
        ("started_ns", 2**63 - 1),
        ("planned_ns", 2**63 - 1),
        ("outcome", 77),
        ("outcome", 0),
        ("started_ns", -(2**63)),
    ],
)
def test_rows_that_cannot_be_true_are_invalid_and_never_hits(tmp_path: Path, column: str, value: int) -> None:
    broken = rows(3)
    broken[column] = value
    verdict = judged(tmp_path, joined(both(1000), broken))
    assert "3 of 2 003 rows" in the(verdict, DoubtCode.IMPOSSIBLE_ROWS).message
    assert verdict.verdict.value == "INVALID"
    assert population(verdict, "healthcare").hits == 1000


def test_an_unknown_kind_number_is_impossible(tmp_path: Path) -> None:
    recorded = joined(both(1000), rows(1))
    planned = recorded.copy()
    recorded["kind"][-1] = 200
    assert "impossible-rows" in codes(judged(tmp_path, recorded, planned=planned), "invalid")


def test_garbage_is_no_reason_to_fail(tmp_path: Path) -> None:
    garbage = np.frombuffer(np.random.default_rng(3).bytes(48 * 500), dtype=both(1).dtype).copy()
    garbage["kind"], garbage["outcome"], garbage["attempt"] = Kind.CARD_SALE, Outcome.COMPLETED, 0
    verdict = judged(tmp_path, garbage, planned=both(250))
    assert verdict.verdict.value == "INVALID"


def test_rows_beyond_the_plan_are_a_mismatch_too(tmp_path: Path) -> None:
    verdict = judged(tmp_path, both(1000), planned=both(999))
    assert "2 000 arrivals are recorded and 1 998 should be" in the(verdict, DoubtCode.ROWS_MISSING).message


def test_rows_lost_after_the_run_are_seen_although_end_json_is_content(tmp_path: Path) -> None:
    whole = both(1000)
    verdict = judged(tmp_path, whole[:-10], planned=whole)
    assert end(whole)["missing_by_kind"] == {}
    assert codes(verdict, "invalid") == {"rows-missing"}
    assert verdict.verdict.value == "INVALID"


def test_a_missing_warm_up_row_is_invalid_but_no_hit(tmp_path: Path) -> None:
    planned = joined(both(890), both(110, seconds=20), both(100, from_s=0, to_s=5))
    recorded = planned[planned["planned_ns"] >= T0 + 5 * S]
    verdict = judged(tmp_path, recorded, planned=planned)
    assert "rows-missing" in codes(verdict)
    assert population(verdict, "payment").favourable.n == 1000


def test_where_nobody_wrote_the_end_every_follow_up_that_was_possible_counts_as_a_hit(tmp_path: Path) -> None:
    planned = {
        "total": 1000,
        "by_kind": {"eligibility_inquiry": 1000},
        "measured_by_kind": {"eligibility_inquiry": 1000},
        "follow_ups_expected_by_kind": {"card_sale": 1500},
    }
    verdict = judged(tmp_path, both(1000), plan_json={"planned": planned}, killed=True)
    assert population(verdict, "payment").favourable.n == 1500
    assert {"rows-missing", "ended-early"} <= codes(verdict)


def test_follow_ups_are_judged_in_their_class_and_retries_in_none(tmp_path: Path) -> None:
    recorded = joined(rows(1000), rows(600, kind=Kind.CARD_SALE), rows(300, kind=Kind.RECEIPT_LOOKUP))
    recorded["arrival"][1000:1600] = np.arange(600, dtype=np.uint64) * 256 + 1
    recorded["arrival"][1600:] = np.arange(300, dtype=np.uint64) * 256 + 2
    retries = rows(200, attempt=1, outcome=Outcome.ERROR)
    retries["arrival"] = np.arange(200, dtype=np.uint64) * 256
    verdict = judged(tmp_path, np.concatenate([recorded, retries]), planned=recorded)
    assert codes(verdict, "invalid") == set()
    judged_populations = verdict.clauses[0].populations
    assert [(each.name, each.n) for each in judged_populations] == [("healthcare", 1000), ("payment", 600)]
    assert verdict.verdict.value == "PASS"


def test_money_is_only_mentioned_where_payments_were_made(tmp_path: Path) -> None:
    assert "money-not-audited" not in codes(judged(tmp_path, rows(100)))


def test_every_message_says_what_to_do_in_a_sentence_or_two(tmp_path: Path) -> None:
    verdict = judged(
        tmp_path,
        joined(both(20, to_s=20), lagging(10, 3000)),
        plan_json={"planned": plan(both(500))["planned"]},
        end_json={
            "ended": "engine-lost",
            "due": 900,
            "missing": [256, 513],
            "missing_by_kind": {"card_sale": 2},
        },
        gateway_json={"cpu_share": 0.99},
    )
    assert len(verdict.validity) >= 8
    for each in verdict.validity:
        assert each.message.endswith(".")
        assert 40 < len(each.message) < 420
    assert "missing are 1, 2.1" in the(verdict, DoubtCode.ROWS_MISSING).message
