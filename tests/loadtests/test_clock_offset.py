"""A worker finds the master's time by exchanges, however wrong its own wall clock is."""

from __future__ import annotations

import random

import pytest

from loadtests.clock_offset import ClockOffset, Exchange

_MS = 1_000_000
MASTER_NS = 1_790_000_000_000_000_000  # the master's wall clock at the worker's monotonic zero


def exchanges(count: int, *, one_way_ms: float = 0.3, jitter_ms: float = 10.0, seed: int = 1) -> ClockOffset:
    """Exchanges over a link whose two ways are held up by chance, each on its own."""
    chance, offset, now_ns = random.Random(seed), ClockOffset(), 0
    for _ in range(count):
        sent_ns = now_ns
        there_ns = int((one_way_ms + chance.expovariate(1 / jitter_ms)) * _MS)
        back_ns = int((one_way_ms + chance.expovariate(1 / jitter_ms)) * _MS)
        now_ns = sent_ns + there_ns + back_ns
        offset.add(Exchange(sent_ns=sent_ns, master_ns=MASTER_NS + sent_ns + there_ns, received_ns=now_ns))
        now_ns += 50 * _MS
    return offset


@pytest.mark.parametrize("wrong_by_ms", [-3000, 0, 3000], ids=["3 s behind", "right", "3 s ahead"])
@pytest.mark.parametrize("seed", range(5))
def test_a_wall_clock_three_seconds_off_is_recovered_within_five_milliseconds(
    wrong_by_ms: int, seed: int
) -> None:
    offset = exchanges(40, seed=seed)
    monotonic_ns = 5_000 * _MS
    wall_ns = MASTER_NS + monotonic_ns + wrong_by_ms * _MS
    assert abs(offset.wall_offset_ns(wall_ns, monotonic_ns) - wrong_by_ms * _MS) < 5 * _MS


def test_the_run_starts_at_the_masters_moment() -> None:
    t0_ns = MASTER_NS + 7_000 * _MS
    clock = exchanges(40).run_clock(t0_ns)
    assert clock.t0_ns == t0_ns
    assert abs(clock.monotonic_at_t0_ns - 7_000 * _MS) < 5 * _MS


def test_the_error_is_at_most_half_the_best_round_trip() -> None:
    for seed in range(50):
        offset = exchanges(5, seed=seed)
        error_ns = abs(offset.wall_offset_ns(MASTER_NS, 0))
        assert error_ns <= offset.round_trip_ns / 2 + 1


def test_clocks_that_move_apart_are_seen_to() -> None:
    earlier, later = exchanges(40), ClockOffset()
    later.add(Exchange(sent_ns=0, master_ns=MASTER_NS + 9 * _MS, received_ns=2))
    assert abs(later.ahead_of_ns(earlier) - 9 * _MS) < 5 * _MS


def test_nothing_is_known_before_the_first_exchange() -> None:
    with pytest.raises(ValueError, match="no exchange"):
        ClockOffset().run_clock(0)
