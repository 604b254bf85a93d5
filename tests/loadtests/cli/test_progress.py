"""The live line: what a reader sees while a run goes on."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from loadtests.cli.progress import Progress, progress_line

REPORT: dict[str, Any] = {
    "event": "progress",
    "elapsed_s": 12.4,
    "due": 500,
    "sent": 496,
    "in_flight": 7,
    "waiting": 0,
    "late": 2,
    "judged": {"payment": 120, "healthcare": 300},
    "within": {"payment": 120, "healthcare": 299},
    "outcomes": {},
    "stopping": None,
}


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        pytest.param(
            {},
            "12 of 50 s | 496 sent | 7 in flight | "
            "within 10s: healthcare 99.6 % of 300, payment 100.0 % of 120 | 2 late",
            id="under-way",
        ),
        pytest.param(
            {"elapsed_s": -0.1, "sent": 0, "in_flight": 0, "judged": {}, "within": {}, "late": 0},
            "0 of 50 s | 0 sent | 0 in flight | within 10s: none judged yet | 0 late",
            id="before-the-first",
        ),
        pytest.param(
            {"waiting": 31, "judged": {"payment": 3}, "within": {}},
            "12 of 50 s | 496 sent | 7 in flight | 31 waiting for a user | within 10s: payment 0.0 % of 3 | 2 late",
            id="out-of-users",
        ),
        pytest.param(
            {"elapsed_s": 50.01, "judged": {"payment": 0}},
            "waiting for the last answers | 496 sent | 7 in flight | within 10s: none judged yet | 2 late",
            id="drain",
        ),
        pytest.param(
            {"stopping": "interrupted", "judged": {"payment": 1}, "within": {"payment": 1}},
            "stopping (interrupted) | 496 sent | 7 in flight | within 10s: payment 100.0 % of 1 | 2 late",
            id="stopping",
        ),
    ],
)
def test_a_report_is_one_line(changes: dict[str, Any], line: str) -> None:
    assert progress_line(REPORT | changes, planned_s=50, limit_s=10) == line


def test_a_share_is_never_rounded_up_to_all() -> None:
    report = REPORT | {"judged": {"payment": 100_000}, "within": {"payment": 99_999}}
    assert "payment 99.9 % of 100000" in progress_line(report, planned_s=50, limit_s=10)


def test_where_there_is_no_terminal_a_plain_line_comes_every_few_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    out = io.StringIO()
    with Progress(Console(file=out, width=40), 50, 10, silent=False) as progress:
        for moment in (100.0, 101.0, 104.9, 105.0, 106.0):
            now = moment
            progress.show(REPORT | {"sent": round(moment)})
    assert [line.split(" | ")[1] for line in out.getvalue().splitlines()] == ["100 sent", "105 sent"]


def test_on_a_terminal_the_last_report_stays_visible() -> None:
    out = io.StringIO()
    with Progress(Console(file=out, force_terminal=True, width=200), 50, 10, silent=False) as progress:
        for sent in (1, 2):
            progress.show(REPORT | {"sent": sent})
    shown = out.getvalue()
    assert "1 sent" in shown
    assert shown.rindex("2 sent") > shown.rindex("1 sent")


@pytest.mark.parametrize("terminal", [True, False])
def test_silence_is_silence(terminal: bool) -> None:
    out = io.StringIO()
    with Progress(Console(file=out, force_terminal=terminal), 50, 10, silent=True) as progress:
        progress.show(REPORT)
    assert out.getvalue() == ""
