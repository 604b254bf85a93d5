"""Profiles and what they are made of: durations, distributions, money."""

from __future__ import annotations

import statistics
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_gateway.durations import parse_duration
from mock_gateway.errors import AmountError, SettingsError
from mock_gateway.gateway_profile import list_profiles, load_profile, parse_profile
from mock_gateway.money import format_cents, parse_cents
from mock_gateway.stations import Stations

_GOOD = """
name = "p"
[sale.service_time]
distribution = "constant"
value = "0s"
[eligibility.service_time]
distribution = "mixture"
components = [
  { weight = 0.9, time = { distribution = "constant", value = "1s" } },
  { weight = 0.1, time = { distribution = "exponential", mean = "2s" } },
]
"""


def problems_of(text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        parse_profile(text, source="p.toml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("250ms", 0.25), ("30s", 30), ("2m", 120), ("1h30m", 5400), ("2.36s", 2.36), ("0s", 0)],
)
def test_durations_are_read_as_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "30", "30 s", "-1s", "1s1m", "1m1m", "5d", "25h", 30, None, "1e3s", "٣s"], ids=repr
)
def test_what_is_not_a_duration_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"duration|24h"):
        parse_duration(text)


def test_every_shipped_profile_loads_and_is_called_by_its_file() -> None:
    assert list_profiles() == ["brownout", "instant", "mm4", "monday_peak", "steady"]
    for name in list_profiles():
        assert load_profile(name).name == name
        assert load_profile(name).purpose


def test_steady_has_the_published_quantiles() -> None:
    stations = Stations(load_profile("steady"), seed=3)
    payer, network = stations.behind("PAYER01"), stations.behind("")
    draws = sorted(stations.draw_s(payer, "eligibility") for _ in range(40_000))
    assert draws[20_000] == pytest.approx(2.4, rel=0.03)
    assert draws[38_000] == pytest.approx(6.0, rel=0.06)
    assert statistics.fmean(draw <= 10 for draw in draws) == pytest.approx(0.979, abs=0.004)
    sales = sorted(stations.draw_s(network, "sale") for _ in range(20_000))
    assert sales[10_000] == pytest.approx(0.9, rel=0.04)
    claims = sorted(stations.draw_s(payer, "claim_status") for _ in range(40_000))
    assert (claims[20_000], claims[38_000]) == (pytest.approx(1.5, rel=0.03), pytest.approx(5.0, rel=0.06))


def test_service_times_follow_the_seed_and_no_other_traffic() -> None:
    profile = load_profile("steady")
    one, two, other = (Stations(profile, seed) for seed in (5, 5, 6))

    def draw(stations: Stations, route: str, payer: str = "PAYER01") -> float:
        return stations.draw_s(stations.behind(payer), route)

    drawn = []
    for _ in range(20):
        drawn.append(draw(one, "eligibility"))
        draw(one, "claim_status")
        draw(one, "eligibility", "PAYER02")
        draw(one, "sale", "")
    assert drawn == [draw(two, "eligibility") for _ in range(20)]
    assert drawn != [draw(other, "eligibility") for _ in range(20)]


def test_a_mixture_draws_from_each_component_by_weight() -> None:
    time = parse_profile(_GOOD, source="p").eligibility.service_time
    random = Random(1)
    draws = [time.draw(random) for _ in range(20_000)]
    assert statistics.fmean(draw == 1.0 for draw in draws) == pytest.approx(0.9, abs=0.01)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "p"', "", "name: missing"),
        ('value = "0s"', "value = 3", "sale.service_time.value: write a duration as text"),
        ('value = "0s"', 'valeu = "0s"', "sale.service_time.valeu: unknown key; did you mean value?"),
        (
            '"exponential"',
            '"gamma"',
            "eligibility.service_time.components[1].time.distribution: must be one of",
        ),
        (
            'mean = "2s"',
            'mean = "0s"',
            "eligibility.service_time.components[1].time.mean: must be greater than 0",
        ),
        ("0.9", "0.8", "the weights of the components must add up to 1 (they add up to 0.9)"),
        ("", '[[faults]]\nkind = "stall"\n', "faults[0]: stall needs add"),
        ("", '[[faults]]\nkind = "reset"\nstatus = 500\n', "faults[0]: status belongs to error_status only"),
        ("", '[[faults]]\nkind = "crash"\nshare = 0.5\n', "faults[0]: crash takes only at"),
        ("", '[[faults]]\nkind = "reset"\nfro = "3s"\n', "faults[0].fro: unknown key; did you mean for?"),
        (
            "",
            '[[faults]]\nkind = "reset"\nshare = 1.5\n',
            "faults[0].share: must be less than or equal to 1 (got 1.5)",
        ),
        (
            "",
            "[eligibility.answers]\ninactive = 0.6\nrejected = 0.6\n",
            "eligibility.answers: inactive and rejected",
        ),
        ("", "[[faults]\n", "not TOML"),
    ],
)
def test_a_problem_names_its_key_and_what_would_do(old: str, new: str, said: str) -> None:
    assert said in problems_of(_GOOD.replace(old, new, 1) if old else _GOOD + new)


def test_all_problems_come_at_once() -> None:
    text = _GOOD.replace('name = "p"', "nam = 1").replace('"0s"', '"soon"') + '[[faults]]\nkind = "rest"\n'
    said = problems_of(text).splitlines()
    assert said[0] == "p.toml: 4 problems"
    assert len(said) == 5


@given(cents=st.integers(1, 10**14 - 1))
def test_money_survives_every_spelling(cents: int) -> None:
    text = format_cents(cents)
    assert parse_cents(text) == cents
    assert parse_cents(Decimal(text)) == cents


@pytest.mark.parametrize(
    "amount", [Decimal("1E+999999"), Decimal("1E-999999"), Decimal("1.001"), 10**400, 1.0]
)
def test_absurd_numbers_are_no_money(amount: object) -> None:
    with pytest.raises(AmountError):
        parse_cents(amount)
