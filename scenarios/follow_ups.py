"""What comes after an answer: think times, how often a step repeats, and who tries again after what went wrong.

Defaults marked [A] are assumptions, as in the rest of the traffic model: no gateway publishes its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from scenarios.amount_class import AmountClass
from scenarios.duration import Duration, duration_text
from scenarios.journeys import FOLLOW_UPS, MOST_STEPS, FollowUp, Journey
from scenarios.kinds import FIRST_CUSTOM_KIND

_strict = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, serialize_by_alias=True)
MOST_RETRIES = 3  # identifiers leave room for so many
_LONGEST_S = 86_400.0


class Wait(BaseModel):
    """From an answer to what follows it: drawn evenly from this range."""

    model_config = _strict

    least: Annotated[Duration, Field(alias="from", le=_LONGEST_S)]
    most: Annotated[Duration, Field(alias="to", le=_LONGEST_S)]

    @classmethod
    def of(cls, least: str, most: str) -> Self:
        """The range between two written durations."""
        return cls.model_validate({"from": least, "to": most})

    @model_validator(mode="after")
    def _in_order(self) -> Wait:
        if self.most < self.least:
            message = "`to` must not be below `from` (got {least} to {most})"
            found = {"least": duration_text(self.least), "most": duration_text(self.most)}
            raise PydanticCustomError("wait", message, found)
        return self

    def describe(self) -> str:
        """The range in words."""
        least, most = duration_text(self.least), duration_text(self.most)
        return least if least == most else f"{least} to {most}"


def _laid_over(written: Any, defaults: Mapping[str, Wait]) -> Any:
    """What was written, with the defaults of each table's keys that were left out."""
    if not isinstance(written, dict):
        return written
    return {
        key: {**defaults[key].model_dump(mode="json"), **value}
        if isinstance(value, dict) and key in defaults
        else value
        for key, value in written.items()
    }


class Think(BaseModel):
    """How long it takes from an answer to the next step."""

    model_config = _strict

    copay: Wait = Wait.of("30s", "3m")  # [A] the patient finds the card
    receipt: Wait = Wait.of("1s", "5s")  # [A] the desk prints it
    on_file_sale: Wait = Wait.of("5s", "30s")  # [A] a person confirms the amount
    claim_poll: Wait = Wait.of("2m", "5m")  # [A] a system's timer
    instalment: Wait = Wait.of("10s", "1m")  # [A] months, as a load test plays them
    correction: Wait = Wait.of("1m", "5m")  # [A] somebody notices

    @model_validator(mode="before")
    @classmethod
    def _keys_left_out(cls, written: Any) -> Any:
        return _laid_over(written, {name: field.default for name, field in cls.model_fields.items()})

    def of(self, name: str) -> Wait:
        """The range of this name."""
        wait: Wait = getattr(self, name)
        return wait


class FollowUps(BaseModel):
    """How often steps repeat, and what they are about."""

    model_config = _strict

    claim_polls: Annotated[int, Field(ge=1, le=MOST_STEPS)] = 3  # [A]
    instalments: Annotated[int, Field(ge=1, lt=MOST_STEPS)] = 3  # [A]
    void_share: Annotated[float, Field(ge=0, le=1)] = 0.5  # [A] of corrections; the others are refunds
    copay_amount: Literal["any", "small", "medium", "large"] = "small"  # [A] classes as in traces

    @property
    def copay_class(self) -> int:
        """The number of the copay's class of amount; 0 is any."""
        return 0 if self.copay_amount == "any" else int(AmountClass[self.copay_amount.upper()])

    def course(self, journey: int) -> tuple[FollowUp, ...]:
        """What follows the first step of a journey, repeated steps as often as they come."""
        times = {"": 1, "polls_again": self.claim_polls - 1, "instalments": self.instalments}
        steps = FOLLOW_UPS.get(Journey(journey), ()) if journey < FIRST_CUSTOM_KIND else ()
        return tuple(step for step in steps for _ in range(times[step.times]))


class Again(Wait):
    """One who tries again: with this probability, after this time."""

    share: Annotated[float, Field(ge=0, le=1)] = 1.0

    def describe(self) -> str:
        """How, in words."""
        often = "" if self.share == 1 else f"in {self.share:.0%} of cases "
        return f"{often}after {super().describe()}"


_USUAL = {
    "human": Again.of("20s", "60s").model_copy(update={"share": 0.7}),  # [A] at a front desk
    "system": Again.of("90s", "90s"),  # CAQH CORE's time for an answer
    "gateway": Again.of("0s", "1s"),  # [A] what stands before the gateway, at once
}


class Retries(BaseModel):
    """Who tries again. Nobody does unless declared; `human = {}` declares with what is usual."""

    model_config = _strict

    human: Again | None = None  # after whatever is no answer, and where the payer was not available
    system: Again | None = None  # the same, in the journeys of systems
    gateway: Again | None = None  # once, and only after a time-out or where the payer was not available
    most: Annotated[int, Field(ge=1, le=MOST_RETRIES)] = 2  # [A] of one arrival, whoever makes them
    payments: bool = False  # a payment that is sent again may be charged twice

    @model_validator(mode="before")
    @classmethod
    def _keys_left_out(cls, written: Any) -> Any:
        return _laid_over(written, _USUAL)

    @property
    def declared(self) -> dict[str, Again]:
        """Those who try again, by name."""
        return {name: who for name in ("human", "system", "gateway") if (who := getattr(self, name))}

    def describe(self) -> list[str]:
        """Who tries again, in sentences."""
        if not self.declared:
            return []
        who = "; ".join(f"{name} {again.describe()}" for name, again in self.declared.items())
        payments = "payments too" if self.payments else "payments never"
        return [
            f"Retries, at most {self.most} an arrival ({payments}): {who}. Only first attempts are judged."
        ]
