"""Locust's requests: one line each, rounded to a hundredth of a millisecond."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scenarios.errors import DeclarationError
from tests.analysis.builders import S
from tests.analysis.imports.files import LOCUST, T_MS, locust, outcomes, read, write

WRITE_BY_LOCUST = """
import sys
from locust.contrib.csv_request_logger import CsvRequestLogger
from locust.env import Environment

environment, logger = Environment(), CsvRequestLogger(sys.argv[1])
logger.register(environment)
for took, error in ((1234.5678, None), (10000.0, None), (60000.0, TimeoutError("timed out"))):
    environment.events.request.fire(
        request_type="POST", name="card_sale", response_time=took, response_length=5, exception=error,
        response=None, start_time=1793800000.1234567, context={},
    )
logger.close()
"""


def test_what_locust_itself_writes_is_read(tmp_path: Path) -> None:
    file = tmp_path / "requests.csv"
    subprocess.run([sys.executable, "-c", WRITE_BY_LOCUST, str(file)], check=True, capture_output=True)
    samples, rows = read(file)
    assert samples.kinds == ("card_sale",)
    assert outcomes(rows) == ["completed", "completed", "timeout"]
    assert (rows.ended_ns - rows.started_ns).tolist() == [1_234_575_000, 10 * S + 5_000, 60 * S + 5_000]
    assert set(rows.started_ns.tolist()) == {1_793_800_000_123_457_000}


@pytest.mark.parametrize(
    ("status", "exception", "expected"),
    [
        (200, "", "completed"),
        (0, "", "completed"),
        (200, "CatchResponseError('no approval')", "error"),
        (500, "HTTPError('500 Server Error')", "error"),
        (404, "", "error"),
        (0, "ReadTimeout(...Read timed out.)", "timeout"),
        (0, "ConnectionRefusedError(111)", "connection"),
    ],
)
def test_what_ended_a_request(tmp_path: Path, status: int, exception: str, expected: str) -> None:
    _, rows = read(write(tmp_path, [LOCUST, locust(status=status, exception=exception)]))
    assert outcomes(rows) == [expected]


def test_a_failure_may_lack_its_time(tmp_path: Path) -> None:
    _, rows = read(write(tmp_path, [LOCUST, locust(took_ms="", status=0, exception="reset")]))
    assert rows.started_ns.tolist() == [T_MS * 1_000_000]
    assert outcomes(rows) == ["connection"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([LOCUST.replace("exception", "error")], "exception: the column is missing"),
        ([LOCUST, locust(took_ms="")], "line 2, response_time_ms: an answered request needs its time"),
        ([LOCUST, locust(took_ms="inf")], "line 2, response_time_ms: must be a number between"),
        ([LOCUST, locust(took_ms="-1")], "line 2, response_time_ms"),
        ([LOCUST, locust(status="ok")], "line 2, status_code: must be a status of HTTP, or 0"),
        ([LOCUST, "now" + locust()[17:]], "line 2, timestamp"),
    ],
)
def test_what_is_wrong_is_refused_with_its_line(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        read(write(tmp_path, lines))
