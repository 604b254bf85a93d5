"""Observation files: what is accepted, what is refused and how, and what is judged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.judgement import judge_file
from scenarios.errors import DeclarationError
from tests.analysis.builders import HEADER, MS, S, codes, csv_file, csv_lines, population, sla

ELIGIBLE = "eligibility_inquiry"


def good(count: int = 400) -> list[str]:
    return [HEADER, *csv_lines(count), *csv_lines(count, kind=ELIGIBLE)]


def test_a_good_file_passes_and_leaves_open_what_it_cannot_know(tmp_path: Path) -> None:
    verdict = judge_file(csv_file(tmp_path, good()), sla())
    assert (verdict.verdict.value, int(verdict.exit_code)) == ("PASS", 0)
    assert codes(verdict) == {"too-short", "money-not-audited"}
    assert verdict.correctness.replies_checked is None
    assert verdict.correctness.wrong_reply is None


def test_a_header_without_rows_is_inconclusive(tmp_path: Path) -> None:
    verdict = judge_file(csv_file(tmp_path, [HEADER]), sla())
    assert (verdict.verdict.value, int(verdict.exit_code)) == ("INCONCLUSIVE", 3)


@pytest.mark.parametrize("column", ["started_ns", "ended_ns", "kind", "outcome"])
def test_a_missing_column_is_refused_by_name(tmp_path: Path, column: str) -> None:
    with pytest.raises(DeclarationError, match=f"{column}: the column is missing"):
        judge_file(csv_file(tmp_path, [HEADER.replace(column, "other"), *csv_lines(3)]), sla())


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1,1,soon,card_sale,ok", r'line 4, ended_ns: must be a whole number .*\(got "soon"\)'),
        ("1,1.5,2,card_sale,ok", r'line 4, started_ns: must be a whole number .*\(got "1.5"\)'),
        (",1,2,card_sale,ok", r"line 4, planned_ns: .*\(got an empty cell\)"),
        ("1,1,99999999999999999999,card_sale,ok", r"line 4, ended_ns: must be a whole number between"),
        ("1,1,9223372036854775807,card_sale,ok", r"line 4, ended_ns: must be a whole number between"),
        (
            "1,1,2,card_sale,fine",
            r'line 4, outcome: unknown outcome; accepted are completed, .*\(got "fine"\)',
        ),
        ("1,1,2,card_sail,ok", r'line 4, kind: unknown kind; did you mean card_sale\?.*\(got "card_sail"\)'),
        ("1,1,2,7,ok", r'line 4, kind: a number is a place in `kinds`.*\(got "7"\)'),
        ("1,1,2,,ok", r"line 4, kind: a kind is needed"),
        ("1,1,2,card_sale", r"line 4: every row needs as many cells as the header has \(5\)"),
    ],
)
def test_a_wrong_cell_is_refused_with_its_line_its_value_and_what_would_do(
    tmp_path: Path, line: str, message: str
) -> None:
    with pytest.raises(DeclarationError, match=message):
        judge_file(csv_file(tmp_path, [HEADER, *csv_lines(2), line]), sla())


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"\x00\x01"], ids=["empty", "not UTF-8", "binary"])
def test_what_is_no_csv_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.csv"
    file.write_bytes(content)
    with pytest.raises(DeclarationError):
        judge_file(file, sla())


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="No such file"):
        judge_file(tmp_path / "none.csv", sla())


@pytest.mark.parametrize("offset", [0, -(10**15), 1_780_000_000 * S], ids=["from zero", "negative", "Unix"])
def test_any_common_epoch_will_do(tmp_path: Path, offset: int) -> None:
    lines = [HEADER]
    for kind in ("card_sale", ELIGIBLE):
        lines += [
            f"{offset + i * 70 * MS},{offset + i * 70 * MS},{offset + i * 70 * MS + S - i % 2},{kind},ok"
            for i in range(7, 407)
        ]
    verdict = judge_file(csv_file(tmp_path, lines), sla())
    assert verdict.verdict.value == "PASS"
    assert population(verdict, "payment").p50_s == pytest.approx(1.0, abs=2e-9)


@pytest.mark.parametrize("header", [HEADER, HEADER.removeprefix("planned_ns,")], ids=["empty", "absent"])
def test_without_planned_times_a_pass_is_barred_and_a_fail_stands(tmp_path: Path, header: str) -> None:
    strip = "," if header == HEADER else ""
    for seconds, expected in ((1, "INCONCLUSIVE"), (11, "FAIL")):
        lines = [*csv_lines(200, seconds=seconds), *csv_lines(200, kind=ELIGIBLE, seconds=seconds)]
        file = csv_file(tmp_path, [header, *(strip + line.partition(",")[2] for line in lines)])
        verdict = judge_file(file, sla())
        assert (verdict.verdict.value, "no-planned-times" in codes(verdict)) == (expected, True)


def test_kinds_of_ones_own_replace_the_classes_of_the_clause(tmp_path: Path) -> None:
    lines = [HEADER, *csv_lines(300, kind="book"), *csv_lines(300, kind="cancel", seconds=12)]
    verdict = judge_file(csv_file(tmp_path, lines), sla())
    assert [(each.name, each.verdict.value) for each in verdict.clauses[0].populations] == [
        ("book", "PASS"),
        ("cancel", "FAIL"),
    ]
    assert verdict.sentence.startswith("cancel: ")


def test_the_description_gives_kinds_by_number_and_their_classes(tmp_path: Path) -> None:
    lines = [HEADER, *csv_lines(300, kind="0"), *csv_lines(300, kind="1")]
    meta = {"kinds": ["visit", "charge"], "kind_class": {"visit": "healthcare", "charge": "payment"}}
    verdict = judge_file(csv_file(tmp_path, lines, meta), sla())
    assert verdict.verdict.value == "PASS"
    assert population(verdict, "payment").n == 300


def test_only_rows_planned_a_limit_before_the_cut_off_are_judged(tmp_path: Path) -> None:
    lines = [HEADER, *csv_lines(400), *csv_lines(400, kind=ELIGIBLE)]
    verdict = judge_file(csv_file(tmp_path, lines, {"cutoff_ns": 40 * S}), sla())
    assert population(verdict, "payment").n == 301
    assert population(verdict, "payment").excluded["unresolvable"] == 99


def test_a_row_in_flight_makes_the_latest_stamp_the_cut_off(tmp_path: Path) -> None:
    hanging = [
        f"{i * 100 * MS},{i * 100 * MS},{'-1' if i % 2 else ''},card_sale,in_flight" for i in range(100)
    ]
    lines = [HEADER, *csv_lines(400), *csv_lines(400, kind=ELIGIBLE), *hanging]
    verdict = judge_file(csv_file(tmp_path, lines), sla())
    assert verdict.verdict.value == "FAIL"
    assert population(verdict, "payment").misses["in_flight"] == 100
    assert population(verdict, "healthcare").n == 309  # the latest stamp is a little before 40.9 s


def test_rows_never_started_are_misses(tmp_path: Path) -> None:
    lines = [
        HEADER,
        *csv_lines(200, kind=ELIGIBLE),
        *(f"{i * MS},,-1,card_sale,not_started" for i in range(200)),
    ]
    verdict = judge_file(csv_file(tmp_path, lines), sla())
    assert verdict.verdict.value == "FAIL"
    assert population(verdict, "payment").misses["not_started"] == 200


def test_warm_up_and_half_open_maintenance_go_by_the_planned_moment(tmp_path: Path) -> None:
    meta = {"warmup_ns": 5 * S, "maintenance": [[10 * S, 12 * S]]}
    verdict = judge_file(csv_file(tmp_path, good(), meta), sla())
    assert population(verdict, "payment").excluded == {"warm_up": 50, "maintenance": 20, "unresolvable": 0}
    verdict = judge_file(csv_file(tmp_path, good(), meta), sla(excluding=[]))
    assert population(verdict, "payment").excluded["maintenance"] == 0


@pytest.mark.parametrize(("stall", "expected"), [("1s", "INCONCLUSIVE"), ("300ms", "PASS")])
def test_the_declared_stall_decides_whether_a_file_is_long_enough(
    tmp_path: Path, stall: str, expected: str
) -> None:
    assert judge_file(csv_file(tmp_path, good(), {"longest_stall": stall}), sla()).verdict.value == expected


@pytest.mark.parametrize(
    ("meta", "message"),
    [
        ({"cutof_ns": 1}, "cutof_ns: unknown key; did you mean cutoff_ns"),
        ({"warmup_ns": -1}, "warmup_ns: .*greater than or equal to 0"),
        ({"maintenance": [[2, 1]]}, "must end after it begins"),
        ({"longest_stall": 6}, "longest_stall: a duration needs its unit"),
        ({"cutoff_ns": 1.5, "kinds": [""]}, "2 problems"),
    ],
)
def test_a_wrong_description_is_refused(tmp_path: Path, meta: dict[str, Any], message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        judge_file(csv_file(tmp_path, good(5), meta), sla())


def test_identical_rows_are_duplicates_only_without_arrival_numbers(tmp_path: Path) -> None:
    lines = [*good(), *csv_lines(1)]
    assert "duplicate-rows" in codes(judge_file(csv_file(tmp_path, lines), sla()), "invalid")
    numbered = [f"{HEADER},arrival", *(f"{line},{i}" for i, line in enumerate(lines[1:]))]
    assert "duplicate-rows" not in codes(judge_file(csv_file(tmp_path, numbered), sla()))


def test_attempts_after_the_first_are_not_judged(tmp_path: Path) -> None:
    lines = [
        f"{HEADER},attempt",
        *(f"{line},0" for line in good()[1:]),
        *(f"{line},1" for line in csv_lines(300, seconds=20)),
    ]
    verdict = judge_file(csv_file(tmp_path, lines), sla())
    assert (verdict.verdict.value, population(verdict, "payment").n) == ("PASS", 400)


def test_a_wrong_reply_in_a_file_fails_on_correctness(tmp_path: Path) -> None:
    verdict = judge_file(csv_file(tmp_path, [*good(), "1,1,2,card_sale,wrong_reply"]), sla())
    assert (verdict.verdict.value, int(verdict.exit_code)) == ("FAIL", 5)
    assert verdict.correctness.wrong_reply == 1


def test_order_byte_mark_spaces_and_unknown_columns_do_not_matter(tmp_path: Path) -> None:
    plain = judge_file(csv_file(tmp_path, good()), sla())
    lines = [
        "\ufeffplanned_ns, started_ns,ended_ns,kind,outcome,note",
        *(f" {line} ,x" for line in reversed(good()[1:])),
        "",
    ]
    assert judge_file(csv_file(tmp_path, lines), sla()) == plain


def test_an_npz_of_the_same_columns_gives_the_same_verdict(tmp_path: Path) -> None:
    plain = judge_file(csv_file(tmp_path, good()), sla())
    cells = [line.split(",") for line in good()[1:]]
    columns = dict(zip(HEADER.split(","), zip(*cells, strict=True), strict=True))
    arrays = {
        name: np.array(column, dtype=np.int64 if name.endswith("_ns") else None)
        for name, column in columns.items()
    }
    np.savez(tmp_path / "observations.npz", **arrays)  # type: ignore[arg-type]
    assert judge_file(tmp_path / "observations.npz", sla()).clauses == plain.clauses
    (tmp_path / "broken.npz").write_bytes(b"no archive")
    with pytest.raises(DeclarationError, match="cannot be read as npz"):
        judge_file(tmp_path / "broken.npz", sla())


def test_fail_needs_no_help_from_answers_that_the_clause_counts(tmp_path: Path) -> None:
    lines = [HEADER, *csv_lines(200, outcome="syntax_rejected"), *csv_lines(200, kind=ELIGIBLE)]
    assert judge_file(csv_file(tmp_path, lines), sla()).verdict.value == "FAIL"
    assert (
        judge_file(csv_file(tmp_path, lines), sla(also_answers=["syntax_rejected"])).verdict.value == "PASS"
    )
