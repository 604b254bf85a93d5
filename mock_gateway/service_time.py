"""How long the systems behind the gateway take: declared distributions and their draws in seconds."""

from __future__ import annotations

import math
from random import Random
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mock_gateway.durations import Duration, PositiveDuration

_STRICT = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


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
    """exp(N(ln median, sigma²)): half of the draws are below `median`, `sigma` spreads their logarithm."""

    model_config = _STRICT
    distribution: Literal["lognormal"]
    median: PositiveDuration
    sigma: Annotated[float, Field(ge=0, le=3)]

    def draw(self, random: Random) -> float:
        return random.lognormvariate(math.log(self.median), self.sigma)


SimpleTime = Annotated[Constant | Exponential | Lognormal, Field(discriminator="distribution")]


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


ServiceTime = Annotated[Constant | Exponential | Lognormal | Mixture, Field(discriminator="distribution")]
