"""Who may take part in a run, and who is told why not."""

from __future__ import annotations

from typing import Any

import pytest

from loadtests.roster import Roster, Worker


def report(**changes: Any) -> dict[str, Any]:
    return {"version": "1.0", "name": "host:1", "token": "t", "run": None, "state": "new", **changes}


@pytest.fixture
def roster() -> Roster:
    return Roster(run="run/abc", version="1.0", token="t", places=2)


def test_each_worker_gets_a_place_of_its_own(roster: Roster) -> None:
    workers = [roster.hear(name, report(), 0.0) for name in ("a", "b", "a")]
    assert [worker.index for worker in workers if isinstance(worker, Worker)] == [0, 1, 0]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"version": "0.9"}, "runs slagate 0.9", id="another version"),
        pytest.param({"run": "other/xyz", "state": "going"}, "belongs to another run", id="foreign"),
        pytest.param({"token": ""}, "was not started for this run", id="not invited"),
    ],
)
def test_who_does_not_belong_is_refused_by_name_for_good(
    roster: Roster, changes: dict[str, Any], reason: str
) -> None:
    heard = roster.hear("x", report(name="host:9", **changes), 0.0)
    assert isinstance(heard, str)
    assert reason in heard
    assert isinstance(roster.hear("x", report(), 1.0), str)
    assert roster.refused["x"][0] == "host:9"
    assert len(roster) == 0


def test_who_comes_late_is_refused(roster: Roster) -> None:
    roster.hear("a", report(), 0.0)
    roster.closed = True
    heard = roster.hear("b", report(), 1.0)
    assert isinstance(heard, str)
    assert "after the run had started" in heard
    assert isinstance(roster.hear("a", report(run="run/abc", state="going"), 1.0), Worker)


def test_one_too_many_is_refused(roster: Roster) -> None:
    for name in ("a", "b"):
        roster.hear(name, report(), 0.0)
    assert "one too many" in str(roster.hear("c", report(), 0.0))


def test_a_worker_that_has_ended_another_run_may_take_part(roster: Roster) -> None:
    ended = report(run="before/xyz", state="ended")
    assert isinstance(roster.hear("a", ended, 0.0), Worker)
    assert isinstance(roster.hear("a", ended, 0.1), Worker)
    assert isinstance(roster.hear("a", report(run="run/abc", state="planned"), 0.2), Worker)
    assert len(roster) == 1


def test_silence_is_noticed_unless_the_listener_itself_stood_still(roster: Roster) -> None:
    for name in ("a", "b"):
        roster.hear(name, report(), 0.0)
    roster.hear("b", report(), 3.0)
    assert [worker.client_id for worker in roster.silent(5.0)] == ["a"]
    roster.forgive(4.0)
    assert roster.silent(5.0) == []


def test_a_place_that_becomes_free_is_given_again(roster: Roster) -> None:
    for name in ("a", "b"):
        roster.hear(name, report(), 0.0)
    roster.refuse("a", "host:1", "fell silent before the start")
    worker = roster.hear("c", report(), 1.0)
    assert isinstance(worker, Worker)
    assert worker.index == 0
