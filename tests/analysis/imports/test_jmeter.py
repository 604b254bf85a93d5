"""JMeter's JTL: what is a request, how long it can have taken, and how it ended."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.imports.jmeter import LONGER_NS, RESOLUTION_NS
from analysis.judgement import judge_file
from scenarios.errors import DeclarationError
from tests.analysis.builders import MS, S, codes, population, sla
from tests.analysis.imports.files import JTL, T_MS, jtl, outcomes, read, write

MOMENT_NS = st.integers(0, 10**16)

TOTAL = "Number of samples in transaction : 2, number of failing samples : 0"


def test_a_sample_is_a_row_from_its_start_to_the_longest_end_that_jmeter_would_write_so(
    tmp_path: Path,
) -> None:
    samples, rows = read(write(tmp_path, [JTL, jtl(250, 9_999)]))
    assert (samples.kinds, samples.has_planned_times) == (("card_sale",), False)
    assert rows.planned_ns.tolist() == rows.started_ns.tolist() == [(T_MS + 250) * MS]
    assert rows.ended_ns.tolist() == [(T_MS + 250) * MS + 10 * S - 1]


@pytest.mark.parametrize(
    ("elapsed", "hits", "verdict"),
    [(9_999, 100, "INCONCLUSIVE"), (10_000, 0, "INCONCLUSIVE"), (10_002, 0, "FAIL")],
)
def test_at_the_limit_no_hit_and_no_fail_rests_on_cut_off_milliseconds(
    tmp_path: Path, elapsed: int, hits: int, verdict: str
) -> None:
    lines = [
        jtl(at * 200, elapsed, label=kind) for kind in ("card_sale", "claim_status") for at in range(100)
    ]
    judged = judge_file(write(tmp_path, [JTL, *lines, jtl(40_000)]), sla())
    assert population(judged, "payment").hits == hits
    assert judged.verdict.value == verdict
    assert "no-planned-times" in codes(judged, "inconclusive")


@pytest.mark.parametrize(
    ("code", "message", "success", "expected"),
    [
        ("200", "OK", "true", "completed"),
        ("302", "Found", "true", "completed"),
        ("200", "OK", "false", "error"),
        ("503", "Service Unavailable", "false", "error"),
        ("404", "Not Found", "true", "error"),
        ("", "", "true", "completed"),
        (
            "Non HTTP response code: java.net.SocketTimeoutException",
            "Non HTTP response message: Read timed out",
            "false",
            "timeout",
        ),
        (
            "Non HTTP response code: org.apache.http.conn.ConnectTimeoutException",
            "Connect to x failed",
            "false",
            "timeout",
        ),
        (
            "Non HTTP response code: java.net.ConnectException",
            "Non HTTP response message: Connection refused",
            "false",
            "connection",
        ),
        ("Non HTTP response code: javax.net.ssl.SSLHandshakeException", "no cipher", "false", "connection"),
    ],
)
def test_what_ended_a_sample(tmp_path: Path, code: str, message: str, success: str, expected: str) -> None:
    _, rows = read(write(tmp_path, [JTL, jtl(code=code, message=message, success=success)]))
    assert outcomes(rows) == [expected]


def test_a_transaction_controller_is_not_counted_beside_its_samples(tmp_path: Path) -> None:
    lines = [
        jtl(0, 100, label="login"),
        jtl(0, 50, label="other", thread="sale 1-2"),
        jtl(100, 200, label="pay"),
        jtl(0, 300, label="check-out", message=TOTAL),
        jtl(0, 320, label="journey", message=TOTAL),
    ]
    samples, rows = read(write(tmp_path, [JTL, *lines]))
    assert samples.kinds == ("login", "other", "pay")
    assert rows.size == 3
    assert samples.origin is not None
    assert samples.origin.left_out == {"Transaction Controller": 2}
    assert any("2 lines of Transaction Controllers" in each for each in samples.origin.remarks)


def test_a_parent_sample_stands_for_samples_that_have_no_line(tmp_path: Path) -> None:
    lines = [jtl(0, 300, label="first", message=TOTAL), jtl(400, 300, label="second", message=TOTAL)]
    samples, _ = read(write(tmp_path, [JTL, *lines]))
    assert samples.kinds == ("first", "second")


def test_two_lines_of_one_thread_at_one_moment_are_copies_unless_they_took_no_time(tmp_path: Path) -> None:
    lines = [jtl(at * 20, 15) for at in range(200)]
    assert "duplicate-rows" in codes(judge_file(write(tmp_path, [JTL, *lines, lines[7]]), sla()), "invalid")
    quick = [jtl(0, 0)] * 3
    assert "duplicate-rows" not in codes(judge_file(write(tmp_path, [JTL, *quick, *lines]), sla()))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([JTL.replace("responseMessage", "x"), jtl()], "responseMessage: .* is missing; .*response_message=true"),
        ([JTL, jtl(), "2026/11/04 01:02:03" + jtl()[13:]], "line 3, timeStamp: .*timestamp_format=ms"),
        ([JTL, jtl(elapsed="1.5")], r'line 2, elapsed: must be whole milliseconds \(got "1.5"\)'),
        ([JTL, jtl(elapsed="-1")], "line 2, elapsed"),
        ([JTL, jtl(success="yes")], 'line 2, success: must be true or false .got "yes"'),
        ([JTL, "1,2,3", jtl()], "line 2: every row needs as many cells as the header has .17; got 3"),
        ([JTL + ",SampleCount", jtl() + ",5"], "line 2, SampleCount: a line must be one sample; .*mode=Standard"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_its_line(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        read(write(tmp_path, lines))


def test_messages_may_have_commas_quotes_and_line_ends(tmp_path: Path) -> None:
    lines = [jtl(message='He said ""no"",\nand left'), jtl(500)]
    _, rows = read(write(tmp_path, [JTL, *lines]))
    assert outcomes(rows) == ["completed"] * 2


@given(started=MOMENT_NS, took=st.integers(0, 100 * S))
def test_whatever_it_took_lies_between_the_longest_time_and_the_resolution_below_it(
    started: int, took: int
) -> None:
    elapsed_ms = (started + took) // MS - started // MS  # as JMeter's clock counts
    longest = elapsed_ms * MS + LONGER_NS
    assert longest - RESOLUTION_NS <= took <= longest
