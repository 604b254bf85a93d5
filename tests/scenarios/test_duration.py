"""Durations: read as people write them, written as they would read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.duration import duration_text, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90.0),
        ("1h30m", 5400.0),
        ("250ms", 0.25),
        ("1.5m", 90.0),
        ("10m", 600.0),
        (" 2s ", 2.0),
        ("0s", 0.0),
        ("28d", 2_419_200.0),
    ],
)
def test_a_duration_is_read_as_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["10 mins", "10", "", "  ", "s", "1:30", "inf", "nan", "1e5s", "99999999999h", "ten minutes"]
)
def test_what_is_no_duration_is_refused_with_what_would_do(text: str) -> None:
    with pytest.raises(ValueError, match=r"^unknown unit or form; write 10m, 90s or 1h30m$"):
        parse_duration(text)


@pytest.mark.parametrize("value", [90, 1.5, None, True, ["1s"]], ids=repr)
def test_a_bare_number_is_refused_because_its_unit_is_a_guess(value: object) -> None:
    with pytest.raises(ValueError, match=r"^a duration needs its unit; write 10m, 90s or 1h30m$"):
        parse_duration(value)


def test_a_negative_duration_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^must not be negative$"):
        parse_duration("-5s")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0s"),
        (90.0, "1m30s"),
        (0.25, "250ms"),
        (3600.0, "1h"),
        (90_000.0, "25h"),
        (3661.5, "1h1m1s500ms"),
    ],
)
def test_seconds_are_written_as_one_would_write_them(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@given(st.integers(min_value=0, max_value=400 * 86_400 * 1_000_000))
def test_what_is_written_reads_back_the_same_to_the_microsecond(microseconds: int) -> None:
    seconds = microseconds / 1e6
    assert parse_duration(duration_text(seconds)) == pytest.approx(seconds, abs=1e-7)
