"""A calendar month: its days in a zone, what of it was recorded, and the clause over it by class and day."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from analysis.calendar_month import parse_month
from analysis.judgement import judge_recordings
from analysis.reports.terminal import render_terminal
from analysis.reports.verdict_json import read_schema, render_json
from analysis.verdict import Verdict
from scenarios.errors import DeclarationError
from scenarios.loading import load_sla
from tests.analysis.builders import HEADER, T0, S, both, codes, joined, population, run_folder, sla
from tests.analysis.imports.files import LOCUST

HOUR = 3600 * S
AFTER = int(datetime(2026, 12, 3, tzinfo=UTC).timestamp()) * S


ZONES = ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "Africa/Cairo"]


def ns(text: str, zone: str = "UTC") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * S


def hourly(
    path: Path, name: str, first: int, hours: int, *, kind: str = "eligibility_inquiry", slow: float = 0.02
) -> Path:
    """A probe file: 4 requests in each hour, some of them too slow."""
    rng = np.random.default_rng(hours)
    planned = first + np.arange(hours * 4) * (HOUR // 4)
    took = np.where(rng.random(planned.size) < slow, 30 * S, rng.integers(S, 2 * S, planned.size))
    lines = [
        f"{at},{at},{at + each},{kind},ok" for at, each in zip(planned.tolist(), took.tolist(), strict=True)
    ]
    file = path / name
    file.write_text("\n".join([HEADER, *lines, ""]))
    return file


def judged(
    *files: Path, month: str = "2026-11", zone: str = "UTC", now_ns: int = AFTER, name: str = "caqh_core"
) -> Verdict:
    verdict = judge_recordings(files, (load_sla(name),), month=parse_month(month, zone), now_ns=now_ns)
    jsonschema.validate(json.loads(json.dumps(render_json(verdict))), read_schema())
    return verdict


def shown(verdict: Verdict) -> str:
    console = Console(width=100, file=io.StringIO())
    console.print(render_terminal(verdict))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("month", "zone", "hours", "of_day"),
    [
        ("2026-11", "UTC", 720, {}),
        ("2026-11", "America/New_York", 721, {"2026-11-01": 25}),
        ("2026-03", "America/New_York", 743, {"2026-03-08": 23}),
        ("2026-12", "Asia/Kolkata", 744, {}),
        ("2024-02", "UTC", 696, {}),
        ("2018-11", "America/Sao_Paulo", 719, {"2018-11-04": 23}),  # the clocks skip midnight itself
    ],
)
def test_days_have_the_hours_that_their_zone_gives_them(
    month: str, zone: str, hours: int, of_day: dict[str, int]
) -> None:
    found = parse_month(month, zone)
    lengths = np.diff(found.edges_ns) // HOUR
    assert lengths.sum() == hours
    odd = {str(day): int(each) for day, each in zip(found.days, lengths, strict=True) if each != 24}
    assert odd == of_day


def test_a_day_that_a_zone_skipped_is_no_day() -> None:
    found = parse_month("2011-12", "Pacific/Apia")
    assert len(found.days) == 30
    assert date(2011, 12, 30) not in found.days


@settings(max_examples=60, deadline=None)
@given(st.dates(date(1975, 1, 1), date(2090, 12, 1)), st.sampled_from(ZONES))
def test_months_follow_each_other_without_gap_or_overlap(day: date, zone: str) -> None:
    after = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    one, other = (parse_month(each.strftime("%Y-%m"), zone) for each in (day, after))
    assert one.edges_ns[-1] == other.edges_ns[0]
    assert all(np.diff(one.edges_ns) > 0)
    middle = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(zone)).timestamp() * S
    assert one.days[int(np.searchsorted(one.edges_ns, middle, side="right")) - 1] == day


@pytest.mark.parametrize(
    ("month", "zone", "said"),
    [
        ("2026-13", "UTC", ["--month: must be a month"]),
        ("11/2026", "UTC", ["--month"]),
        ("1969-12", "UTC", ["--month"]),
        ("٢٠٢٦-١١", "UTC", ["--month"]),
        ("2026-11", "Moon", ["--zone: must be a time zone"]),
        ("2026", "../etc/passwd", ["--month", "--zone"]),
        ("2026-11", "America", ["--zone"]),
    ],
)
def test_what_is_no_month_or_zone_is_refused(month: str, zone: str, said: list[str]) -> None:
    with pytest.raises(DeclarationError) as refused:
        parse_month(month, zone)
    assert all(each in str(refused.value) for each in said)
    assert len(refused.value.problems) == len(said)


def test_only_what_was_planned_in_the_month_is_judged_and_the_rest_is_counted(tmp_path: Path) -> None:
    file = hourly(tmp_path, "probe.csv", ns("2026-10-31T00:00:00"), 32 * 24)
    verdict = judged(file)
    assert verdict.month is not None
    assert (sum(verdict.month.rows), verdict.month.outside) == (30 * 96, 2 * 96)
    assert verdict.month.complete
    assert population(verdict, "healthcare").n == 30 * 96
    assert [each.n for each in population(verdict, "healthcare").days] == [96] * 30
    assert (
        sum(each.hits for each in population(verdict, "healthcare").days)
        == population(verdict, "healthcare").hits
    )
    assert verdict.verdict.value == "PASS"
    assert verdict.sentence.startswith("2026-11 (UTC): 97")
    assert re.search(r"2026-11-30 +96 +9\d(\.\d)? %", shown(verdict))
    assert "2026-11 in UTC: 30 days of 720 h, over; 2 880 rows planned in it, 192 outside left out" in shown(
        verdict
    )


def test_a_zone_moves_the_edges_of_month_and_days(tmp_path: Path) -> None:
    file = hourly(tmp_path, "probe.csv", ns("2026-10-31T00:00:00"), 33 * 24)
    verdict = judged(file, zone="America/New_York")
    days = [each.n for each in population(verdict, "healthcare").days]
    assert (days[0], set(days[1:]), sum(days)) == (100, {96}, 721 * 4)


def test_a_month_across_the_end_of_the_year(tmp_path: Path) -> None:
    file = hourly(tmp_path, "probe.csv", ns("2026-12-01T00:00:00"), 62 * 24)
    for month in ("2026-12", "2027-01"):
        verdict = judged(file, month=month, now_ns=ns("2027-03-01T00:00:00"))
        assert verdict.month is not None
        assert (sum(verdict.month.rows), verdict.month.outside, verdict.month.complete) == (2976, 2976, True)


def test_a_month_that_is_not_over_or_lacks_its_ends_bars_a_pass(tmp_path: Path) -> None:
    whole = hourly(tmp_path, "whole.csv", ns("2026-11-01T00:00:00"), 720)
    early = judged(whole, now_ns=ns("2026-11-30T23:59:59"))
    assert early.verdict.value == "INCONCLUSIVE"
    assert any("2026-11 (UTC) is not whole: it is not over" in each.message for each in early.validity)
    late = judged(hourly(tmp_path, "late.csv", ns("2026-11-02T00:00:00"), 28 * 24))
    assert late.verdict.value == "INCONCLUSIVE"
    assert any(
        "first day, 2026-11-01, has no row and its last day, 2026-11-30, has no row" in each.message
        for each in late.validity
    )


def test_an_incomplete_month_softens_no_fail(tmp_path: Path) -> None:
    verdict = judged(hourly(tmp_path, "slow.csv", ns("2026-11-03T00:00:00"), 480, slow=0.5))
    assert verdict.verdict.value == "FAIL"


def test_days_between_without_a_row_are_named_and_do_not_bar(tmp_path: Path) -> None:
    files = [
        hourly(tmp_path, "a.csv", ns("2026-11-01T00:00:00"), 24 * 13),
        hourly(tmp_path, "b.csv", ns("2026-11-16T00:00:00"), 24 * 15),
    ]
    verdict = judged(*files)
    assert verdict.month is not None
    assert render_json(verdict)["month"]["days_without_rows"] == ["2026-11-14", "2026-11-15"]
    assert any(
        "2 of 30 days have no row: 2026-11-14, 2026-11-15" in each.message for each in verdict.validity
    )
    assert verdict.month.complete
    assert "too-short" not in codes(verdict, "inconclusive")
    assert "2026-11-14       no row" in shown(verdict)


def test_rows_in_two_files_are_duplicates_and_invalid(tmp_path: Path) -> None:
    files = [
        hourly(tmp_path, "a.csv", ns("2026-11-01T00:00:00"), 24 * 16, slow=0),
        hourly(tmp_path, "b.csv", ns("2026-11-16T00:00:00"), 24 * 15, slow=0),
    ]
    lines = files[0].read_text().splitlines()
    files[1].write_text(files[1].read_text() + "\n".join(lines[-40:]) + "\n")
    verdict = judged(*files)
    assert verdict.verdict.value == "INVALID"
    assert any("40 rows stand in more than one of a.csv, b.csv." in each.message for each in verdict.validity)


def test_neither_files_that_only_overlap_in_time_nor_kinds_of_one_moment_are_duplicates(
    tmp_path: Path,
) -> None:
    start = ns("2026-11-01T00:00:00")
    files = [
        hourly(tmp_path, "a.csv", start, 720),
        hourly(tmp_path, "b.csv", start, 720, kind="claim_status"),
        hourly(tmp_path, "c.csv", start + 7, 720),
    ]
    assert "duplicate-rows" not in codes(judged(*files))


def test_a_month_without_any_row_is_inconclusive(tmp_path: Path) -> None:
    verdict = judged(hourly(tmp_path, "old.csv", ns("2026-09-01T00:00:00"), 48))
    assert verdict.verdict.value == "INCONCLUSIVE"
    assert {"empty-class", "too-short"} <= codes(verdict, "inconclusive")
    assert verdict.month is not None
    assert (sum(verdict.month.rows), verdict.month.outside) == (0, 192)


def test_a_clause_that_needs_a_period_is_not_judged_on_less_of_the_month(tmp_path: Path) -> None:
    needing = sla(needs={"period": "28d"}, classes=["healthcare"])
    start = ns("2026-10-20T00:00:00")
    for hours, not_judged in ((24 * 24, True), (24 * 60, False)):
        file = hourly(tmp_path, f"{hours}.csv", start, hours)
        verdict = judge_recordings([file], (needing,), month=parse_month("2026-11", "UTC"), now_ns=AFTER)
        said = verdict.clauses[0].not_judged or ""
        assert ("it needs 672h of observations and has 287h45m" in said) is not_judged


def test_run_folders_and_other_tools_files_are_judged_by_month_too(tmp_path: Path) -> None:
    month = datetime.fromtimestamp(T0 // S, UTC).strftime("%Y-%m")
    runs = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        recorded = joined(both(300))
        runs.append(run_folder(tmp_path / name, recorded, plan_json={"run_id": name}).path)
    verdict = judge_recordings(runs, None, month=parse_month(month, "UTC"), now_ns=AFTER)
    assert population(verdict, "payment").n == 600
    assert "rows-missing" not in codes(verdict)
    empty = judge_recordings(runs, None, month=parse_month("2020-01", "UTC"), now_ns=AFTER)
    assert (empty.verdict.value, population(empty, "payment").n) == ("INCONCLUSIVE", 0)
    file = tmp_path / "requests.csv"
    lines = [f"{ns('2026-11-05T00:00:00') // S + at}.5,POST,claim_status,900.0,5,200," for at in range(100)]
    file.write_text("\n".join([LOCUST, *lines, ""]))
    found = judged(file)
    assert (
        [each.n for each in population(found, "healthcare").days][4] == population(found, "healthcare").n > 0
    )


def test_maintenance_and_warm_up_are_left_out_of_days_as_of_the_month(tmp_path: Path) -> None:
    file = hourly(tmp_path, "probe.csv", ns("2026-11-01T00:00:00"), 720)
    window = [ns("2026-11-10T00:00:00"), ns("2026-11-10T06:00:00")]
    file.with_name("probe.csv.meta.json").write_text(
        json.dumps({"maintenance": [window], "warmup_ns": 2 * HOUR})
    )
    found = population(judged(file), "healthcare")
    assert [each.n for each in found.days] == [88, *[96] * 8, 72, *[96] * 20]
    assert found.n == sum(each.n for each in found.days)


def test_a_clause_on_failures_has_days_and_one_on_seconds_has_none(tmp_path: Path) -> None:
    file = hourly(tmp_path, "probe.csv", ns("2026-11-01T00:00:00"), 720)
    failures = sla(measure="failure_share", at_most=0.01, limit=None, at_least=None, classes=["healthcare"])
    seconds = sla(measure="availability", limit=None, classes=["healthcare"])
    month = parse_month("2026-11", "UTC")
    for clause, days in ((failures, [96] * 30), (seconds, [])):
        verdict = judge_recordings([file], (clause,), month=month, now_ns=AFTER)
        assert [each["n"] for each in render_json(verdict)["clauses"][0]["populations"][0]["days"]] == days
        assert ("2026-11-30" in shown(verdict)) is bool(days)
