"""Workers and masters killed in the middle of a run: what was due is recorded or named, and never a PASS."""

from __future__ import annotations

import random
import signal
import time
from dataclasses import replace
from typing import Any

import numpy as np
import psutil
import pytest

from loadtests.schedule import plan_arrivals
from loadtests.succession import Succession
from scenarios.journeys import FIRST_KINDS
from scenarios.kinds import Kind
from scenarios.observation import Outcome, Rows
from scenarios.scenario import Scenario
from tests.end_to_end.declared import EVERY_JOURNEY, SHORT_THINKS
from tests.end_to_end.running import Workplace, codes, wait_for
from tests.end_to_end.test_workers import SLOW_ANSWERS

RATE_PER_S = 240  # with answers after 0.3 s some seventy are in flight at any moment

WITH_JOURNEYS: dict[str, Any] = {"rate_per_s": 120, "journeys": EVERY_JOURNEY, "more": SHORT_THINKS}


def kill_one(
    here: Workplace, role: str, number: signal.Signals, *, after_s: float = 0.0, **scenario: Any
) -> dict[str, Any]:
    """Kill one process of a run by two workers that is sending, and check the accounts: end.json."""
    given = {"rate_per_s": RATE_PER_S, "duration": "30s", "warm_up": "1s", **scenario}
    command = here.short_run("--workers", "2", faults=SLOW_ANSWERS, **given)
    with here.started(command) as process:
        wait_for(lambda: here.run_dir.exists() and here.rows_on_disk() > 2 * RATE_PER_S, within_s=40)
        time.sleep(after_s)
        [process_to_kill, *_] = here.locusts(role)
        killed_ns = time.time_ns()
        process_to_kill.send_signal(number)
        if role == "--master":
            wait_for(lambda: not _alive(here.locusts("--worker")), within_s=6)
        assert process.wait(40) in (1, 4)  # INVALID, or a FAIL that stands whatever the missing were
    assert wait_for(lambda: here.processes() == [], within_s=5)
    end = here.check_accounts()
    _check_against_the_plan(here, end, killed_ns)
    assert here.verdict()["verdict"] in ("INVALID", "FAIL")
    return end


def _alive(processes: list[psutil.Process]) -> bool:
    return any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in processes)


def _check_against_the_plan(here: Workplace, end: dict[str, Any], killed_ns: int) -> None:
    """Laid out once more: everything planned before the kill is recorded or named, and nothing is both."""
    plan, recording = here.folder.read_plan(), here.folder.read_observations()
    arrivals = plan_arrivals(Scenario.model_validate(plan["scenario"]), plan["seed"])
    rows = recording.rows
    recorded = set((rows["arrival"]).tolist())
    assert len(recorded) == len(rows) > 2 * RATE_PER_S  # load was flowing
    started = rows[rows["started_ns"] >= 0]
    at_once = ((started["started_ns"] < killed_ns) & (started["ended_ns"] > killed_ns)).sum()
    assert at_once > 5 or end["generator"] is None  # some were in flight; a dead master's are not on disk
    due = set((arrivals.root[arrivals.offset_ns < killed_ns - plan["t0_ns"]] * 256).tolist())
    due |= _announced(plan, rows, killed_ns)
    missing = set(end["missing"])
    assert len(end["missing"]) == sum(end["missing_by_kind"].values()) < 1000  # the list is complete
    assert not recorded & missing
    assert due <= recorded | missing
    assert len(recorded | missing) == end["due"]
    assert len(due) >= 2 * RATE_PER_S


