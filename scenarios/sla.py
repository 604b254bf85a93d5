"""The service level: clauses of a document as data. A clause knows nothing of any run."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from scenarios.duration import Duration, duration_text
from scenarios.observation import Outcome

ClassName = Literal["healthcare", "payment", "lookup"]
Measure = Literal["share_within", "failure_share", "quantile_within", "availability"]
FailureName = Literal[
    "error", "timeout", "connection", "syntax_rejected", "wrong_reply", "payer_unavailable", "not_started"
]
_strict = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, populate_by_name=True)

_KEYS: dict[str, tuple[str, ...]] = {
    "share_within": ("limit", "at_least"),
    "quantile_within": ("limit", "quantile"),
    "failure_share": ("at_most",),
    "availability": ("at_least",),
}
_LONGEST_WAIT_S = 60.0  # where a clause has no limit: a client waits no longer


class Needs(BaseModel):
    """What a clause needs to be judged at all; below it, it says so and stays out of the run's verdict."""

    model_config = _strict

    period: Annotated[Duration, Field(gt=0)] | None = None
    count: Annotated[int, Field(gt=0)] | None = None


class Clause(BaseModel):
    """One sentence of a service-level document: measure, limit, share, scope, exclusions, quote."""

    model_config = _strict

    id: Annotated[str, Field(min_length=1, pattern=r"^[a-z0-9][a-z0-9-]*$")]
    strength: Literal["guarantee", "will strive to", "target"]
    quote: Annotated[str, Field(min_length=1)]
    measure: Measure
    limit: Annotated[Duration, Field(gt=0)] | None = None
    at_least: Annotated[float, Field(gt=0, lt=1)] | None = None
    at_most: Annotated[float, Field(gt=0, lt=1)] | None = None  # failure_share
    quantile: Annotated[float, Field(gt=0, lt=1)] | None = None  # quantile_within
    outcomes: tuple[
        FailureName, ...
    ] = ()  # failure_share: what counts as a failure; empty: everything but answers
    classes: Annotated[tuple[ClassName, ...], Field(min_length=1)]
    confidence: Annotated[float, Field(ge=0.5, lt=1)] = 0.95
    reading: Literal["share", "p90"] = "share"
    excluding: tuple[Literal["scheduled_maintenance"], ...] = ()
    also_answers: tuple[Literal["syntax_rejected"], ...] = ()
    needs: Needs | None = None

    @model_validator(mode="after")
    def _keys_fit_the_measure(self) -> Clause:
        wanted = _KEYS[self.measure]
        missing = [key for key in wanted if getattr(self, key) is None]
        surplus = [
            key
            for key in ("limit", "at_least", "at_most", "quantile")
            if key not in wanted and getattr(self, key) is not None
        ]
        if self.outcomes and self.measure != "failure_share":
            surplus.append("outcomes")
        if missing or surplus:
            said = [f"needs {' and '.join(missing)}"] * bool(missing) + [
                f"has no {' and '.join(surplus)}"
            ] * bool(surplus)
            raise PydanticCustomError(
                "measure",
                "{text}",
                {"text": f"{self.measure} {' and '.join(said)} (it goes by {', '.join(wanted)})"},
            )
        return self

    @property
    def required(self) -> float:
        """The share that must be good: at_least, the quantile, or what at_most leaves."""
        if self.at_most is not None:
            return float(1 - Decimal(repr(self.at_most)))
        share = self.quantile if self.at_least is None else self.at_least
        assert share is not None
        return share

    @property
    def timed(self) -> bool:
        """Whether a transaction must be answered within a limit to be good."""
        return self.limit is not None

    @property
    def limit_s(self) -> float:
        """The limit in seconds; of a clause without one, how long a client waits."""
        return _LONGEST_WAIT_S if self.limit is None else self.limit

    @property
    def limit_ns(self) -> int:
        """The limit in nanoseconds; a transaction that takes exactly this long is within it."""
        return round(self.limit_s * 1e9)

    @property
    def failures(self) -> frozenset[Outcome]:
        """The outcomes that a failure_share counts."""
        return frozenset(Outcome[name.upper()] for name in self.outcomes) or _FAILURES

    def describe(self) -> str:
        """The clause as one sentence."""
        classes = " and of the ".join(self.classes)
        alone = f"(each class on its own, {self.confidence:.0%} confidence)"
        if self.measure == "failure_share":
            named = ", ".join(each.replace("_", " ") for each in self.outcomes) or "failure"
            return f"at most {self.at_most:.4g} of the {classes} transactions end in {named} {alone}"
        if self.measure == "availability":
            return (
                f"service in at least {self.at_least:.4g} of the seconds with {classes} transactions {alone}"
            )
        return (
            f"at least {self.required:.4g} of the {classes} transactions "
            f"answered within {duration_text(self.limit_s)} {alone}"
        )


_FAILURES = frozenset(
    {
        Outcome.ERROR,
        Outcome.TIMEOUT,
        Outcome.CONNECTION,
        Outcome.SYNTAX_REJECTED,
        Outcome.WRONG_REPLY,
        Outcome.NOT_STARTED,
    }
)


class Sla(BaseModel):
    """A service-level document, as far as slagate judges it."""

    model_config = _strict

    name: Annotated[str, Field(min_length=1)]
    source: Annotated[str, Field(min_length=1)]
    clauses: Annotated[tuple[Clause, ...], Field(min_length=1, alias="clause")]

    @property
    def largest_limit_s(self) -> float:
        """The longest limit of all clauses that have one, in seconds; 10 s where none has."""
        return max((clause.limit for clause in self.clauses if clause.limit is not None), default=10.0)
