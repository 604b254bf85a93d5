"""`slagate judge` on other tools' files and on a month."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from loadtests.cli import app

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"


def judge(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["judge", str(EXAMPLES / "locust_requests.csv"), *arguments])


def test_a_month_is_printed_as_json_and_nothing_else() -> None:
    names = ["--kinds", str(EXAMPLES / "names.toml")]
    done = judge(*names, "--month", "2026-11", "--zone", "America/New_York", "--sla", "caqh_core", "--json")
    assert (done.exit_code, done.stderr) == (3, "")
    found = json.loads(done.stdout)
    assert (found["month"]["zone"], found["month"]["rows"]) == ("America/New_York", 400)
    assert len(found["clauses"][0]["populations"][0]["days"]) == 30


def test_without_a_zone_a_month_is_utc_and_says_so() -> None:
    done = judge("--month", "2026-11")
    assert done.exit_code == 1
    assert "2026-11 in UTC: 30 days of 720 h" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--month", "2026-00"], "--month: must be a month"),
        (["--month", "2026-11", "--zone", "Mars/Olympus"], "--zone: must be a time zone"),
        (["--zone", "UTC"], "--zone: is the zone of a --month; give both"),
        (["--kinds", "nowhere.toml"], "nowhere.toml: cannot be read: No such file"),
    ],
)
def test_a_wrong_option_is_refused_and_says_why(arguments: list[str], said: str) -> None:
    done = judge(*arguments)
    assert done.stdout == ""
    assert said in str(done.exception)
