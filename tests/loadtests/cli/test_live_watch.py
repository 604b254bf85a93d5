"""Watching a run: what is shown is what is on disk, and a stop is ordered once and only where it stands."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.stopping import EarlyEnd
from loadtests.cli import live_watch
from loadtests.cli.live_report import LiveReport
from loadtests.cli.live_watch import LiveWatch
from loadtests.run_plan import RunPlan
from scenarios.kinds import Kind
from scenarios.observation import OBSERVATION, Outcome, Rows
from scenarios.run_folder import RunFolder
from tests.loadtests.builders import phase, run_plan

T0 = 1_780_000_000_000_000_000


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks follow each other at once."""
    monkeypatch.setattr(live_watch, "LOOK_EVERY_S", 0.02)
    monkeypatch.setattr(live_watch, "BOUNDS_EVERY_S", 0.02)


class Watched:
    """A run of 50 s at 40/s as the engine would report it, and its folder."""

    def __init__(self, path: Path, phases: tuple[dict[str, Any], ...] = (phase(40, "50s"),), **changes: Any):
        self.plan: RunPlan = run_plan(*phases, **changes)
        self.folder = RunFolder(path / "run")
        self.folder.create()
        self.folder.plan_file.write_text(json.dumps(self.plan.to_json(run_id="r", t0_ns=T0)))
        self.orders: list[EarlyEnd] = []
        self.watch = LiveWatch(self.plan, self.folder, self.orders.append, early_stop=False)

    def rows(self, until_s: float, *, dead_from_s: float = 1e9) -> Rows:
        """Rows of everything planned until then; from a moment on no connection is made any more."""
        arrivals = self.plan.arrivals
        count = int(np.searchsorted(arrivals.offset_ns, until_s * 1e9))
        made = np.zeros(count, dtype=OBSERVATION)
        made["arrival"] = arrivals.root[:count] * 256
        made["planned_ns"] = made["started_ns"] = arrivals.offset_ns[:count] + T0
        spread = np.random.default_rng(1).lognormal(0, 0.3, count) * 50e6
        made["ended_ns"] = made["planned_ns"] + spread.astype(np.int64)
        made["kind"] = np.where(arrivals.journey[:count] == 1, Kind.ELIGIBILITY_INQUIRY, Kind.CARD_SALE)
        dead = arrivals.offset_ns[:count] >= dead_from_s * 1e9
        made["outcome"] = np.where(dead, Outcome.CONNECTION, Outcome.COMPLETED)
        return made

    def progress(self, elapsed_s: float, **changes: Any) -> dict[str, Any]:
        due = int(np.searchsorted(self.plan.arrivals.offset_ns, elapsed_s * 1e9))
        counters = {"steps_due": 0, "sent": due, "in_flight": 0, "waiting": 0, "pool_waits": 0, "late": 0}
        return {"elapsed_s": elapsed_s, "due": due, **counters, "overdue": {}, "stopping": None, **changes}

    def record(self, rows: Rows) -> None:
        rows.tofile(self.folder.observations / "0000.rows")

    def look(self, progress: dict[str, Any]) -> LiveReport:
        """What is shown once somebody has looked at the folder."""
        self.watch.hear(progress)
        self.watch.begin()
        time.sleep(0.3)
        report = self.watch.hear(progress)
        self.watch.end({})
        return report

    def wait_for_order(self, within_s: float = 5.0) -> list[EarlyEnd]:
        until = time.monotonic() + within_s
        while not self.orders and time.monotonic() < until:
            time.sleep(0.02)
        return self.orders


def test_a_dead_gateway_is_given_up_as_soon_as_nothing_can_help(tmp_path: Path) -> None:
    here = Watched(tmp_path)
    here.watch.hear(here.progress(25))
    here.record(here.rows(25, dead_from_s=10))
    here.watch.begin()
    [order] = here.wait_for_order()
    assert order.ended == "curtailed"
    assert "can no longer be met" in order.reason
    time.sleep(0.2)
    assert len(here.orders) == 1  # said once
    last = here.watch.end({"due": 990, "started": 991})
    assert last is not None
    assert (last.phase, last.due, last.sent) == ("ended", 990, 991)