def _announced(plan: dict[str, Any], rows: Rows, before_ns: int) -> set[int]:
    """Follow-ups that recorded answers had brought on before a moment, one by one."""
    scenario = Scenario.model_validate(plan["scenario"])
    if not scenario.may_follow:
        return set()
    journeys = plan_arrivals(scenario, plan["seed"]).journey
    rules = Succession(scenario, plan["seed"], dict(FIRST_KINDS))
    found = set()
    for row in rows:
        arrival, outcome = int(row["arrival"]), Outcome(row["outcome"])
        then = rules.after(int(journeys[arrival // 256]), arrival, 0, Kind(row["kind"]), outcome)
        if then is not None and row["ended_ns"] + then.wait_ns < before_ns:
            found.add(then.arrival)
    assert len(found) > RATE_PER_S / 4  # follow-ups were flowing
    return found


@pytest.mark.slow
@pytest.mark.parametrize("role", ["--worker", "--master"])
def test_follow_ups_that_a_killed_process_took_with_it_are_named(here: Workplace, role: str) -> None:
    end = kill_one(here, role, signal.SIGKILL, after_s=2, **WITH_JOURNEYS)
    assert end["ended"] == "engine-lost"
    assert end["follow_ups_due"] > RATE_PER_S
    assert any(arrival % 256 for arrival in end["missing"])
    assert end["due"] - end["recorded"] == len(end["missing"])


def test_a_killed_worker_is_lost_and_its_arrivals_are_named(here: Workplace) -> None:
    end = kill_one(here, "--worker", signal.SIGKILL)
    assert end["ended"] == "engine-lost"
    assert "worker-lost" in codes(here.verdict())
    [lost] = [worker for worker in end["workers"] if worker["lost"]]
    assert all(arrival // 256 % 2 == lost["worker"] for arrival in end["missing"])
    # four seconds of silence at half the rate, and what was in flight
    assert 3 * RATE_PER_S / 2 < len(end["missing"]) < 9 * RATE_PER_S / 2


@pytest.mark.slow
def test_a_killed_master_stops_its_workers_and_slagate_writes_the_accounts(here: Workplace) -> None:
    end = kill_one(here, "--master", signal.SIGKILL)
    assert end["ended"] == "engine-lost"
    assert {"worker-lost", "rows-missing"} <= codes(here.verdict())


@pytest.mark.slow
def test_a_worker_that_stands_still_for_six_seconds_is_lost_and_heals_nothing(here: Workplace) -> None:
    command = here.short_run("--workers", "2", rate_per_s=RATE_PER_S, duration="30s")
    with here.started(command) as process:
        wait_for(lambda: here.run_dir.exists() and here.rows_on_disk() > 2 * RATE_PER_S, within_s=40)
        worker = here.locusts("--worker")[0]
        worker.suspend()
        time.sleep(6)
        worker.resume()
        assert process.wait(40) in (1, 4)
    end = here.check_accounts()
    assert end["ended"] == "engine-lost"
    assert sum(worker["lost"] for worker in end["workers"]) == 1
    rows = here.folder.read_observations().rows
    assert len(rows) == len(np.unique(rows["arrival"]))
    assert wait_for(lambda: here.processes() == [], within_s=5)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_a_worker_that_is_told_to_end_hands_everything_over_and_counts_as_lost(
    here: Workplace, number: signal.Signals
) -> None:
    end = kill_one(here, "--worker", number)
    assert end["ended"] == "engine-lost"
    assert "told to end" in end["reason"]
    assert end["recorded"] == end["due"]
    assert sum(worker["lost"] for worker in end["workers"]) == 1
    for worker in end["workers"]:
        assert worker["rows"] == worker["made"] > 100
    outcomes = here.folder.read_observations().rows["outcome"]
    assert (outcomes == Outcome.IN_FLIGHT).sum() > 0


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_ten_random_kills_never_pass_and_never_lose_count(here: Workplace) -> None:
    chance = random.Random()
    for turn in range(10):
        place = here.path / str(turn)
        place.mkdir()
        role = chance.choice(["--worker", "--worker", "--master"])
        scenario = chance.choice([{}, WITH_JOURNEYS])
        kill_one(replace(here, path=place), role, signal.SIGKILL, after_s=chance.uniform(0, 4), **scenario)
