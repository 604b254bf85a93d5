"""Plans of every shape: the same everywhere, divisible, in chunks, and as random as declared."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtests.dispersion import dispersion_factor
from loadtests.run_plan import RunPlan
from loadtests.schedule import Arrivals, Share, digest_of, iterate_arrivals, plan_arrivals
from loadtests.spacing import CHUNK_CELLS
from scenarios.loading import load_scenario, load_sla, load_target
from scenarios.phase import RatePhase
from tests.loadtests.declared_phases import SHAPES, counts_in, declared, phase_text, planned

SPACINGS = ("poisson", "even", "bursty")

# The plan of each shape with seed 5. A change here means that a seed no longer sends the traffic it sent before.
GOLDEN = {
    ("constant", "poisson"): "1fc3a258115c9c4e",
    ("constant", "even"): "ab01d19911149c28",
    ("constant", "bursty"): "1028996b32891773",
    ("ramp", "poisson"): "bce673996ee9b90a",
    ("ramp", "even"): "124d404b85335c95",
    ("ramp", "bursty"): "9c689d7b57609bc8",
    ("ramp_down_to_nothing", "poisson"): "bc50cd0ebcbff447",
    ("ramp_down_to_nothing", "even"): "b7467fd21181e028",
    ("ramp_down_to_nothing", "bursty"): "5480146955815cb1",
    ("stairs", "poisson"): "99f7b9fc5a5d88a5",
    ("stairs", "even"): "c0c34959944a3c7f",
    ("stairs", "bursty"): "6e0ec60adf9b45d2",
    ("stairs_with_a_pause", "poisson"): "c83b7892aff8e12f",
    ("stairs_with_a_pause", "even"): "e02594d0d8c97b85",
    ("stairs_with_a_pause", "bursty"): "f66db8b4663ff791",
    ("spike", "poisson"): "a9b63e36bdbfb4cc",
    ("spike", "even"): "32ba765a708761f4",
    ("spike", "bursty"): "f1ecd8dc849fe76c",
    ("day", "poisson"): "db480c40ffa22b29",
    ("day", "even"): "e894d702772f77d2",
    ("day", "bursty"): "b04733d61af3f86f",
    ("hourly_steps", "poisson"): "10d63d5d80296722",
    ("hourly_steps", "even"): "d289c96661419fc5",
    ("hourly_steps", "bursty"): "76fdd9a4c474aa28",
}


def test_the_shipped_smoke_scenario_plans_what_it_always_planned() -> None:
    smoke = load_scenario("smoke")
    assert planned(smoke).digest() == "f215768a78af2873167ec261a5fb270409c6cfdbf80c4e13888d8b451fd44ba7"


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_seed_plans_the_same_arrivals_for_ever(shape: str, spacing: str) -> None:
    assert planned(declared(phase_text(shape, spacing))).digest()[:16] == GOLDEN[shape, spacing]


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_number_is_the_expected_one_within_its_noise(shape: str, spacing: str) -> None:
    scenario = declared(phase_text(shape, spacing))
    [phase] = scenario.phases
    count, expected = len(planned(scenario)), phase.expected_arrivals
    variance = {"poisson": 1.0, "even": 0.0, "bursty": 3.0}[spacing]
    assert abs(count - expected) <= 4.5 * (variance * expected) ** 0.5 + 1


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("shape", SHAPES)
def test_arrivals_are_in_order_and_within_the_phase(shape: str, spacing: str) -> None:
    scenario = declared(phase_text(shape, spacing), phase_text("ramp"))
    offset_ns = planned(scenario).offset_ns
    assert (np.diff(offset_ns) >= 0).all()
    assert offset_ns[0] >= 0
    assert offset_ns[-1] < round(scenario.length_s * 1e9)


@pytest.mark.parametrize("shape", SHAPES)
def test_arrivals_follow_the_curve(shape: str) -> None:
    scenario = declared(phase_text(shape)).scaled(rate=50.0)
    [phase] = scenario.phases
    assert isinstance(phase, RatePhase)
    offset_s = planned(scenario).offset_ns / 1e9
    share = phase.curve.area_at_time(offset_s) / phase.curve.area  # uniform, if they do
    steps = np.arange(1, len(share) + 1) / len(share)
    assert np.abs(share - steps).max() < 1.95 / len(share) ** 0.5  # Kolmogorov-Smirnov at 0.1 %


@pytest.mark.parametrize("shape", SHAPES)
def test_even_arrivals_stand_in_the_middle_of_each_unit_of_area(shape: str) -> None:
    scenario = declared(phase_text(shape, "even"))
    [phase] = scenario.phases
    assert isinstance(phase, RatePhase)
    areas = phase.curve.area_at_time(planned(scenario).offset_ns / 1e9)
    assert areas == pytest.approx(np.arange(len(areas)) + 0.5, abs=1e-4)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(sorted(SHAPES)), st.sampled_from(SPACINGS)), min_size=1, max_size=3),
    st.integers(1, 7),
    st.integers(0, 2**63 - 1),
)
def test_shares_together_are_the_whole(phases: list[tuple[str, str]], of: int, seed: int) -> None:
    scenario = declared(*(phase_text(*phase) for phase in phases))
    whole = plan_arrivals(scenario, seed)
    root = np.concatenate([plan_arrivals(scenario, seed, Share(index=k, of=of)).root for k in range(of)])
    offset_ns = np.concatenate(
        [plan_arrivals(scenario, seed, Share(index=k, of=of)).offset_ns for k in range(of)]
    )
    journey = np.concatenate(
        [plan_arrivals(scenario, seed, Share(index=k, of=of)).journey for k in range(of)]
    )
    order = np.argsort(root)
    assert (root[order] == whole.root).all()
    assert (offset_ns[order] == whole.offset_ns).all()
    assert (journey[order] == whole.journey).all()


@pytest.mark.parametrize("spacing", SPACINGS)
def test_chunks_together_are_the_whole(spacing: str) -> None:
    scenario = declared(phase_text("ramp", spacing), phase_text("spike", spacing)).scaled(rate=150.0)
    chunks = list(iterate_arrivals(scenario, 5))
    assert len(chunks) > 5
    assert max(len(chunk) for chunk in chunks) < 4 * CHUNK_CELLS
    whole = plan_arrivals(scenario, 5)
    assert (np.concatenate([chunk.root for chunk in chunks]) == whole.root).all()
    assert all(earlier.offset_ns[-1] <= later.offset_ns[0] for earlier, later in pairwise(chunks))
    assert digest_of(chunks) == whole.digest()


def test_the_digest_sees_what_a_trace_says_and_nothing_where_none_does() -> None:
    plain = planned(declared(SHAPES["constant"]))
    said = Arrivals(
        root=plain.root,
        offset_ns=plain.offset_ns,
        journey=plain.journey,
        payer=(np.arange(len(plain)) == 7).astype(np.uint16),
    )
    assert said.digest() != plain.digest()
    halves = [
        Arrivals(
            root=said.root[part],
            offset_ns=said.offset_ns[part],
            journey=said.journey[part],
            payer=said.payer[part],
        )
        for part in (slice(0, 5), slice(5, None))
    ]
    assert digest_of(halves) == said.digest()


BURSTS = [(2.0, 1.0), (5.0, 2.0), (20.0, 0.5)]


@pytest.mark.parametrize(("burstiness", "burst_s"), BURSTS)
@pytest.mark.parametrize("seed", [1, 2])
def test_bursty_counts_have_the_declared_index_of_dispersion(
    burstiness: float, burst_s: float, seed: int
) -> None:
    scenario = declared(
        f'shape = "constant"\nrate_per_s = 50\nduration = "8000s"\narrivals = "bursty"\nburstiness = {burstiness}\n'
        f'bursts_last = "{burst_s}s"',
        seed=seed,
    )
    arrivals = planned(scenario)
    for bursts in (1, 4):  # whole bursts: exactly as declared, but for the noise of an estimate
        counts = counts_in(arrivals, bursts * burst_s, 8000.0)
        index = counts.var() / counts.mean()
        error = burstiness * (2 / len(counts) + 6 * burstiness / (len(counts) * counts.mean())) ** 0.5
        assert abs(index - burstiness) < 4 * error
    for windows in (0.25, 1.618):  # windows at any place: as the formula has it
        counts = counts_in(arrivals, windows * burst_s, 8000.0, from_s=burst_s * 0.0123)
        expected = 1 + (burstiness - 1) * float(dispersion_factor(np.array([windows]))[0])
        error = expected * (3 / len(counts) + 6 * burstiness / (len(counts) * counts.mean())) ** 0.5
        assert abs(counts.var() / counts.mean() - expected) < 4 * error


def test_poisson_counts_have_an_index_of_one() -> None:
    arrivals = planned(declared('shape = "constant"\nrate_per_s = 50\nduration = "8000s"'))
    counts = counts_in(arrivals, 1.0, 8000.0)
    assert counts.var() / counts.mean() == pytest.approx(1.0, abs=4 * (2 / 8000) ** 0.5)


def test_bursts_follow_the_curve_and_stay_in_their_blocks_of_time() -> None:
    """On a ramp, counts in whole bursts have the index declared around the mean that the curve says."""
    scenario = declared(
        'shape = "ramp"\nfrom_per_s = 0\nto_per_s = 100\nduration = "8000s"\narrivals = "bursty"\nburstiness = 4'
    )
    [phase] = scenario.phases
    assert isinstance(phase, RatePhase)
    counts = counts_in(planned(scenario), 1.0, 8000.0)
    mean = np.diff(phase.curve.area_at_time(np.arange(8001.0)))
    assert ((counts - mean) ** 2).sum() / mean.sum() == pytest.approx(4.0, rel=0.12)


@pytest.mark.parametrize("name", ["clearinghouse_monday", "reminder_spike", "replay"])
def test_the_engine_plans_what_the_command_line_planned(name: str) -> None:
    plan = RunPlan(
        scenario=load_scenario(name).scaled(rate=0.37, time=0.123),
        slas=(load_sla("instamed"),),
        target=load_target("mock"),
        seed=9,
    )
    message = json.loads(json.dumps(plan.to_message()))
    assert RunPlan.from_message(message).arrivals.digest() == plan.arrivals.digest()
    assert len(plan.arrivals) > 50
