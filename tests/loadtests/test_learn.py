"""Learning: a trace made from a scenario gives that scenario's mix, rates and burstiness back, and nothing personal."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from loadtests.cli import app
from loadtests.learning import count_trace, learn
from scenarios.errors import DeclarationError
from scenarios.loading import load_scenario
from scenarios.phase import RatePhase
from scenarios.scenario import Scenario
from tests.loadtests.declared_phases import MIX, declared, phase_text, planned, write_trace


def learned_from(folder: Path, scenario: Scenario, *, first_ns: int = 1_795_000_000_000_000_000) -> Scenario:
    """What is learned from a trace of a scenario, written and loaded as a person would."""
    write_trace(folder / "log.csv", planned(scenario), first_ns=first_ns)
    (folder / "learned.toml").write_text(learn(folder / "log.csv").toml, encoding="utf-8")
    return load_scenario(str(folder / "learned.toml"))


def curves(before: Scenario, after: Scenario, moments: int) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """Arrivals that both expect in equal parts of the time."""
    [first], [second] = before.phases, after.phases
    assert isinstance(first, RatePhase)
    assert isinstance(second, RatePhase)
    edges = np.linspace(0, min(first.length_s, second.length_s), moments + 1)
    return np.diff(first.curve.area_at_time(edges)), np.diff(second.curve.area_at_time(edges))


@pytest.mark.parametrize(
    "shape", ["constant", "ramp", "ramp_down_to_nothing", "stairs", "stairs_with_a_pause", "spike", "day"]
)
def test_mix_and_rates_come_back_within_their_noise(tmp_path: Path, shape: str) -> None:
    before = declared(phase_text(shape)).scaled(rate=60.0 if shape == "day" else 3.0, time=10.0)
    after = learned_from(tmp_path, before)
    total = len(planned(before))
    share = after.journeys["card_sale_only"] / sum(after.journeys.values())
    assert share == pytest.approx(0.35, abs=4 * (0.35 * 0.65 / total) ** 0.5)
    expected, learned = curves(before, after, 8)
    # noise of the log's own counts, and what steps of the rate blur at their edges
    assert np.abs(learned - expected).max() < 4.5 * expected.max() ** 0.5 + 0.04 * expected.max()
    assert learned.sum() == pytest.approx(
        expected.sum(), abs=5 * expected.sum() ** 0.5 + 0.02 * expected.sum()
    )
    assert after.phases[0].describe().endswith("at random (Poisson)")


def test_a_constant_rate_is_learned_as_one(tmp_path: Path) -> None:
    after = learned_from(tmp_path, declared('shape = "constant"\nrate_per_s = 50\nduration = "10m"'))
    [phase] = after.phases
    assert phase.shape == "constant"
    assert phase.peak_per_s == pytest.approx(50, abs=4 * (50 / 600) ** 0.5)
    assert phase.length_s == pytest.approx(600, abs=0.5)


@pytest.mark.parametrize(("burstiness", "burst_s"), [(4.0, 1.0), (3.0, 3.0), (12.0, 2.0)])
def test_burstiness_and_the_length_of_bursts_come_back(
    tmp_path: Path, burstiness: float, burst_s: float
) -> None:
    text = 'shape = "constant"\nrate_per_s = 30\nduration = "2h"\narrivals = "bursty"\n'
    after = learned_from(
        tmp_path, declared(text + f'burstiness = {burstiness}\nbursts_last = "{burst_s}s"', seed=8)
    )
    [phase] = after.phases
    assert isinstance(phase, RatePhase)
    assert phase.arrivals == "bursty"
    assert phase.dispersion == pytest.approx(burstiness, rel=0.25)
    assert phase.burst_s == pytest.approx(burst_s, rel=0.35)


def test_even_arrivals_are_learned_as_even(tmp_path: Path) -> None:
    text = 'shape = "constant"\nrate_per_s = 50\nduration = "10m"\narrivals = "even"'
    [phase] = learned_from(tmp_path, declared(text)).phases
    assert isinstance(phase, RatePhase)
    assert phase.arrivals == "even"


def test_more_than_a_week_gives_rates_by_hour_and_factors_by_weekday(tmp_path: Path) -> None:
    text = 'shape = "day"\narrivals_per_day = 20_000\ndate = 2027-02-03\nduration = "240h"\nbetween_hours = "steps"'
    before = declared(text)
    first = datetime(2027, 2, 3, tzinfo=UTC)
    after = learned_from(tmp_path, before, first_ns=int(first.timestamp()) * 10**9)
    [phase] = after.phases
    assert phase.shape == "day"
    assert phase.date == first.date()
    shown = np.array(phase.weekday_factors)
    declared_factors = np.array([1.15, 1.05, 1.05, 1.0, 0.95, 0.4, 0.35])
    assert shown / shown.mean() == pytest.approx(declared_factors / declared_factors.mean(), rel=0.06)
    expected, learned = curves(before, after, 240)
    assert np.abs(learned - expected).max() < 0.1 * expected.max()


def test_hours_are_those_of_the_zone_of_the_log(tmp_path: Path) -> None:
    first = datetime(2026, 11, 23, tzinfo=UTC)
    busy = [first + timedelta(days=day, hours=14, seconds=at) for day in range(2) for at in range(0, 3600, 2)]
    lines = [f"{moment.isoformat()[:19]}-05:00,card_sale" for moment in [first, *busy]]
    (tmp_path / "log.csv").write_text("\n".join(["timestamp,kind", *lines]), encoding="utf-8")
    phase = tomllib.loads(learn(tmp_path / "log.csv").toml)["phases"][0]
    rates = phase["rates_per_s"]
    assert phase["from_hour"] == 0
    assert rates[14] == pytest.approx(0.5)
    assert sum(rates) == pytest.approx(rates[14] + rates[0])


PERSONAL = ["Doe", "Jane", "4111111111111111", "1980-02-29", "W123456789", "jane@example.test"]


def personal_log(folder: Path, payers: list[str]) -> Path:
    """A log with fields that must not get anywhere."""
    first = datetime(2026, 11, 23, 8, tzinfo=UTC)
    lines = ["name,timestamp,card,kind,birth,payer,member,mail"]
    for place in range(600):
        moment = (first + timedelta(seconds=place)).isoformat()
        fields = [
            '"Doe, Jane"',
            moment,
            PERSONAL[2],
            "card_sale",
            *PERSONAL[3:4],
            payers[place % len(payers)],
        ]
        lines.append(",".join([*fields, *PERSONAL[4:]]))
    path = folder / "log.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_nothing_personal_is_copied(tmp_path: Path) -> None:
    learned = learn(personal_log(tmp_path, ["AETNA", "Jane Doe's plan", "jane@example.test", "AETNA"]))
    for text in (learned.toml, *learned.sentences):
        for personal in PERSONAL:
            assert personal not in text
    payers = tomllib.loads(learned.toml)["people"]["payers"]
    assert [payer["id"] for payer in payers] == ["AETNA", "PAYER01", "PAYER02"]
    assert [payer["share"] for payer in payers] == [300, 150, 150]
    assert any("2 were not ids" in sentence for sentence in learned.sentences)


def test_a_number_for_a_payer_is_not_that_of_another(tmp_path: Path) -> None:
    learned = learn(personal_log(tmp_path, ["PAYER01", "no id at all", "PAYER01"]))
    assert [payer["id"] for payer in tomllib.loads(learned.toml)["people"]["payers"]] == [
        "PAYER01",
        "PAYER02",
    ]


def test_hundreds_of_payers_are_kept_and_the_rest_is_one(tmp_path: Path) -> None:
    learned = learn(personal_log(tmp_path, [f"{place:03d}" for place in range(600)]))
    payers = tomllib.loads(learned.toml)["people"]["payers"]
    assert len(payers) == 501
    assert sum(payer["share"] for payer in payers) == 600
    assert payers[-1] == {"id": "PAYER01", "share": 100}


def test_too_little_or_too_long_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("timestamp,kind\n1795000000,card_sale\n1795000001,card_sale\n", encoding="utf-8")
    with pytest.raises(DeclarationError, match="2 arrivals in 1 s; needed are 100"):
        learn(path)
    path.write_text("timestamp,kind\n1795000000,card_sale\n1895000000,card_sale\n", encoding="utf-8")
    with pytest.raises(DeclarationError, match="line 3: spans more than 100 days"):
        count_trace(path)


def test_the_command_writes_a_scenario_that_loads_and_says_what_it_did(tmp_path: Path) -> None:
    log, out = personal_log(tmp_path, ["AETNA"]), tmp_path / "monday.toml"
    done = CliRunner().invoke(app, ["learn", str(log), "--out", str(out)])
    assert done.exit_code == 0, done.output
    for words in (
        "600 arrivals in 10m",
        "100.0% card_sale_only",
        "evenly spaced",
        "1 payers",
        "nothing else was copied",
    ):
        assert words in done.stderr
    scenario = load_scenario(str(out))
    assert scenario.name == "monday"
    assert scenario.journeys == {"card_sale_only": 600}
    again = CliRunner().invoke(app, ["learn", str(log), "--out", str(out)])
    assert isinstance(again.exception, DeclarationError)
    assert "stands already" in str(again.exception)


def test_without_a_file_the_scenario_goes_to_standard_output_alone(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["learn", str(personal_log(tmp_path, ["AETNA"]))])
    assert tomllib.loads(done.stdout)["name"] == "learned"


def test_a_learned_scenario_replays_like_its_log(tmp_path: Path) -> None:
    """The whole circle: scenario, trace, learned scenario, trace, learned again."""
    first = declared(phase_text("stairs"), mix=MIX).scaled(rate=3.0, time=10.0)
    second = learned_from(tmp_path, first)
    third = learned_from(tmp_path, second)
    expected, learned = curves(second, third, 6)
    assert learned == pytest.approx(expected, abs=4.5 * expected.max() ** 0.5 + 0.04 * expected.max())