def test_a_healthy_run_may_end_when_it_is_met_whatever_comes(tmp_path: Path) -> None:
    here = Watched(tmp_path)
    here.record(here.rows(44))
    here.watch.hear(here.progress(44))
    here.watch.begin()
    time.sleep(0.3)
    assert here.orders == []  # the rest could all be missed still
    here.record(here.rows(48))
    here.watch.hear(here.progress(48))
    [order] = here.wait_for_order()
    here.watch.end({})
    assert "is met whatever comes" in order.reason


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"in_flight": 900}, id="under-way"),
        pytest.param({"stopping": "interrupted"}, id="stopping-already"),
        pytest.param({"due": 10**9, "steps_due": 0}, id="nothing-left-to-send"),
    ],
)
def test_no_stop_is_ordered_where_it_would_be_wrong_or_useless(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    here = Watched(tmp_path)
    here.record(here.rows(48))
    here.watch.hear(here.progress(48, **changes))
    here.watch.begin()
    time.sleep(0.3)
    here.watch.end({})
    assert here.orders == []


def test_a_stop_that_the_complete_judgement_does_not_bear_out_is_not_ordered(tmp_path: Path) -> None:
    here = Watched(tmp_path)
    late = here.rows(48)
    late["own_lag_ms"] = 400
    here.record(late)
    here.watch.hear(here.progress(48))
    here.watch.begin()
    time.sleep(0.4)
    last = here.watch.end({})
    assert here.orders == []
    assert last is not None
    assert [each.code.text for each in last.doubts] == ["generator-late"]


def test_rates_are_those_of_the_last_seconds(tmp_path: Path) -> None:
    here = Watched(tmp_path)
    for tenths in range(300):
        report = here.watch.hear(here.progress(tenths / 10, sent=tenths * 2))
    assert report.achieved_per_s == pytest.approx(20)
    assert report.planned_per_s == pytest.approx(40, rel=0.3)
    assert report.left_s == pytest.approx(20.1)


def test_the_planned_rate_has_what_answers_brought(tmp_path: Path) -> None:
    here = Watched(tmp_path)
    for tenths in range(300):
        report = here.watch.hear(here.progress(tenths / 10, steps_due=tenths * 3, sent=tenths * 7))
    assert report.achieved_per_s == pytest.approx(70)
    assert report.planned_per_s == pytest.approx(70, rel=0.2)  # 40 by the plan


@pytest.mark.parametrize(
    ("elapsed_s", "roots_due", "over"),
    [(20, 10**6, False), (49.9, 10**6, False), (50, 10**6, True), (50, 10, False)],
)
def test_a_plan_with_follow_ups_is_not_all_due_before_its_end(
    tmp_path: Path, elapsed_s: float, roots_due: int, over: bool
) -> None:
    """Follow-ups and retries that came due are no roots: many of them must not pass for the end of the plan."""
    here = Watched(tmp_path, journeys={"check_in": 1})
    steps = 10**7
    engine = here.progress(elapsed_s, due=roots_due + steps, steps_due=steps)
    assert here.watch._all_due(engine) is over


def test_what_was_planned_too_lately_to_be_decided_is_in_no_share(tmp_path: Path) -> None:
    here = Watched(tmp_path)
    recorded = here.rows(20)
    here.record(recorded)
    report = here.look(here.progress(20))
    decided = recorded[recorded["planned_ns"] < T0 + 10 * 10**9]  # the limit is ten seconds
    assert {each.standing.population: each.n for each in report.classes} == {
        "healthcare": int((decided["kind"] == Kind.ELIGIBILITY_INQUIRY).sum()),
        "payment": int((decided["kind"] == Kind.CARD_SALE).sum()),
    }
    assert sum(each.standing.settled_n for each in report.classes) == recorded.size


def test_what_is_in_flight_beyond_the_limit_is_a_miss(tmp_path: Path) -> None:
    here = Watched(tmp_path)
    report = here.look(here.progress(20, overdue={"payment": 4}))
    assert {each.standing.population: each.n for each in report.classes} == {"healthcare": 0, "payment": 4}


def test_what_may_have_been_planned_in_maintenance_is_not(tmp_path: Path) -> None:
    here = Watched(tmp_path, maintenance=[{"from": "5s", "to": "8s"}])
    report = here.look(here.progress(20, overdue={"payment": 4}))
    assert {each.n for each in report.classes} == {0}


def test_where_watching_fails_it_says_so_and_nothing_else_happens(tmp_path: Path) -> None:
    here = Watched(tmp_path)
    here.folder.plan_file.write_text("{")
    here.watch.begin()
    last = here.watch.end({})
    assert last is not None
    assert last.problem is not None
    assert "plan.json is not JSON" in last.problem
    assert last.classes == ()


def test_a_run_that_never_started_has_no_last_report(tmp_path: Path) -> None:
    assert Watched(tmp_path).watch.end({}) is None


@pytest.mark.parametrize("asked", [True, False])
def test_a_run_ends_on_evidence_only_where_that_was_asked_for(tmp_path: Path, asked: bool) -> None:
    here = Watched(tmp_path, phases=(phase(3, "40m"),))
    here.watch = LiveWatch(here.plan, here.folder, here.orders.append, early_stop=asked)
    here.record(here.rows(1000))
    here.watch.hear(here.progress(1000))
    here.watch.begin()
    if asked:
        [order] = here.wait_for_order()
        assert order.ended == "stopped-by-rule"
        assert "the evidence suffices after 16m30s of decided time" in order.reason
    else:
        time.sleep(0.3)
        assert here.orders == []  # the census is open until nine tenths
    here.watch.end({})
