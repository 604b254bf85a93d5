"""The live lines: what a person sees while a run goes on."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from analysis.doubts import DoubtCode, Severity, doubt
from loadtests.cli.progress import Progress, live_lines, plain_line
from scenarios.loading import load_sla
from tests.loadtests.cli.live_reports import live_class, report

COUNTERS = "12 of 50 s | 38 s left | 39.8 of 40.0/s | 496 sent | 7 in flight | 2 late"
SHARES = (
    "healthcare 99.7 % of 300 finished within 10 s (97.8 % to 100.0 %)",
    "payment    100 % of 120 finished within 10 s (96.2 % to 100 %)",
)


def test_a_report_is_a_few_lines_that_fit_a_terminal() -> None:
    lines = list(live_lines(report()))
    assert lines == [COUNTERS, *SHARES, "misses: healthcare 1 slow"]
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    ("changes", "first"),
    [
        pytest.param(
            {
                "elapsed_s": 0.0,
                "sent": 0,
                "in_flight": 0,
                "late": 0,
                "planned_per_s": 0.0,
                "achieved_per_s": 0.0,
            },
            "0 of 50 s | 50 s left | 0.0 of 0.0/s | 0 sent | 0 in flight | 0 late",
            id="before-the-first",
        ),
        pytest.param(
            {"waiting": 31}, COUNTERS.replace(" | 2", " | 31 waiting for a user | 2"), id="out-of-users"
        ),
        pytest.param(
            {"elapsed_s": 50.1, "phase": "draining"},
            "waiting for the last answers | 496 sent | 7 in flight | 2 late",
            id="drain",
        ),
        pytest.param(
            {"phase": "stopping", "stopping": "curtailed"},
            "stopping (curtailed) | waiting for the last answers | 496 sent | 7 in flight | 2 late",
            id="stopping",
        ),
        pytest.param(
            {"elapsed_s": 61.2, "phase": "ended", "in_flight": 0},
            "ended after 61 s | 496 sent | 0 in flight | 2 late",
            id="ended",
        ),
    ],
)
def test_the_first_line_says_how_far_it_is(changes: dict[str, Any], first: str) -> None:
    assert next(iter(live_lines(report(**changes)))) == first
    assert plain_line(report(**changes)).startswith(first)


def test_what_is_in_flight_beyond_the_limit_is_a_miss_already() -> None:
    late = report(classes=(live_class("payment", 90, 90, overdue=10),))
    assert "payment    90 % of 100 finished" in list(live_lines(late))[1]
    assert "misses: payment 10 overdue" in list(live_lines(late))


def test_no_share_is_said_before_anything_is_judged() -> None:
    empty = report(classes=(live_class("healthcare", 0, 0), live_class("payment", 0, 0)))
    assert list(live_lines(empty)) == [COUNTERS, "healthcare none judged yet", "payment    none judged yet"]
    assert plain_line(empty) == f"{COUNTERS} | finished within 10 s: none judged yet"


def test_only_all_of_them_are_100_percent() -> None:
    nearly = report(classes=(live_class("payment", 99_999, 100_000, error=1),))
    assert "payment    100.0 % of 100 000" in list(live_lines(nearly))[1]
    assert "payment    100 % of 120" in list(live_lines(report()))[2]


def test_a_share_that_misses_its_target_is_never_rounded_to_it() -> None:
    short = report(classes=(live_class("payment", 89_999, 100_000, slow=10_001),))
    assert "payment    89.999 % of 100 000" in list(live_lines(short))[1]


def test_clauses_are_named_where_there_are_several() -> None:
    first, *_ = load_sla("release_policy").clauses
    lines = list(
        live_lines(report(classes=(live_class("payment", 9, 9), live_class("payment", 8, 8, clause=first))))
    )
    assert [line.split()[0] for line in lines[1:]] == [
        "transaction-time:",
        "payment",
        f"{first.id}:",
        "payment",
    ]


def test_doubts_and_wrong_replies_are_said_as_they_arise() -> None:
    doubts = (
        doubt(DoubtCode.GENERATOR_LATE, "late"),
        doubt(DoubtCode.POOL_EXHAUSTED, "waits", severity=Severity.NOTE),
    )
    lines = list(live_lines(report(doubts=doubts, wrong_replies=3, problem="no live numbers: why")))
    assert lines[-3:] == [
        "3 wrong replies: the run fails on correctness",
        "doubts so far: generator-late (invalid), pool-exhausted (note)",
        "no live numbers: why",
    ]


def test_where_there_is_no_terminal_a_plain_line_comes_every_few_seconds_and_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    out = io.StringIO()
    with Progress(Console(file=out, width=40)) as progress:
        for moment in (100.0, 101.0, 104.9, 105.0, 106.0):
            now = moment
            progress.show(report(sent=round(moment)))
        progress.show(report(sent=107, phase="ended"))
    sent = [line.split(" sent")[0].split(" | ")[-1] for line in out.getvalue().splitlines()]
    assert sent == ["100", "105", "107"]


def test_on_a_terminal_the_last_report_stays_visible() -> None:
    out = io.StringIO()
    with Progress(Console(file=out, force_terminal=True, width=200)) as progress:
        progress.say("2 workers start.")
        progress.show_gathering({"workers": 1, "of": 2})
        for sent in (1, 2):
            progress.show(report(sent=sent))
    shown = out.getvalue()
    assert "2 workers start." in shown
    assert "1 of 2 workers are here" in shown
    assert shown.rindex("| 2 sent") > shown.rindex("| 1 sent")
