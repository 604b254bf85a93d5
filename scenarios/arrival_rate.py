"""Arrival rate over time, one phase after another, and its area: how many arrivals are expected by a moment.

rate_per_s
  |        ________
  |       |        |
  |_______|        |____      area under the curve from a phase's start to t
  +---------------------> t   = expected arrivals in that time
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from scenarios.duration import Duration, duration_text


class ConstantPhase(BaseModel):
    """Arrivals at one rate for a while."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    shape: Literal["constant"]
    rate_per_s: Annotated[float, Field(gt=0, le=1_000_000)]
    duration: Annotated[Duration, Field(gt=0)]
    arrivals: Literal["poisson", "even"] = "poisson"

    @property
    def expected_arrivals(self) -> float:
        """Area under the rate curve."""
        return self.rate_per_s * self.duration

    @property
    def peak_per_s(self) -> float:
        """Highest rate of the phase."""
        return self.rate_per_s

    def scaled(self, *, rate: float, time: float) -> ConstantPhase:
        """The same phase with rate and length multiplied; the length to whole microseconds, as files have it."""
        duration = round(self.duration * time, 6)
        return self.model_copy(update={"rate_per_s": self.rate_per_s * rate, "duration": duration})

    def describe(self) -> str:
        """The phase in words."""
        spacing = "at random (Poisson)" if self.arrivals == "poisson" else "evenly spaced"
        return f"{duration_text(self.duration)} at {self.rate_per_s:g} arrivals/s, {spacing}"


Phase = ConstantPhase
