"""How many users a plan needs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.lanes import LANES_PER_PROCESS, lanes_needed
from scenarios.errors import DeclarationError

S = 1_000_000_000


def offsets(*seconds: float) -> np.ndarray:
    return np.array([round(second * S) for second in seconds], dtype=np.int64)


@given(
    st.lists(st.integers(0, 60 * 10), min_size=1, max_size=80),
    st.sampled_from([0.1, 1.0, 10.0]),
)
def test_lanes_are_the_fullest_window_and_a_quarter(tenths: list[int], limit_s: float) -> None:
    planned = offsets(*(tenth / 10 for tenth in sorted(tenths)))
    window = round((limit_s + 2) * S)
    fullest = max(
        sum(start <= moment < start + window for moment in planned.tolist()) for start in planned.tolist()
    )
    assert lanes_needed(planned, limit_s) == math.ceil(fullest * 1.25)


@pytest.mark.parametrize(
    ("planned", "lanes"),
    [
        pytest.param(offsets(), 1, id="nothing-planned"),
        pytest.param(offsets(5), 2, id="one-arrival"),
        pytest.param(offsets(0, 12), 2, id="exactly-a-window-apart"),
        pytest.param(offsets(0, 11.999), 3, id="just-within-a-window"),
        pytest.param(offsets(*[1.0] * 8), 10, id="all-at-once"),
        pytest.param(offsets(*np.arange(0, 100, 0.025)), 600, id="40-a-second"),
    ],
)
def test_lanes_of_small_plans(planned: np.ndarray, lanes: int) -> None:
    assert lanes_needed(planned, 10.0) == lanes


def test_as_many_as_one_process_carries_are_accepted() -> None:
    assert lanes_needed(np.zeros(int(LANES_PER_PROCESS / 1.25), dtype=np.int64), 10.0) == LANES_PER_PROCESS


def test_more_than_one_process_carries_is_refused_with_the_workers_it_would_take() -> None:
    with pytest.raises(DeclarationError) as caught:
        lanes_needed(np.zeros(40_000, dtype=np.int64), 10.0)
    assert str(caught.value) == (
        "the plan: phases: needs 50000 users at once (most arrivals in 12 s, times 1.25); "
        "one process carries 20000, so it would take 3 workers"
    )
