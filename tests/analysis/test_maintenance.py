"""Maintenance windows: how they are declared, what they leave out, and when a PASS hangs on them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from scenarios.maintenance import Maintenance
from scenarios.scenario import Scenario
from tests.analysis.builders import T0, S, both, codes, joined, judged, population

WINDOW = {"maintenance_ns": [[T0 + 20 * S, T0 + 30 * S]]}


def declared(start: object, end: object) -> Maintenance:
    return Maintenance.model_validate({"from": start, "to": end})


def test_a_window_goes_by_offsets_or_by_dates_with_a_zone() -> None:
    assert declared("10m", "12m").window_ns(T0) == (T0 + 600 * S, T0 + 720 * S)
    by_date = declared("2026-11-02T01:00:00-05:00", "2026-11-02T06:30:00Z").window_ns(T0)
    started = int(datetime(2026, 11, 2, 6, tzinfo=UTC).timestamp())
    assert by_date == (started * S, (started + 1800) * S)


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("12m", "10m", "must end after"),
        ("10m", "10m", "must end after"),
        ("2026-11-02T01:00:00", "2026-11-02T02:00:00Z", "needs its zone"),
        ("10m", "2026-11-02T02:00:00Z", "both be offsets or both be dates"),
        (600, "12m", "write an offset"),
        ("later", "12m", "unknown unit"),
    ],
)
def test_a_window_that_cannot_be_is_refused(start: object, end: object, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        declared(start, end)


def test_a_window_survives_the_plan() -> None:
    scenario = Scenario.model_validate(
        {
            "name": "s",
            "purpose": "p",
            "assurance": "smoke",
            "phases": [{"shape": "constant", "rate_per_s": 1, "duration": "20m"}],
            "journeys": {"card_sale_only": 1},
            "maintenance": [{"from": "10m", "to": "12m"}],
        }
    )
    again = Scenario.model_validate(scenario.model_dump(mode="json", by_alias=True))
    assert again == scenario
    assert "Maintenance from 10m to 12m is announced and not judged." in scenario.describe()


def test_what_is_planned_in_announced_maintenance_is_not_judged(tmp_path: Path) -> None:
    recorded = joined(both(1000), both(300, from_s=20, to_s=30, seconds=30))
    verdict = judged(tmp_path, recorded, plan_json=WINDOW)
    assert verdict.verdict.value == "PASS"
    assert population(verdict, "payment").excluded["maintenance"] == 300 + 222
    (tmp_path / "unannounced").mkdir()
    assert judged(tmp_path / "unannounced", recorded).verdict.value == "FAIL"


def test_the_window_is_half_open_by_the_planned_moment(tmp_path: Path) -> None:
    edge = both(2, from_s=20, to_s=40, seconds=30)
    edge["planned_ns"] = [T0 + 20 * S, T0 + 30 * S] * 2
    verdict = judged(tmp_path, joined(both(1000, to_s=15), edge), plan_json=WINDOW)
    assert population(verdict, "payment").excluded["maintenance"] == 1
    assert population(verdict, "payment").misses["slow"] == 1


def test_a_pass_that_hangs_on_what_was_under_way_in_maintenance_is_barred(tmp_path: Path) -> None:
    under_way = both(900, from_s=14, to_s=20, seconds=8)
    rest = joined(both(1000), both(90, seconds=30, from_s=31))
    verdict = judged(tmp_path, joined(rest, under_way), plan_json=WINDOW)
    rows = {each.rule: each for each in verdict.clauses[0].sensitivity if each.population == "payment"}
    assert rows["without what was under way in maintenance"].n < rows["as judged"].n
    assert rows["maintenance not left out"].n > rows["as judged"].n
    assert ("maintenance-sensitive" in codes(verdict)) == (
        rows["as judged"].verdict.value == "PASS"
        and rows["without what was under way in maintenance"].verdict.value != "PASS"
    )


def test_a_clause_that_does_not_exclude_maintenance_judges_it(tmp_path: Path) -> None:
    from tests.analysis.builders import SLA

    clause = {**SLA["clause"][0], "excluding": []}
    verdict = judged(tmp_path, both(1000), plan_json={**WINDOW, "slas": [{**SLA, "clause": [clause]}]})
    assert population(verdict, "payment").excluded["maintenance"] == 0
