"""The run's clock never jumps, whatever is done to the wall clock."""

from __future__ import annotations

import time

import pytest

from loadtests import clock as clock_module
from loadtests.clock import RunClock


def test_the_wall_clock_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_700_000_000_000_000_000)
    monkeypatch.setattr(clock_module, "monotonic_ns", lambda: 500)
    clock = RunClock.starting_in(0.2)
    assert clock.t0_ns == 1_700_000_000_200_000_000
    assert clock.now_ns() == 1_700_000_000_000_000_000
    monkeypatch.setattr(time, "time_ns", lambda: 0)  # somebody sets the wall clock
    monkeypatch.setattr(clock_module, "monotonic_ns", lambda: 500 + 300_000_000)
    assert clock.now_ns() == 1_700_000_000_300_000_000
