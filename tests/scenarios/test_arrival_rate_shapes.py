"""Shapes of arrival rate: areas against numerical integration, scaling, words, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.duration import duration_text, parse_duration, to_microseconds
from scenarios.errors import DeclarationError
from scenarios.loading import check_scenario_text, load_scenario, shipped_names
from scenarios.phase import RatePhase
from scenarios.rate_curve import Piece, RateCurve
from scenarios.scenario import Scenario
from tests.loadtests.declared_phases import SHAPES, declared, scenario_text

RATES = st.one_of(st.just(0.0), st.floats(1e-3, 1e5))
PIECES = st.lists(
    st.builds(
        lambda length_s, start, end: Piece(length_s=length_s, from_per_s=start, to_per_s=end),
        st.floats(1e-3, 1e5),
        RATES,
        RATES,
    ),
    min_size=1,
    max_size=8,
).filter(lambda pieces: sum(piece.area for piece in pieces) > 0)


def rate_phase(shape: str) -> RatePhase:
    [phase] = declared(SHAPES[shape]).phases
    assert isinstance(phase, RatePhase)
    return phase


@pytest.mark.parametrize("shape", SHAPES)
def test_the_expected_number_is_the_integral_of_the_rate(shape: str) -> None:
    curve = rate_phase(shape).curve
    moments = (np.arange(2_000_000) + 0.5) / 2_000_000 * curve.length_s
    summed = curve.rate_at_time(moments).mean() * curve.length_s
    assert curve.area == pytest.approx(summed, rel=1e-5)
    half = curve.rate_at_time(moments[:1_000_000]).mean() * curve.length_s / 2
    assert curve.area_at_time(np.array([curve.length_s / 2]))[0] == pytest.approx(half, rel=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_phase_lasts_and_peaks_as_declared(shape: str) -> None:
    phase = rate_phase(shape)
    assert phase.curve.length_s == pytest.approx(phase.length_s, rel=1e-12)
    moments = np.linspace(0, phase.length_s, 100_001)[:-1]
    assert phase.curve.rate_at_time(moments).max() <= phase.peak_per_s * (1 + 1e-12)
    assert phase.curve.rate_at_time(moments).max() >= phase.peak_per_s * 0.99


@given(PIECES, st.floats(0, 1))
def test_time_at_area_inverts_area_at_time(pieces: list[Piece], part: float) -> None:
    curve = RateCurve(pieces)
    area = np.array([part * curve.area])
    moment = curve.time_at_area(area)
    assert 0 <= moment[0] <= curve.length_s * (1 + 1e-12)
    assert curve.area_at_time(moment)[0] == pytest.approx(area[0], rel=1e-6, abs=curve.area * 1e-9)


@given(PIECES)
def test_later_arrivals_have_later_moments(pieces: list[Piece]) -> None:
    curve = RateCurve(pieces)
    moments = curve.time_at_area(np.linspace(0, curve.area, 1000))
    assert (np.diff(moments) >= -1e-9 * curve.length_s).all()


@given(st.floats(1e-3, 1e5), st.floats(1e-3, 1e5))
def test_at_one_rate_the_closed_form_is_the_quotient_to_the_last_bit(rate: float, length_s: float) -> None:
    curve = RateCurve([Piece(length_s=length_s, from_per_s=rate, to_per_s=rate)])
    area = np.linspace(0, curve.area, 100)
    assert (curve.time_at_area(area) == np.minimum(area / rate, length_s)).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_scaling_multiplies_rates_and_length_and_keeps_the_form(shape: str) -> None:
    phase = rate_phase(shape)
    scaled = phase.scaled(rate=3.0, time=0.5)
    assert scaled.peak_per_s == pytest.approx(3 * phase.peak_per_s)
    assert scaled.length_s == pytest.approx(phase.length_s / 2)
    assert scaled.expected_arrivals == pytest.approx(1.5 * phase.expected_arrivals)
    moments = np.linspace(0.01, 0.99, 50)
    before = phase.curve.rate_at_time(moments * phase.length_s)
    assert scaled.curve.rate_at_time(moments * scaled.length_s) == pytest.approx(3 * before, rel=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_scenario_survives_being_written_as_json_even_when_scaled(shape: str) -> None:
    scenario = declared(SHAPES[shape]).scaled(rate=1.7, time=1 / 3)
    assert Scenario.model_validate(scenario.model_dump(mode="json")) == scenario


@given(st.floats(1e-6, 1e7))
def test_a_rounded_duration_stays_the_same_as_text(seconds: float) -> None:
    rounded = to_microseconds(seconds)
    assert parse_duration(duration_text(rounded)) == rounded


def test_the_clearinghouse_day_has_its_volume_whatever_the_interpolation() -> None:
    for between in ("linear", "steps"):
        text = f'shape = "day"\narrivals_per_day = 86400\nbetween_hours = "{between}"'
        assert declared(text).phases[0].expected_arrivals == pytest.approx(86400, rel=2e-3)


def test_the_factors_of_the_date_multiply_and_change_at_midnight() -> None:
    text = (
        'shape = "day"\nrates_per_s = [' + ", ".join(["1"] * 24) + ']\nbetween_hours = "steps"\n'
        "weekday_factors = [2, 1, 1, 1, 1, 1, 0.5]\nmonth_factors = [3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
        'date = 2027-01-31\nfrom_hour = 23\nduration = "2h"'
    )
    [phase] = declared(text).phases  # Sunday in January, then Monday, the first of February
    assert isinstance(phase, RatePhase)
    seen = phase.curve.rate_at_time(np.array([0.0, 3599.0, 3601.0, 7199.0]))
    assert seen.tolist() == pytest.approx([0.5 * 3, 0.5 * 3, 2 * 1.5, 2 * 1.5])


def test_early_january_is_four_times_as_high_by_default() -> None:
    rates = []
    for date in ("2027-01-13", "2027-01-20"):
        rates.append(declared(f'shape = "day"\narrivals_per_day = 1000\ndate = {date}').phases[0].peak_per_s)
    assert rates[0] == pytest.approx(4 * rates[1])


def test_speed_plays_more_of_the_day_at_the_rates_of_the_day() -> None:
    slow, fast = (
        declared(f'shape = "day"\narrivals_per_day = 86400\nspeed = {speed}').phases[0] for speed in (1, 24)
    )
    assert fast.length_s == pytest.approx(3600)
    assert fast.peak_per_s == slow.peak_per_s
    assert fast.expected_arrivals == pytest.approx(slow.expected_arrivals / 24)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ("constant", "50s at 40 arrivals/s, at random (Poisson)"),
        ("ramp", "1m from 5 to 60 arrivals/s in a straight line, at random (Poisson)"),
        ("stairs", "1m in 5 steps of 12s from 10 to 50 arrivals/s, at random (Poisson)"),
        ("spike", "1m at 10 arrivals/s, but 100/s for 10s from 20s on, at random (Poisson)"),
        ("hourly_steps", "1m of a day from 0:00, 1440 times as fast (24h of it, at the rates of the day)"),
    ],
    ids=lambda value: value.split()[0],
)
def test_a_phase_describes_itself(shape: str, words: str) -> None:
    assert rate_phase(shape).describe().startswith(words)


def test_bursts_are_described_with_their_length() -> None:
    text = SHAPES["constant"] + '\narrivals = "bursty"\nburstiness = 2.5\nbursts_last = "3s"'
    assert (
        declared(text)
        .phases[0]
        .describe()
        .endswith("in bursts of 3s (counts vary 2.5 times as much as Poisson counts)")
    )


@pytest.mark.parametrize("name", shipped_names("traffic"))
def test_every_shipped_scenario_loads_and_describes_itself(name: str) -> None:
    scenario = load_scenario(name)
    assert scenario.name == name
    assert all(scenario.describe())


REFUSED = {
    "a negative rate": (
        "shape = 'ramp'\nfrom_per_s = -1\nto_per_s = 5\nduration = '1m'",
        "phases[0].from_per_s: must be 0 or more (got -1)",
    ),
    "a key of another shape": (
        "shape = 'constant'\nrate_per_s = 1\nsteps = 3\nduration = '1m'",
        "phases[0].steps: unknown key; known: ",
    ),
    "a misspelt key": (
        "shape = 'ramp'\nfrom_pers = 1\nfrom_per_s = 1\nto_per_s = 2\nduration = '1m'",
        "phases[0].from_pers: unknown key; did you mean from_per_s?",
    ),
    "a misspelt shape": (
        "shape = 'stair'\nduration = '1m'",
        'phases[0].shape: unknown; did you mean stairs? (got "stair")',
    ),
    "no shape": (
        "duration = '1m'",
        "phases[0].shape: is required; one of constant, ramp, stairs, spike, day, trace",
    ),
    "no arrival at all": (
        "shape = 'ramp'\nfrom_per_s = 0\nto_per_s = 0\nduration = '1m'",
        "phases[0]: no arrival is expected",
    ),
    "half of stairs": (
        "shape = 'stairs'\nfrom_per_s = 1\nduration = '1m'",
        "phases[0]: needs from_per_s, to_per_s and steps",
    ),
    "stairs in two ways": (
        "shape = 'stairs'\nsteps = 2\nrates_per_s = [1, 2]\nduration = '1m'",
        "phases[0]: needs from_per_s, to_per_s and steps",
    ),
    "a spike beyond the end": (
        "shape = 'spike'\nbase_per_s = 1\nspike_per_s = 2\nspike_at = '50s'\nspike_lasts = '20s'\nduration = '1m'",
        "phases[0]: the spike ends after 1m10s",
    ),
    "bursts without burstiness": (
        "shape = 'constant'\nrate_per_s = 1\nduration = '1m'\narrivals = 'bursty'",
        'phases[0]: arrivals = "bursty" needs burstiness',
    ),
    "burstiness of Poisson": (
        "shape = 'constant'\nrate_per_s = 1\nduration = '1m'\nburstiness = 2",
        'phases[0]: burstiness needs arrivals = "bursty"',
    ),
    "burstiness of 1": (
        "shape = 'constant'\nrate_per_s = 1\nduration = '1m'\narrivals = 'bursty'\nburstiness = 1",
        "phases[0].burstiness: must be more than 1 (got 1)",
    ),
    "23 hours": (
        f"shape = 'day'\nrates_per_s = {[1] * 23}",
        "phases[0].rates_per_s: needs at least 24 item(s)",
    ),
    "25 hours": (
        f"shape = 'day'\nrates_per_s = {[1] * 25}",
        "phases[0].rates_per_s: must have at most 24 item(s)",
    ),
    "a day without rates": ("shape = 'day'", "phases[0]: needs either arrivals_per_day or rates_per_s"),
    "a date that is none": (
        "shape = 'day'\narrivals_per_day = 1000\ndate = '2027-02-30'",
        "phases[0].date: must be a date, as in 2027-01-04",
    ),
    "years of days": (
        "shape = 'day'\narrivals_per_day = 1000\nspeed = 1000\nduration = '24h'",
        "phases[0]: goes through more than 400 days",
    ),
    "more than can be numbered": (
        "shape = 'constant'\nrate_per_s = 1000000\nduration = '9999s'",
        "phases[0]: plans 1e+10 arrivals",
    ),
    "facts of a trace by hand": ("shape = 'trace'\nfile = 'x.csv'\nfound = 1", "phases[0].found"),
}


@pytest.mark.parametrize(("phase", "message"), REFUSED.values(), ids=REFUSED)
def test_what_makes_no_sense_is_refused_at_its_key(phase: str, message: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        declared(phase)
    assert any(str(problem).startswith(message) for problem in caught.value.problems), str(caught.value)


def test_problems_of_several_phases_are_told_together() -> None:
    phases = [REFUSED["a negative rate"][0], REFUSED["a misspelt shape"][0], REFUSED["burstiness of 1"][0]]
    with pytest.raises(DeclarationError) as caught:
        check_scenario_text(scenario_text(*phases, mix="[journeys]\ncard_sale = 1\n"), "a test")
    where = [problem.where for problem in caught.value.problems]
    assert where == ["phases[0].from_per_s", "phases[1].shape", "phases[2].burstiness", "journeys.card_sale"]


def test_only_traces_can_do_without_a_mix() -> None:
    with pytest.raises(DeclarationError, match="journeys: is required"):
        declared(SHAPES["constant"], mix="")
