"""How long the systems behind the gateway take: declared distributions and their draws in seconds."""

from __future__ import annotations

import math
from random import Random
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mock_gateway.durations import Duration, PositiveDuration

_STRICT = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)
_SIGMA_MAX = 3.0
_Z95 = 1.6448536269514722


class Constant(BaseModel):
    """Always `value`."""

    model_config = _STRICT
    distribution: Literal["constant"]
    value: Duration

    def draw(self, _random: Random) -> float:
        return self.value


class Exponential(BaseModel):
    """Exponential with the given mean."""

    model_config = _STRICT
    distribution: Literal["exponential"]
    mean: PositiveDuration

    def draw(self, random: Random) -> float:
        return random.expovariate(1.0 / self.mean)


class Lognormal(BaseModel):
    """exp(N(ln median, sigma²)), by `median` and `sigma`, by `mean` and `median`, or by `p50` and `p95`.

    mean = median · exp(sigma²/2) and p95 = p50 · exp(1.6449 sigma) give sigma.
    """

    model_config = _STRICT
    distribution: Literal["lognormal"]
    median: PositiveDuration | None = None
    sigma: Annotated[float, Field(ge=0, le=_SIGMA_MAX)] | None = None
    mean: PositiveDuration | None = None
    p50: PositiveDuration | None = None
    p95: PositiveDuration | None = None

    @model_validator(mode="after")
    def _is_declared_one_way(self) -> Self:
        given = self.model_fields_set - {"distribution"}
        if given not in ({"median", "sigma"}, {"mean", "median"}, {"p50", "p95"}):
            raise ValueError("lognormal takes median and sigma, mean and median, or p50 and p95")
        smaller, larger = (self.p50, self.p95) if self.p50 else (self.median, self.mean)
        if smaller and larger and smaller > larger:
            raise ValueError("the median of a lognormal lies below its mean and its p95")
        if self.shape[1] > _SIGMA_MAX:
            raise ValueError(f"spreads too far: sigma would be {self.shape[1]:.2f}, more than {_SIGMA_MAX:g}")
        return self

    @property
    def shape(self) -> tuple[float, float]:
        """ln(median) and sigma."""
        middle = self.median or self.p50 or 1.0
        if self.sigma is not None:
            return math.log(middle), self.sigma
        if self.p95 is not None:
            return math.log(middle), math.log(self.p95 / middle) / _Z95
        return math.log(middle), math.sqrt(2 * math.log((self.mean or middle) / middle))

    def draw(self, random: Random) -> float:
        return random.lognormvariate(*self.shape)


class Empirical(BaseModel):
    """Each draw is one of `values`, all equally likely: a measured sample, replayed."""

    model_config = _STRICT
    distribution: Literal["empirical"]
    values: Annotated[tuple[Duration, ...], Field(strict=False, min_length=1, max_length=100_000)]

    def draw(self, random: Random) -> float:
        return random.choice(self.values)


SimpleTime = Annotated[Constant | Exponential | Lognormal | Empirical, Field(discriminator="distribution")]


class Component(BaseModel):
    """One part of a mixture: taken with probability `weight`."""

    model_config = _STRICT
    weight: Annotated[float, Field(gt=0, le=1)]
    time: SimpleTime


class Mixture(BaseModel):
    """Each draw comes from one component, chosen by weight. A slow component gives the long tail."""

    model_config = _STRICT
    distribution: Literal["mixture"]
    components: Annotated[tuple[Component, ...], Field(strict=False)]

    @model_validator(mode="after")
    def _weights_add_up(self) -> Self:
        # Here and not as a length of the field, which would also complain when a component is wrong.
        if not self.components:
            raise ValueError("components must not be empty")
        total = math.fsum(part.weight for part in self.components)
        if abs(total - 1.0) > 1e-6:
            raise ValueError(f"the weights of the components must add up to 1 (they add up to {total:g})")
        return self

    def draw(self, random: Random) -> float:
        left = random.random()
        for part in self.components[:-1]:
            left -= part.weight
            if left < 0:
                return part.time.draw(random)
        return self.components[-1].time.draw(random)


ServiceTime = Annotated[
    Constant | Exponential | Lognormal | Empirical | Mixture, Field(discriminator="distribution")
]
