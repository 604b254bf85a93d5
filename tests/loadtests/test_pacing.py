"""The pacer: each arrival to an idle user at its moment, in order, and nothing after it is closed."""

from __future__ import annotations

import gevent
import numpy as np
import pytest
from gevent import Greenlet

from loadtests.clock import RunClock
from loadtests.pacing import Due, Pacer
from loadtests.upcoming import Step
from scenarios.kinds import Kind

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


def following(*offsets_ms: float, length_ms: float = 100) -> Pacer:
    """A pacer that waits for what answers bring."""
    offsets = np.array([round(offset * MS) for offset in offsets_ms], dtype=np.int64)
    return Pacer(offsets, length_ns=round(length_ms * MS))


def step(place: int, number: int = 1, attempt: int = 0) -> Step:
    return Step(place, place * 256 + number, attempt, Kind.CARD_SALE, None)


def ring(paced: Pacer) -> None:
    """What the alarm does in the hub, which measures time of its own and not the test's."""
    gevent.sleep(0.002)
    gevent.get_hub().loop.run_callback(paced._ring)
    gevent.sleep(0.002)


def follow(paced: Pacer, clock: RunClock, *moments_ms: float) -> None:
    """Follow while the clock shows these moments one after the other, then close."""
    going = gevent.spawn(paced.follow, clock)
    for moment_ms in moments_ms:
        PresetClock.now = round(moment_ms * MS)
        ring(paced)
    paced.close()
    all_of(going)


def test_follow_ups_and_roots_are_handed_out_in_the_order_of_their_moments(clock: PresetClock) -> None:
    paced, served = following(0, 10, 20, 30), list[tuple[str, Due | None]]()
    users = [user(paced, served) for _ in range(6)]
    paced.expect(25 * MS, step(0))
    paced.expect(5 * MS, step(1))
    follow(paced, clock, 0, 5, 10, 20, 25, 30)
    all_of(*users)
    assert [(due.planned_ns // MS, due.step) for _, due in served if due] == [
        (0, None),
        (5, step(1)),
        (10, None),
        (20, None),
        (25, step(0)),
        (30, None),
    ]
    assert all(due.sendable_ns == due.planned_ns for _, due in served if due)
    assert (paced.due, paced.steps_due, paced.backlog) == (4, 2, 0)


def test_what_found_nobody_idle_is_taken_in_the_order_of_its_moment(clock: PresetClock) -> None:
    paced = following(0, 10, 20)
    paced.expect(15 * MS, step(0))
    paced.expect(5 * MS, step(1, attempt=1))
    going = gevent.spawn(paced.follow, clock)
    PresetClock.now = 50 * MS
    ring(paced)
    assert (paced.backlog, paced.pool_waits, paced.idle_min) == (5, 5, 0)
    taken = [paced.take() for _ in range(4)]
    assert [due and (due.planned_ns // MS, due.step) for due in taken] == [
        (0, None),
        (5, step(1, attempt=1)),
        (10, None),
        (15, step(0)),
    ]
    assert {due.sendable_ns for due in taken if due} == {50 * MS}
    assert paced.backlog == 1
    paced.close()
    all_of(going)


def test_a_user_that_comes_free_takes_a_follow_up_that_nobody_noticed_yet(clock: PresetClock) -> None:
    paced = following(0, 90)
    going = gevent.spawn(paced.follow, clock)
    gevent.sleep(0.002)
    assert paced.take() == Due(0, 0, 0)
    paced.expect(10 * MS, step(0))
    PresetClock.now = 12 * MS
    assert paced.take() == Due(0, 10 * MS, 12 * MS, step(0))
    assert paced.pool_waits == 2
    paced.close()
    all_of(going)


def test_the_pacer_waits_for_follow_ups_until_the_planned_end_and_no_longer() -> None:
    paced, served = following(0, length_ms=60), list[tuple[str, Due | None]]()
    clock = RunClock.starting_in(0)
    first = user(paced, served, "first")

    def serve_and_think() -> None:
        first.join()
        paced.expect(clock.t0_ns + 30 * MS, step(0))
        paced.expect(clock.t0_ns + 59 * MS, step(0, 2))
        paced.expect(clock.t0_ns + 60 * MS, step(0, 3))  # at the end: never due
        for _ in range(3):
            served.append(("later", paced.take()))

    later = gevent.spawn(serve_and_think)
    paced.follow(clock)
    assert clock.now_ns() - clock.t0_ns >= 60 * MS
    paced.close()
    all_of(first, later)
    assert [due.step for name, due in served if due and name == "later"] == [step(0), step(0, 2)]
    assert paced.steps_left_over(clock.t0_ns + 1000 * MS) == []


def test_an_earlier_follow_up_makes_the_alarm_ring_earlier() -> None:
    paced, served = following(0, 5_000, length_ms=10_000), list[tuple[str, Due | None]]()
    clock = RunClock.starting_in(0)
    users = [user(paced, served) for _ in range(2)]
    going = gevent.spawn(paced.follow, clock)
    gevent.sleep(0.01)
    paced.expect(clock.now_ns() + 20 * MS, step(0))
    users[0].join(1)
    users[1].join(1)
    assert [due.step for _, due in served if due] == [None, step(0)]
    assert clock.now_ns() - clock.t0_ns < 1_000 * MS
    paced.close()
    all_of(going, *users)


def test_what_was_due_before_a_stop_and_never_taken_is_left_over_and_no_more(clock: PresetClock) -> None:
    paced = following(50, 90)
    paced.expect(10 * MS, step(0))
    paced.expect(30 * MS, step(1))
    paced.expect(60 * MS, step(1, 2))
    going = gevent.spawn(paced.follow, clock)
    PresetClock.now = 20 * MS
    ring(paced)
    PresetClock.now = 40 * MS
    paced.close()
    paced.expect(41 * MS, step(0, 2))  # an answer in the drain: nothing comes of it
    all_of(going)
    assert paced.steps_left_over(40 * MS) == [(10 * MS, step(0), True), (30 * MS, step(1), False)]


def test_a_pacer_without_follow_ups_expects_nothing(clock: PresetClock) -> None:
    paced = pacer(0)
    paced.expect(0, step(0))
    paced.follow(clock)
    assert paced.steps_left_over(MS) == []
    assert paced.steps_due == 0
