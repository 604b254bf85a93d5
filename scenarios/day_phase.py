"""A day, or part of one: rates by the hour, with factors for weekday, month and the days on which everybody asks.

The default curve and factors are assumptions, made from published proxies, since no clearinghouse publishes its own:
2 % of the volume before six, a ramp from seven to nine, a plateau till five with a dip at noon, a tail till nine in
the evening; Mondays and the first of a month are high, the first half of January is four times as high.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic_core import PydanticCustomError

from scenarios.duration import duration_text, to_microseconds
from scenarios.phase import PositiveDuration, Rate, RatePhase
from scenarios.rate_curve import Piece, RateCurve

_HOUR_S = 3600.0
_LONGEST_DAYS = 400

# [A] Per cent of a day's volume that arrives in an hour at the rate of each full hour, 0:00 to 23:00; sum 100.
CLEARINGHOUSE_DAY = (
    *(0.4, 0.3, 0.2, 0.2, 0.3, 0.6),  # 2 % before six
    *(1.5, 4.5, 8.5),
    *(10.5, 10.5, 10.0, 8.0, 9.0, 9.5, 9.0, 7.5),  # nine to five
    *(4.0, 2.0, 1.3, 0.9, 0.6, 0.4, 0.3),
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

Factor = Annotated[float, Field(ge=0, le=100)]


class DayPhase(RatePhase):
    """Rates by hour of day. `speed` plays more of the day in the time there is; the rates stay as declared."""

    shape: Literal["day"]
    arrivals_per_day: Annotated[float, Field(gt=0, le=1e10)] | None = None
    rates_per_s: Annotated[tuple[Rate, ...], Field(min_length=24, max_length=24)] | None = None
    between_hours: Literal["linear", "steps"] = "linear"
    date: dt.date | None = None
    from_hour: Annotated[float, Field(ge=0, lt=24)] = 0.0
    duration: PositiveDuration | None = None
    speed: Annotated[float, Field(gt=0, le=100_000)] = 1.0
    weekday_factors: Annotated[tuple[Factor, ...], Field(min_length=7, max_length=7)] = (
        *(1.15, 1.05, 1.05, 1.0, 0.95, 0.4, 0.35),  # [A] Monday first
    )
    month_factors: Annotated[tuple[Factor, ...], Field(min_length=12, max_length=12)] = (1.0,) * 12
    first_of_month_factor: Factor = 1.5  # [A]
    early_january_factor: Factor = 4.0  # the 1st to the 15th, when deductibles start anew

    def check(self) -> None:
        if (self.arrivals_per_day is None) == (self.rates_per_s is None):
            raise PydanticCustomError(
                "day", "needs either arrivals_per_day or rates_per_s, the 24 rates at 0:00, 1:00 ... 23:00"
            )
        if self.length_s * self.speed > _LONGEST_DAYS * 24 * _HOUR_S:
            raise PydanticCustomError(
                "day",
                "goes through more than {days} days; shorten duration or speed",
                {"days": _LONGEST_DAYS},
            )
        super().check()

    @property
    def length_s(self) -> float:
        """As declared, or till midnight."""
        if self.duration is not None:
            return self.duration
        return (24.0 - self.from_hour) * _HOUR_S / self.speed

    @property
    def hourly_rates(self) -> tuple[float, ...]:
        """Arrivals per second at each full hour of a day whose factors are all 1."""
        if self.rates_per_s is not None:
            return self.rates_per_s
        per_s = (self.arrivals_per_day or 0.0) / 100.0 / _HOUR_S
        return tuple(share * per_s for share in CLEARINGHOUSE_DAY)

    @property
    def curve(self) -> RateCurve:
        """Straight from each full hour's rate to the next one's, or steps that hold for the hour."""
        rates, left_s = self.hourly_rates, self.length_s
        pieces: list[Piece] = []
        hour, begun = int(self.from_hour), self.from_hour - int(self.from_hour)
        while left_s > 0 and len(pieces) <= _LONGEST_DAYS * 24:
            start = rates[hour % 24] * self.factor(hour // 24)
            end = start
            if self.between_hours == "linear":
                end = rates[(hour + 1) % 24] * self.factor((hour + 1) // 24)
            whole_s = _HOUR_S / self.speed
            length_s = min(whole_s * (1.0 - begun), left_s)
            ended = begun + length_s / whole_s
            pieces.append(
                Piece(
                    length_s=length_s,
                    from_per_s=start + (end - start) * begun,
                    to_per_s=start + (end - start) * min(1.0, ended),
                )
            )
            left_s, begun, hour = left_s - length_s, 0.0, hour + 1
        return RateCurve(pieces)

    def factor(self, days_on: int) -> float:
        """The factor of the date so many days after the first; 1 where no date is declared."""
        if self.date is None:
            return 1.0
        when = self.date + dt.timedelta(days=days_on)
        factor = self.weekday_factors[when.weekday()] * self.month_factors[when.month - 1]
        if when.day == 1:
            factor *= self.first_of_month_factor
        if when.month == 1 and when.day <= 15:
            factor *= self.early_january_factor
        return factor

    def scaled_keys(self, rate: float, time: float) -> dict[str, Any]:
        """A longer phase plays the same part of the day more slowly."""
        keys: dict[str, Any] = {"duration": to_microseconds(self.length_s * time), "speed": self.speed / time}
        if self.rates_per_s is not None:
            keys["rates_per_s"] = tuple(hourly * rate for hourly in self.rates_per_s)
        else:
            keys["arrivals_per_day"] = (self.arrivals_per_day or 0.0) * rate
        return keys

    def course(self) -> str:
        what = "a day" if self.date is None else f"{WEEKDAYS[self.date.weekday()]} {self.date.isoformat()}"
        parts = [f"of {what} from {int(self.from_hour)}:{round(self.from_hour % 1 * 60):02d}"]
        if self.speed != 1:
            played = duration_text(round(self.length_s * self.speed, 3))
            parts.append(f"{self.speed:g} times as fast ({played} of it, at the rates of the day)")
        if self.factor(0) != 1:
            parts.append(f"its rates times {self.factor(0):g} for the date")
        curve = self.curve
        parts.append(f"mean {curve.area / curve.length_s:.4g} and highest {curve.peak_per_s:.4g} arrivals/s")
        return ", ".join(parts)
