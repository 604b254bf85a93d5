"""Scenarios of one or more phases, written as people write them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from loadtests.schedule import Arrivals, plan_arrivals
from scenarios.journeys import STEPS, Journey
from scenarios.loading import check_scenario_text, load_scenario
from scenarios.scenario import Scenario

MIX = "[journeys]\neligibility_only = 65\ncard_sale_only = 35\n"

SHAPES = {
    "constant": 'shape = "constant"\nrate_per_s = 40\nduration = "50s"',
    "ramp": 'shape = "ramp"\nfrom_per_s = 5\nto_per_s = 60\nduration = "1m"',
    "ramp_down_to_nothing": 'shape = "ramp"\nfrom_per_s = 60\nto_per_s = 0\nduration = "1m"',
    "stairs": 'shape = "stairs"\nfrom_per_s = 10\nto_per_s = 50\nsteps = 5\nduration = "1m"',
    "stairs_with_a_pause": 'shape = "stairs"\nrates_per_s = [20, 0, 40]\nduration = "1m"',
    "spike": (
        'shape = "spike"\nbase_per_s = 10\nspike_per_s = 100\nspike_at = "20s"\nspike_lasts = "10s"\nduration = "1m"'
    ),
    "day": 'shape = "day"\ndate = 2027-01-03\narrivals_per_day = 40_000\nfrom_hour = 21.5\nspeed = 600\nduration="1m"',
    "hourly_steps": (
        'shape = "day"\nrates_per_s = [' + ", ".join(str(hour * 2) for hour in range(24)) + "]\n"
        'between_hours = "steps"\nspeed = 1440'
    ),
}


def phase_text(shape: str, arrivals: str = "poisson") -> str:
    """One of the shapes above with this spacing."""
    burst = "\nburstiness = 3.0" if arrivals == "bursty" else ""
    return f'{SHAPES[shape]}\narrivals = "{arrivals}"{burst}'


def declared(*phases: str, seed: int = 5, mix: str = MIX) -> Scenario:
    """A checked scenario of these phases, each the keys of one."""
    return check_scenario_text(scenario_text(*phases, seed=seed, mix=mix), "a test")


def scenario_text(*phases: str, seed: int = 5, mix: str = MIX) -> str:
    """The file of such a scenario."""
    head = f'name = "test"\npurpose = "For a test."\nassurance = "smoke"\nseed = {seed}\n'
    return head + "".join(f"[[phases]]\n{phase}\n" for phase in phases) + mix


def load_text(folder: Path, text: str) -> Scenario:
    """The scenario of a file with this text."""
    path = folder / "traffic.toml"
    path.write_text(text, encoding="utf-8")
    return load_scenario(str(path))


def write_trace(path: Path, arrivals: Arrivals, *, first_ns: int = 1_795_000_000_000_000_000) -> None:
    """A trace of planned arrivals, in nanoseconds since the epoch."""
    kinds = {int(journey): STEPS[journey][0].text for journey in Journey}
    stamps = (arrivals.offset_ns + first_ns).tolist()
    lines = [
        f"{stamp},{kinds[code]}\n" for stamp, code in zip(stamps, arrivals.journey.tolist(), strict=True)
    ]
    path.write_text("timestamp,kind\n" + "".join(lines), encoding="utf-8")


def planned(scenario: Scenario) -> Arrivals:
    """The plan with the scenario's own seed."""
    return plan_arrivals(scenario, scenario.seed)


def counts_in(arrivals: Arrivals, window_s: float, length_s: float, *, from_s: float = 0.0) -> np.ndarray:  # type: ignore[type-arg]
    """Arrivals in windows one after another."""
    edges = np.arange(from_s, length_s + 1e-9, window_s) * 1e9
    return np.diff(np.searchsorted(arrivals.offset_ns, edges))
