"""The pacer: each arrival to an idle user at its moment, in order, and nothing after it is closed."""

from __future__ import annotations

import gevent
import numpy as np
import pytest
from gevent import Greenlet

from loadtests.clock import RunClock
from loadtests.pacing import Due, Pacer

MS = 1_000_000


class PresetClock(RunClock):
    """A clock that shows what a test sets."""

    now = 0

    def now_ns(self) -> int:
        return PresetClock.now


@pytest.fixture
def clock() -> PresetClock:
    PresetClock.now = 0
    return PresetClock(t0_ns=0, monotonic_at_t0_ns=0)


def pacer(*offsets_ms: float) -> Pacer:
    return Pacer(np.array([round(offset * MS) for offset in offsets_ms], dtype=np.int64))


def user(paced: Pacer, served: list[tuple[str, Due | None]], name: str = "") -> Greenlet:
    """One user that takes one arrival."""
    greenlet = gevent.spawn(lambda: served.append((name, paced.take())))
    gevent.sleep(0)
    return greenlet


def all_of(*greenlets: Greenlet) -> None:
    gevent.joinall(greenlets, timeout=5, raise_error=True)
    assert all(greenlet.ready() for greenlet in greenlets)


def test_an_arrival_is_never_early_and_knows_its_planned_moment() -> None:
    paced = pacer(5, 20, 30)
    clock = RunClock.starting_in(0.01)
    taken: list[tuple[Due, int]] = []

    def serve() -> None:
        while (due := paced.take()) is not None:
            taken.append((due, clock.now_ns()))

    users = [gevent.spawn(serve) for _ in range(2)]
    gevent.sleep(0)
    paced.follow(clock)
    gevent.sleep(0)
    paced.close()
    all_of(*users)
    assert [due.place for due, _ in taken] == [0, 1, 2]
    assert [due.planned_ns - clock.t0_ns for due, _ in taken] == [5 * MS, 20 * MS, 30 * MS]
    assert all(due.sendable_ns == due.planned_ns for due, _ in taken)
    assert all(now_ns >= due.planned_ns for due, now_ns in taken)
    assert (paced.due, paced.pool_waits) == (3, 0)


def test_the_user_that_came_back_last_is_used_first(clock: PresetClock) -> None:
    paced, served = pacer(0, 0, 0), list[tuple[str, Due | None]]()
    users = [user(paced, served, name) for name in ("first", "second", "third")]
    assert paced.idle == 3
    paced.follow(clock)
    all_of(*users)
    assert {name: due.place for name, due in served if due} == {"third": 0, "second": 1, "first": 2}
    assert paced.idle_min == 0


def test_arrivals_without_an_idle_user_wait_in_order_and_count_as_the_gateways_lag(
    clock: PresetClock,
) -> None:
    paced = pacer(0, 1, 2)
    PresetClock.now = 10 * MS
    paced.follow(clock)
    assert (paced.backlog, paced.due, paced.pool_waits, paced.idle_min) == (3, 3, 3, 0)
    assert paced.left_over() == {0, 1, 2}
    PresetClock.now = 70 * MS
    assert paced.take() == Due(place=0, planned_ns=0, sendable_ns=70 * MS)
    PresetClock.now = 75 * MS
    assert paced.take() == Due(place=1, planned_ns=1 * MS, sendable_ns=75 * MS)
    assert paced.backlog == 1
    assert paced.left_over() == {2}


def test_whatever_has_come_due_while_nobody_is_idle_waits_and_nothing_that_has_not(
    clock: PresetClock,
) -> None:
    paced, served = pacer(*range(1000)), list[tuple[str, Due | None]]()
    PresetClock.now = 499 * MS
    following = gevent.spawn(paced.follow, clock)
    gevent.sleep(0.01)
    assert (paced.backlog, paced.due, paced.pool_waits, paced.idle_min) == (500, 500, 500, 0)
    all_of(user(paced, served))
    assert served == [("", Due(place=0, planned_ns=0, sendable_ns=499 * MS))]
    paced.close()
    all_of(following)
    assert paced.left_over() == set(range(1, 500))


def test_lag_while_a_user_was_idle_is_the_generators_own(clock: PresetClock) -> None:
    paced, served = pacer(1), list[tuple[str, Due | None]]()
    idle = user(paced, served)
    PresetClock.now = 500 * MS  # the pacer itself comes late
    paced.follow(clock)
    all_of(idle)
    assert served == [("", Due(place=0, planned_ns=1 * MS, sendable_ns=1 * MS))]


def test_closing_wakes_every_waiting_user_with_nothing() -> None:
    paced, served = pacer(0), list[tuple[str, Due | None]]()
    users = [user(paced, served) for _ in range(3)]
    paced.close()
    all_of(*users)
    assert served == [("", None)] * 3
    assert (paced.idle, paced.closed) == (0, True)


def test_a_closed_pacer_hands_out_nothing_not_even_what_waits(clock: PresetClock) -> None:
    paced = pacer(0, 0)
    paced.follow(clock)
    paced.close()
    assert paced.take() is None
    assert paced.left_over() == {0, 1}
    paced.follow(clock)
    assert paced.due == 2


def test_closing_ends_a_wait_for_a_moment_far_away() -> None:
    paced = pacer(3_600_000)
    following = gevent.spawn(paced.follow, RunClock.starting_in(0))
    gevent.sleep(0)
    paced.close()
    all_of(following)
    assert paced.due == 0
    assert paced.left_over() == set()


def test_a_user_that_is_killed_while_it_waits_is_no_longer_idle(clock: PresetClock) -> None:
    paced, served = pacer(0), list[tuple[str, Due | None]]()
    gone, stays = user(paced, served, "gone"), user(paced, served, "stays")
    gone.kill()
    assert paced.idle == 1
    paced.follow(clock)
    all_of(stays)
    assert [name for name, _ in served] == ["stays"]


def test_a_pacer_behind_schedule_lets_others_run_in_between(clock: PresetClock) -> None:
    paced = pacer(*[0] * 1000)
    PresetClock.now = MS
    seen: list[int] = []

    def watch() -> None:
        while paced.due < 1000:
            seen.append(paced.due)
            gevent.sleep(0)

    watching = gevent.spawn(watch)
    paced.follow(clock)
    all_of(watching)
    assert len(seen) > 10


def test_a_long_schedule_is_followed_to_its_end(clock: PresetClock) -> None:
    paced = pacer(*[0] * 10_000)
    PresetClock.now = MS
    paced.follow(clock)
    assert paced.due == paced.backlog == 10_000
    assert [paced.take().place for _ in range(3)] == [0, 1, 2]  # type: ignore[union-attr]
