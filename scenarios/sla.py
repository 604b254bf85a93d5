"""Clauses: sentences of a service-level document as data."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from scenarios.duration import Duration, duration_text

ClassName = Literal["healthcare", "payment", "lookup"]
_strict = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, populate_by_name=True)


class Clause(BaseModel):
    """One sentence of a service-level document: measure, limit, share, scope, exclusions, quote."""

    model_config = _strict

    id: Annotated[str, Field(min_length=1, pattern=r"^[a-z0-9][a-z0-9-]*$")]
    strength: Literal["guarantee", "will strive to", "target"]
    quote: Annotated[str, Field(min_length=1)]
    measure: Literal["share_within"]
    limit: Annotated[Duration, Field(gt=0)]
    at_least: Annotated[float, Field(gt=0, lt=1)]
    classes: Annotated[tuple[ClassName, ...], Field(min_length=1)]
    confidence: Annotated[float, Field(ge=0.5, lt=1)] = 0.95
    reading: Literal["share"] = "share"
    excluding: tuple[Literal["scheduled_maintenance"], ...] = ()
    also_answers: tuple[Literal["syntax_rejected"], ...] = ()

    @property
    def limit_ns(self) -> int:
        """The limit in nanoseconds; a transaction that takes exactly this long is within it."""
        return round(self.limit * 1e9)

    def describe(self) -> str:
        """The clause as one sentence."""
        return (
            f"at least {self.at_least:.4g} of the {' and of the '.join(self.classes)} transactions "
            f"answered within {duration_text(self.limit)} (each class on its own, {self.confidence:.0%} confidence)"
        )


class Sla(BaseModel):
    """A service-level document, as far as slagate judges it."""

    model_config = _strict

    name: Annotated[str, Field(min_length=1)]
    source: Annotated[str, Field(min_length=1)]
    clauses: Annotated[tuple[Clause, ...], Field(min_length=1, alias="clause")]

    @property
    def largest_limit_s(self) -> float:
        """The longest limit of all clauses, in seconds."""
        return max(clause.limit for clause in self.clauses)
