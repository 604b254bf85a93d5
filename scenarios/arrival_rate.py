"""The shapes of arrival rate over time that a phase can have.

constant ______     ramp   /     stairs    __     spike    _       day    __ __       trace  | || |  ||
                         /               __                | |          _/  V  \\_            as recorded
                       /               __               ___| |___      /         \\__
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic_core import PydanticCustomError

from scenarios.day_phase import DayPhase
from scenarios.duration import Duration, duration_text, to_microseconds
from scenarios.phase import PositiveDuration, PositiveRate, Rate, RatePhase
from scenarios.rate_curve import Piece, RateCurve, flat
from scenarios.trace_phase import TracePhase


class ConstantPhase(RatePhase):
    """Arrivals at one rate for a while."""

    shape: Literal["constant"]
    rate_per_s: PositiveRate
    duration: PositiveDuration

    @property
    def length_s(self) -> float:
        return self.duration

    @property
    def curve(self) -> RateCurve:
        return RateCurve([flat(self.duration, self.rate_per_s)])

    def scaled_keys(self, rate: float, time: float) -> dict[str, Any]:
        return {"rate_per_s": self.rate_per_s * rate, "duration": to_microseconds(self.duration * time)}

    def course(self) -> str:
        return f"at {self.rate_per_s:g} arrivals/s"


class RampPhase(RatePhase):
    """A straight line from one rate to another."""

    shape: Literal["ramp"]
    from_per_s: Rate
    to_per_s: Rate
    duration: PositiveDuration

    @property
    def length_s(self) -> float:
        return self.duration

    @property
    def curve(self) -> RateCurve:
        return RateCurve([Piece(length_s=self.duration, from_per_s=self.from_per_s, to_per_s=self.to_per_s)])

    def scaled_keys(self, rate: float, time: float) -> dict[str, Any]:
        return {
            "from_per_s": self.from_per_s * rate,
            "to_per_s": self.to_per_s * rate,
            "duration": to_microseconds(self.duration * time),
        }

    def course(self) -> str:
        return f"from {self.from_per_s:g} to {self.to_per_s:g} arrivals/s in a straight line"


class StairsPhase(RatePhase):
    """Steps of equal length: `steps` of them from one rate to another, or one for each of `rates_per_s`."""

    shape: Literal["stairs"]
    from_per_s: Rate | None = None
    to_per_s: Rate | None = None
    steps: Annotated[int, Field(ge=2, le=1000)] | None = None
    rates_per_s: Annotated[tuple[Rate, ...], Field(min_length=2, max_length=1000)] | None = None
    duration: PositiveDuration

    def check(self) -> None:
        ends = [key for key in ("from_per_s", "to_per_s", "steps") if getattr(self, key) is not None]
        if len(ends) != (0 if self.rates_per_s is not None else 3):
            raise PydanticCustomError(
                "stairs",
                "needs from_per_s, to_per_s and steps, or in their place rates_per_s, one rate a step",
            )
        super().check()

    @property
    def length_s(self) -> float:
        return self.duration

    @property
    def step_rates(self) -> tuple[float, ...]:
        """The rate of each step."""
        if self.rates_per_s is not None:
            return self.rates_per_s
        low, high, steps = self.from_per_s or 0.0, self.to_per_s or 0.0, self.steps or 2
        return tuple(low + (high - low) * step / (steps - 1) for step in range(steps))

    @property
    def curve(self) -> RateCurve:
        rates = self.step_rates
        return RateCurve([flat(self.duration / len(rates), rate) for rate in rates])

    def scaled_keys(self, rate: float, time: float) -> dict[str, Any]:
        keys: dict[str, Any] = {"duration": to_microseconds(self.duration * time)}
        if self.rates_per_s is not None:
            keys["rates_per_s"] = tuple(step * rate for step in self.rates_per_s)
        else:
            keys["from_per_s"], keys["to_per_s"] = (self.from_per_s or 0) * rate, (self.to_per_s or 0) * rate
        return keys

    def course(self) -> str:
        rates = self.step_rates
        each = duration_text(round(self.duration / len(rates), 3))
        return f"in {len(rates)} steps of {each} from {rates[0]:g} to {rates[-1]:g} arrivals/s" + (
            f" (highest {max(rates):g})" if max(rates) > max(rates[0], rates[-1]) else ""
        )


class SpikePhase(RatePhase):
    """A base rate, and for a while another one."""

    shape: Literal["spike"]
    base_per_s: Rate
    spike_per_s: PositiveRate
    spike_at: Duration
    spike_lasts: PositiveDuration
    duration: PositiveDuration

    def check(self) -> None:
        if self.spike_at + self.spike_lasts > self.duration:
            raise PydanticCustomError(
                "spike",
                "the spike ends after {end}, the phase after {duration}; lengthen duration or let it start earlier",
                {
                    "end": duration_text(self.spike_at + self.spike_lasts),
                    "duration": duration_text(self.duration),
                },
            )
        super().check()

    @property
    def length_s(self) -> float:
        return self.duration

    @property
    def curve(self) -> RateCurve:
        after_s = max(0.0, self.duration - self.spike_at - self.spike_lasts)
        return RateCurve(
            [
                flat(self.spike_at, self.base_per_s),
                flat(self.spike_lasts, self.spike_per_s),
                flat(after_s, self.base_per_s),
            ]
        )

    def scaled_keys(self, rate: float, time: float) -> dict[str, Any]:
        return {
            "base_per_s": self.base_per_s * rate,
            "spike_per_s": self.spike_per_s * rate,
            "spike_at": to_microseconds(self.spike_at * time),
            "spike_lasts": to_microseconds(self.spike_lasts * time),
            "duration": to_microseconds(self.duration * time),
        }

    def course(self) -> str:
        return (
            f"at {self.base_per_s:g} arrivals/s, but {self.spike_per_s:g}/s for {duration_text(self.spike_lasts)} "
            f"from {duration_text(self.spike_at)} on"
        )


Phase = Annotated[
    ConstantPhase | RampPhase | StairsPhase | SpikePhase | DayPhase | TracePhase, Field(discriminator="shape")
]
