"""When a run is said to have stopped: not before an arrival that should have gone out, nor after one nobody got to."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from loadtests.engine import LAST_MOMENTS_NS, Engine, Home, Stop
from loadtests.sender import Sender
from scenarios.run_folder import RunFolder
from tests.loadtests.builders import CREDENTIALS, phase, run_plan

STOP = Stop(ended="curtailed", reason="enough is known")


class FixedClock:
    """A run's clock that stands still."""

    def __init__(self, after_ns: int) -> None:
        self.t0_ns = 1_000
        self.after_ns = after_ns

    def now_ns(self) -> int:
        return self.t0_ns + self.after_ns


@pytest.mark.parametrize(
    ("behind_ns", "excused"),
    [
        pytest.param(1_000_000, True, id="just-come-due"),
        pytest.param(LAST_MOMENTS_NS + 1, False, id="late"),
        pytest.param(-1_000_000, False, id="still-to-come"),
    ],
)
def test_an_arrival_of_the_last_moments_that_nobody_got_to_was_not_due(
    tmp_path: Path, behind_ns: int, excused: bool
) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.create()
    plan = run_plan(phase(40, "10s", "even"))
    engine = Engine(plan, CREDENTIALS, folder, cast(Home, None))
    next_ns = int(plan.arrivals.offset_ns[100])
    clock = FixedClock(next_ns + behind_ns)
    engine._clock = cast(Any, clock)
    engine._sender = cast(Sender, object())  # it is under way
    engine._pacer.due = 100  # the hundred before were handed out
    engine.stop(STOP)
    assert engine.stopped is STOP
    stopped_ns = engine.stopped_ns
    assert stopped_ns == clock.t0_ns + next_ns + (0 if excused else behind_ns)
    due = int(np.searchsorted(plan.arrivals.offset_ns, stopped_ns - clock.t0_ns, side="left"))
    assert due >= 100  # what was handed out was due
    assert due == 100 or not excused


def test_an_order_says_how_a_run_ends_and_without_it_a_person_did() -> None:
    assert Stop.ordered({"command": "stop", "ended": "curtailed", "reason": "r"}).ended == "curtailed"
    assert Stop.ordered({"command": "stop", "reason": "SIGINT"}).ended == "interrupted"
