"""How often the payers answer what: declared shares of members and claims, and the size of a 271."""

from __future__ import annotations

import math
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = Annotated[float, Field(ge=0, le=1)]

PAYER_LOOP, PROVIDER_LOOP, SUBSCRIBER_LOOP, DEPENDENT_LOOP = "2100A", "2100B", "2100C", "2100D"


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


# AAA03 by the loop that it may stand in, as the 5010 map has it. A code is meant for the first loop that
# has it unless the loop is written in front of it.
AAA_CODES = {
    PAYER_LOOP: _codes("04 41 42 79 80 T4"),
    PROVIDER_LOOP: _codes("15 41 43 44 45 46 47 48 50 51 79 97 T4"),
    SUBSCRIBER_LOOP: _codes("15 35 42 43 45 47 48 49 51 52 56 57 58 60 61 62 63 71 72 73 74 75 76 78"),
    DEPENDENT_LOOP: _codes("15 35 42 43 45 47 48 49 51 52 56 57 58 60 61 62 63 64 65 66 67 68 71 77"),
}
# What is declared for the subscriber is written at the dependent where one is asked about and the code fits.
_DECLARABLE = (PAYER_LOOP, PROVIDER_LOOP, SUBSCRIBER_LOOP)
# At the payer these mean that nothing was looked up: the payer cannot answer now.
PAYER_SIDE_CODES = ("42", "80")
_SUGGESTED = "71, 72, 73, 75, 42, 80, 2100B:43"


class Declared(BaseModel):
    """What every table of a profile has in common."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


def place_rejection(declared: str) -> tuple[str, str]:
    """Loop and AAA03 of "75" or "2100B:43"; ("", code) if the code has no place there."""
    loop, _, code = declared.rpartition(":")
    if loop:
        return (loop if loop in _DECLARABLE and code in AAA_CODES[loop] else "", code)
    for usual in _DECLARABLE:
        if code in AAA_CODES[usual]:
            return usual, code
    return "", code


class BenefitCount(Declared):
    """How many benefit segments an active member's 271 has: lognormal with this median, cut at the ends."""

    least: Annotated[int, Field(ge=1, le=200)] = 4
    most: Annotated[int, Field(ge=1, le=200)] = 200
    median: Annotated[int, Field(ge=1, le=200)] = 13
    sigma: Annotated[float, Field(ge=0, le=3)] = 0.8

    @model_validator(mode="after")
    def _least_is_least(self) -> Self:
        if not self.least <= self.median <= self.most:
            raise ValueError("least, median and most must come in this order")
        return self


class Answers(Declared):
    """Which answers the members get: `inactive` and `rejected` are shares of members, the rest is active."""

    inactive: Share = 0.06
    rejected: Share = 0.10
    # Share of each rejection among the rejected: an AAA03 ("75"), with its loop where that is not the
    # usual one ("2100C:42").
    rejections: dict[str, Share] = Field(
        default={"75": 0.52, "72": 0.20, "73": 0.12, "71": 0.08, "42": 0.05, "80": 0.03}
    )
    benefits: BenefitCount = BenefitCount()

    @model_validator(mode="after")
    def _shares_make_sense(self) -> Self:
        problems = []
        if self.inactive + self.rejected > 1:
            problems.append(
                f"inactive and rejected make {self.inactive + self.rejected:g} together, more than 1"
            )
        unknown = [declared for declared in self.rejections if not place_rejection(declared)[0]]
        if unknown:
            problems.append(f"rejections: unknown code {', '.join(unknown)}; use such as {_SUGGESTED}")
        problems += _sum_problems("rejections", self.rejections)
        if problems:
            raise ValueError("; ".join(problems))
        return self


class ClaimAnswers(Declared):
    """Share of each claim status: finalized and paid, pending, finalized and denied, not found."""

    # Assumption, no published figures exist.
    paid: Share = 0.62
    pending: Share = 0.20
    denied: Share = 0.12
    not_found: Share = 0.06

    @model_validator(mode="after")
    def _shares_make_sense(self) -> Self:
        problems = _sum_problems("claim answers", self.model_dump())
        if problems:
            raise ValueError("; ".join(problems))
        return self


def _sum_problems(what: str, shares: dict[str, float]) -> list[str]:
    total = math.fsum(shares.values())
    if abs(total - 1) > 1e-6:
        return [f"the shares in {what} must add up to 1 (they add up to {total:g})"]
    return []
