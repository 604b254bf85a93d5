"""Scales and ticks: from numbers to places on a drawing, and round numbers to label them with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from scenarios.duration import duration_text

_TIME_STEPS_S = (
    0.1,
    0.2,
    0.5,
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    10800,
    21600,
    43200,
)
_DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearScale:
    """From [low, high] to [first, last] of the drawing; what lies outside is held at the nearer end."""

    low: float
    high: float
    first: float
    last: float

    def __call__(self, value: float) -> float:
        reach = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return self.first + min(1.0, max(0.0, reach)) * (self.last - self.first)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogScale:
    """The same for the logarithm of values more than 0."""

    low: float
    high: float
    first: float
    last: float

    def __call__(self, value: float) -> float:
        reach = log10(max(value, self.low) / self.low) / log10(self.high / self.low)
        return self.first + min(1.0, max(0.0, reach)) * (self.last - self.first)


def linear_ticks(low: float, high: float, most: int) -> list[float]:
    """At most so many multiples of 1, 2 or 5 times a power of ten that lie in [low, high]."""
    if not high > low or most < 1:
        return [low]
    exponent = floor(log10((high - low) / most))
    for step in (
        10.0**power * factor for power in (exponent, exponent + 1, exponent + 2) for factor in (1, 2, 5)
    ):
        first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
        if last - first + 1 <= most:
            return [round(place * step, 12) for place in range(first, last + 1)]
    return [low]


def log_ticks(low: float, high: float, most: int) -> list[float]:
    """Powers of ten in [low, high], with 2 and 5 times them where there is room, and fewer of them where not."""
    powers = range(floor(log10(low)) - 1, ceil(log10(high)) + 1)
    found: list[float] = []
    for factors in ((1, 2, 5), (1, 3), (1,)):
        values = [factor * 10.0**power for power in powers for factor in factors]
        found = [each for each in values if low * (1 - 1e-9) <= each <= high * (1 + 1e-9)]
        if len(found) <= most:
            return found
    return found[:: -(-len(found) // most)]


def time_ticks(length_s: float, most: int) -> list[float]:
    """At most so many round moments from 0 to `length_s`."""
    days = (_DAY_S * factor * 10**power for power in range(6) for factor in (1, 2, 5))
    step = next((each for each in (*_TIME_STEPS_S, *days) if length_s / each < most), length_s)
    return [round(place * step, 6) for place in range(floor(length_s / step + 1e-9) + 1)]


def round_down(value: float) -> float:
    """The next lower of 1, 2 and 5 times a power of ten, or the value itself."""
    power = 10.0 ** floor(log10(value))
    return next(each for each in (5 * power, 2 * power, power) if each <= value * (1 + 1e-9))


def round_up(value: float) -> float:
    """The next higher of 1, 2 and 5 times a power of ten, or the value itself."""
    power = 10.0 ** floor(log10(value))
    return next(each for each in (power, 2 * power, 5 * power, 10 * power) if each >= value * (1 - 1e-9))


def headroom(value: float) -> float:
    """A round number that leaves a little room above a value more than 0, for the end of a linear axis."""
    power = 10.0 ** floor(log10(value))
    return next(
        each * power for each in (1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12) if each * power >= value * 1.04
    )


def seconds_label(seconds: float) -> str:
    """A tick of a time scale: 200 µs, 50 ms, 10 s, 2000 s."""
    for unit, scale in (("µs", 1e-6), ("ms", 1e-3)):
        if seconds < 999.5 * scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds:.4g} s" if seconds < 10_000 else f"{seconds:,.0f} s".replace(",", " ")


def moment_label(seconds: float) -> str:
    """A tick of the time since the start: 0, 20s, 1m30s, 2h."""
    if not seconds:
        return "0"
    if seconds >= _DAY_S:
        days, rest = divmod(round(seconds), _DAY_S)
        return f"{days}d" + (duration_text(rest) if rest else "")
    return duration_text(seconds)


def percent_label(share: float) -> str:
    """A tick of a share: 90 %, 99.5 %."""
    return f"{100 * share:.4g} %"


def number_label(value: float) -> str:
    """A tick of a count or a rate: 0, 0.5, 40, 12 000."""
    return f"{value:,.0f}".replace(",", " ") if value == round(value) else f"{value:.3g}"


def apart(places: Sequence[float], least: float) -> list[int]:
    """Which of some rising places keep at least a distance from the one kept before."""
    kept: list[int] = []
    for number, place in enumerate(places):
        if not kept or abs(place - places[kept[-1]]) >= least:
            kept.append(number)
    return kept
