"""What every phase with a declared rate has in common: how its arrivals are spaced around the rate curve."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from scenarios.duration import Duration, duration_text
from scenarios.rate_curve import RateCurve

MOST_ARRIVALS = 2**32  # of one phase; the address space of its random bits
BURSTS_LAST_S = 1.0

Rate = Annotated[float, Field(ge=0, le=1_000_000)]
PositiveRate = Annotated[float, Field(gt=0, le=1_000_000)]
PositiveDuration = Annotated[Duration, Field(gt=0)]


class RatePhase(BaseModel):
    """A phase that is a rate curve. Each shape adds its keys, its `curve` and its words."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    arrivals: Literal["poisson", "even", "bursty"] = "poisson"
    burstiness: Annotated[float, Field(gt=1, le=1000)] | None = None  # index of dispersion of counts
    bursts_last: PositiveDuration | None = None

    @property
    def curve(self) -> RateCurve:
        """The rate over the phase's time."""
        raise NotImplementedError

    @property
    def length_s(self) -> float:
        """Seconds from the phase's first moment to its end."""
        raise NotImplementedError

    @property
    def expected_arrivals(self) -> float:
        """Area under the rate curve."""
        return self.curve.area

    @property
    def peak_per_s(self) -> float:
        """Highest rate of the phase."""
        return self.curve.peak_per_s

    @property
    def dispersion(self) -> float:
        """Variance of counts over their mean, in windows of whole bursts: 1 for Poisson."""
        return self.burstiness or 1.0

    @property
    def burst_s(self) -> float:
        """Within which time the arrivals of one burst fall."""
        return self.bursts_last or BURSTS_LAST_S

    def scaled(self, *, rate: float, time: float) -> Self:
        """The same phase with every rate and its length multiplied; bursts last as long as before."""
        return self.model_copy(update=self.scaled_keys(rate, time))

    def scaled_keys(self, rate: float, time: float) -> dict[str, Any]:
        """The keys that `scaled` changes."""
        raise NotImplementedError

    def describe(self) -> str:
        """The phase in words."""
        return f"{duration_text(round(self.length_s, 9))} {self.course()}, {self._spacing()}"

    def course(self) -> str:
        """The rate curve in words."""
        raise NotImplementedError

    def _spacing(self) -> str:
        if self.arrivals == "bursty":
            return (
                f"in bursts of {duration_text(self.burst_s)} (counts vary {self.dispersion:g} times as much as "
                "Poisson counts)"
            )
        return "at random (Poisson)" if self.arrivals == "poisson" else "evenly spaced"

    def check(self) -> None:
        """Raise PydanticCustomError where keys contradict each other; shapes add to it."""
        if self.arrivals == "bursty" and self.burstiness is None:
            raise PydanticCustomError(
                "burstiness",
                'arrivals = "bursty" needs burstiness, a number above 1 (2.0: counts vary twice as much as Poisson\'s)',
            )
        given = [key for key in ("burstiness", "bursts_last") if getattr(self, key) is not None]
        if self.arrivals != "bursty" and given:
            raise PydanticCustomError(
                "burstiness", '{keys} needs arrivals = "bursty"', {"keys": " and ".join(given)}
            )

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        self.check()
        if not self.expected_arrivals > 0:
            raise PydanticCustomError("rate", "no arrival is expected; at least one rate must be more than 0")
        if self.expected_arrivals >= MOST_ARRIVALS:
            raise PydanticCustomError(
                "rate",
                "plans {count} arrivals; one phase holds at most 4.2 billion",
                {"count": f"{self.expected_arrivals:.3g}"},
            )
        return self
