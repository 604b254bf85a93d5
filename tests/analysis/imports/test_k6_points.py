"""k6's points as CSV and as JSON: several lines are one request, timed from asking for a connection to the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.judgement import judge_file
from scenarios.errors import DeclarationError
from tests.analysis.builders import MS, S, codes, population, sla
from tests.analysis.imports.files import K6_CSV, K6_METRIC, T_MS, k6, k6_json, outcomes, read, request, write

CHECK = f"checks,{T_MS // 1000},1.000000,answered,,,,,,,,,"


@pytest.mark.parametrize(
    ("metrics", "took_ns"),
    [
        (request(1000, blocked=40, connecting=15, tls=20), 1040 * MS),
        (request(1000, blocked=0, connecting=15, tls=20), 1035 * MS),
        ({"http_req_duration": 9_999.999_999}, 10 * S - 1),
    ],
    ids=["blocked includes connecting", "older versions", "duration alone"],
)
def test_time_includes_what_k6_leaves_out_of_its_duration(
    tmp_path: Path, metrics: dict[str, float], took_ns: int
) -> None:
    samples, rows = read(write(tmp_path, [K6_CSV, *k6(5, metrics)]))
    assert rows.ended_ns.tolist() == [(T_MS // 1000 + 5) * S]
    assert rows.started_ns.tolist() == [(T_MS // 1000 + 5) * S - took_ns]
    assert samples.origin is not None
    alone = any("no http_req_blocked" in each for each in samples.origin.remarks)
    assert alone is (len(metrics) == 1)


def test_lines_are_put_together_by_request_and_what_is_no_request_is_passed_over(tmp_path: Path) -> None:
    dropped = k6(9, {"dropped_iterations": 3}, name="", method="", status="")
    lines = [*k6(1), CHECK, *k6(1), *k6(1, name="void"), "vus,1,5.0,,,,,,,,,,", *dropped]
    samples, rows = read(write(tmp_path, [K6_CSV, *lines]))
    assert (rows.size, samples.kinds) == (3, ("card_sale", "void"))
    assert samples.origin is not None
    assert any("3 dropped iterations" in each for each in samples.origin.remarks)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, "completed"),
        ({"status": "301"}, "completed"),
        ({"status": "200", "expected_response": "false"}, "error"),
        ({"status": "503", "error_code": "1503", "expected_response": "false"}, "error"),
        ({"status": "429", "expected_response": "true"}, "error"),
        ({"status": "0", "error_code": "1050", "expected_response": "false"}, "timeout"),
        ({"status": "0", "error_code": "1212", "expected_response": "false"}, "connection"),
        ({"status": "0", "error_code": "1310"}, "connection"),
        ({"status": "0"}, "connection"),
    ],
)
def test_what_ended_a_request(tmp_path: Path, tags: dict[str, str], expected: str) -> None:
    _, rows = read(write(tmp_path, [K6_CSV, *k6(**tags)]))
    assert outcomes(rows) == [expected]


@pytest.mark.parametrize(
    ("stamp", "ns"),
    [
        ("1793800000", 1_793_800_000 * S),
        ("1793800000123", 1_793_800_000_123 * MS),
        ("1793800000123456", 1_793_800_000_123_456_000),
        ("1793800000123456789", 1_793_800_000_123_456_789),
        ("2026-11-04T15:06:40Z", 1_793_804_800 * S),
        ("2026-11-04T15:06:40.123456789+01:00", 1_793_801_200_123_456_789),
    ],
)
def test_every_time_format_of_k6_is_read_to_the_nanosecond(tmp_path: Path, stamp: str, ns: int) -> None:
    _, rows = read(write(tmp_path, [K6_CSV, *k6(stamp=stamp)]))
    assert rows.ended_ns.tolist() == [ns]


def test_json_says_the_same_as_csv(tmp_path: Path) -> None:
    lines = [K6_METRIC]
    for second in range(10, 40):
        lines += k6_json(f"2026-11-04T15:06:{second}.000000000Z", request(11_000), name="card_sale")
        lines += k6_json(f"2026-11-04T15:06:{second}.000000001Z", request(500), name="eligibility_inquiry")
    verdict = judge_file(write(tmp_path, lines), sla())
    assert verdict.verdict.value == "FAIL"
    assert (population(verdict, "payment").hits, population(verdict, "healthcare").hits) == (0, 20)
    assert verdict.run["format"] == "k6 JSON (--out json)"
    assert population(verdict, "healthcare").excluded["unresolvable"] == 10
    assert "duplicate-rows" not in codes(verdict)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([K6_CSV.replace("status", "x")], "status: the column is missing"),
        ([K6_CSV, *k6(stamp="soon")], 'line 2, timestamp: must be a moment .*got "soon"'),
        ([K6_CSV, *k6(stamp="2026-11-04T15:06:40")], "line 2, timestamp"),
        ([K6_CSV, *k6(status="twohundred")], "line 2, status: must be a whole number"),
        ([K6_CSV, k6()[0].replace("1.000000", "nan")], "line 2, metric_value: must be a number between"),
        ([K6_METRIC, '{"metric":"http_reqs","type":"Point","data":[]}'], "line 2, data: a Point needs"),
        ([K6_METRIC, "{garbage}", K6_METRIC], "line 2, the line: must be one JSON object"),
        ([K6_METRIC, "[" * 100_000, K6_METRIC], "line 2, the line: must be one JSON object"),
        ([K6_METRIC, '{"metric":"http_reqs","type":"Point","data":{"time":1,"value":null}}'], "metric_value"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_its_line(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        read(write(tmp_path, lines))
