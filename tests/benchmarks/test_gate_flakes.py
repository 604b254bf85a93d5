"""The soak of gate runs measures the scenario that is shipped, and says plainly when too many do not PASS."""

from __future__ import annotations

from scenarios.loading import load_scenario
from tests.benchmarks.gate_flakes import LENGTH_S, SCALE, WARM_UP_S, counts_text


def test_the_scaled_run_is_the_shipped_gate_in_a_sixth_of_its_time() -> None:
    gate = load_scenario("gate")
    assert (gate.length_s, gate.warm_up) == (LENGTH_S, WARM_UP_S)
    assert (LENGTH_S / SCALE, WARM_UP_S / SCALE) == (45, 5)


def test_one_of_a_hundred_may_do_otherwise_and_two_may_not() -> None:
    assert counts_text([0] * 99 + [3]).endswith(
        "99 with exit code 0, 1 with exit code 3 (at least 99% with 0: ok)"
    )
    assert counts_text([0] * 98 + [3, 4]).endswith("(at least 99% with 0: BELOW)")
