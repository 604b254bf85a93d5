"""docs/scenarios.md: every example in it loads, and what it says of defaults is so."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from loadtests.schedule import plan_arrivals
from scenarios.day_phase import CLEARINGHOUSE_DAY, DayPhase
from scenarios.follow_ups import MOST_RETRIES, FollowUps, Retries, Think, Wait
from scenarios.journeys import JOURNEY_NAMES
from scenarios.loading import load_scenario
from tests.loadtests.declared_phases import MIX, load_text

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", DOCS, flags=re.DOTALL)
HEAD = 'name = "example"\npurpose = "From the documentation."\nassurance = "smoke"\n'


@pytest.mark.parametrize("example", EXAMPLES, ids=[f"example {place}" for place, _ in enumerate(EXAMPLES, 1)])
def test_an_example_loads_and_plans_arrivals(tmp_path: Path, example: str) -> None:
    shutil.copy(ROOT / "scenarios" / "traffic" / "replay.csv", tmp_path)
    text = example if "purpose" in example else HEAD + example + MIX
    scenario = load_text(tmp_path, text)
    assert len(plan_arrivals(scenario.scaled(rate=0.1), 1)) > 10
    assert scenario.describe()


def test_every_shape_has_an_example() -> None:
    shown = set(re.findall(r'shape = "(\w+)"', DOCS))
    assert shown == {"constant", "ramp", "stairs", "spike", "day", "trace"}
    assert set(re.findall(r'arrivals = "(\w+)"', "".join(EXAMPLES))) == {"poisson", "even", "bursty"}


def test_the_table_of_factors_shows_the_defaults() -> None:
    factors = DayPhase(shape="day", arrivals_per_day=1).weekday_factors
    assert f"| {', '.join(str(factor) for factor in factors)} |" in DOCS
    assert sum(CLEARINGHOUSE_DAY) == pytest.approx(100)
    assert sum(CLEARINGHOUSE_DAY[:6]) == pytest.approx(2)
    assert f"the peak hour has {max(CLEARINGHOUSE_DAY)} %" in DOCS


def test_the_tables_of_follow_ups_show_the_defaults() -> None:
    for name, wait in Think():
        assert re.search(rf"^\| `{name}` \| .* \| {wait.describe()} \|$", DOCS, flags=re.MULTILINE), name
    for name, value in FollowUps():
        assert re.search(rf"^\| `{name}` \| .* \| {value} \|$", DOCS, flags=re.MULTILINE), name
    for name, again in Retries.model_validate({"human": {}, "system": {}, "gateway": {}}).declared.items():
        shown = f"{again.share:.1f} after {Wait.describe(again)}"
        assert re.search(rf"^\| `{name}` \| .* \| {shown}\b.*\|$", DOCS, flags=re.MULTILINE), name
    assert f"at most `most` retries ({Retries().most}, and {MOST_RETRIES} at the most)" in DOCS


def test_every_journey_is_in_the_table() -> None:
    table = DOCS.partition("| journey | steps | who |")[2].partition("```toml")[0]
    assert set(re.findall(r"`(\w+)`", table)) >= set(JOURNEY_NAMES)


def test_the_named_scenarios_are_shipped() -> None:
    for name in re.findall(
        r"`(\w+)`", DOCS.rpartition("## Shipped scenarios")[2].replace("`slagate list`", "")
    ):
        assert load_scenario(name).name == name
