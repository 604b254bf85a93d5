"""Faults and planted defects: how a profile or the control interface declares them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mock_gateway.durations import Duration, PositiveDuration
from mock_gateway.route_names import ACTIONS, ALL_ROUTES, HEALTHCARE_ROUTES, RouteName, routes_of


class FaultKind(StrEnum):
    """Closed set of what can go wrong on request."""

    ERROR_STATUS = "error_status"
    MAINTENANCE = "maintenance"
    RESET = "reset"
    BLACK_HOLE = "black_hole"
    LATENCY = "latency"
    STALL = "stall"
    CRASH = "crash"
    PAYER_OUTAGE = "payer_outage"
    SLOW_DRIP = "slow_drip"
    TRUNCATED_BODY = "truncated_body"
    MALFORMED_REPLY = "malformed_reply"
    MALFORMED_ENVELOPE = "malformed_envelope"
    ANOTHER_PATIENTS_ANSWER = "another_patients_answer"
    AMOUNT_CHANGED = "amount_changed"
    DOUBLE_POSTING = "double_posting"
    ACKNOWLEDGED_NOT_STORED = "acknowledged_not_stored"
    STALE_IDEMPOTENT_ANSWER = "stale_idempotent_answer"
    CRASH_BEFORE_COMMIT = "crash_before_commit"
    CRASH_AFTER_COMMIT = "crash_after_commit"


_TAKES_ADD = frozenset({FaultKind.LATENCY, FaultKind.STALL, FaultKind.SLOW_DRIP})
_CHARGES = frozenset({"sale", "auth"})
# Kinds that only these routes can show.
_ONLY_ON = {
    FaultKind.PAYER_OUTAGE: HEALTHCARE_ROUTES,
    FaultKind.ANOTHER_PATIENTS_ANSWER: _CHARGES | HEALTHCARE_ROUTES,
    FaultKind.AMOUNT_CHANGED: _CHARGES,
    FaultKind.DOUBLE_POSTING: _CHARGES,
    FaultKind.STALE_IDEMPOTENT_ANSWER: _CHARGES,
    FaultKind.ACKNOWLEDGED_NOT_STORED: _CHARGES | {"token"},
    FaultKind.CRASH_BEFORE_COMMIT: ACTIONS,
    FaultKind.CRASH_AFTER_COMMIT: ACTIONS,
    # Of the process, whatever it is busy with.
    FaultKind.CRASH: frozenset[str](),
}


class Fault(BaseModel):
    """One declared fault. Times count from the first business request, in seconds.

    Route "payment" or "healthcare" means every route of that class, "any" both.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)
    kind: Annotated[FaultKind, Field(strict=False)]
    route: RouteName = "any"
    share: Annotated[float, Field(ge=0, le=1)] = 1.0
    at: Duration = 0.0
    lasts: Annotated[PositiveDuration | None, Field(alias="for")] = None
    count: Annotated[int | None, Field(ge=1)] = None
    payer: Annotated[str | None, Field(min_length=1)] = None
    status: Annotated[int, Field(ge=400, le=599)] = 500
    add: PositiveDuration | None = None

    @model_validator(mode="after")
    def _keys_suit_the_kind(self) -> Self:
        given = self.model_fields_set
        problems = []
        if "status" in given and self.kind is not FaultKind.ERROR_STATUS:
            problems.append("status belongs to error_status only")
        if self.kind in _TAKES_ADD and self.add is None and not self.holds:
            problems.append(f'{self.kind.value} needs add, such as add = "30s"')
        if self.kind is FaultKind.STALL and self.add is None and given & {"share", "count"}:
            problems.append("a stall without add holds everything it concerns; leave share and count out")
        if self.add is not None and self.kind not in _TAKES_ADD:
            problems.append("add belongs to latency, stall and slow_drip only")
        if self.kind is FaultKind.CRASH and given - {"kind", "at"}:
            problems.append("crash takes only at")
        if self.kind is FaultKind.MAINTENANCE and (given & {"share", "count", "payer"}):
            problems.append("maintenance takes only at, for and route")
        if not self.routes and self.kind is not FaultKind.CRASH:
            problems.append(f"{self.kind.value} happens to {', '.join(sorted(_ONLY_ON[self.kind]))} only")
        elif self.payer is not None and not self.routes & HEALTHCARE_ROUTES:
            problems.append("a payment has no payer; leave payer out or take route eligibility")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def holds(self) -> bool:
        """Whether everything that it concerns waits until it ends, rather than so long each."""
        return self.kind is FaultKind.STALL and self.add is None and self.lasts is not None

    @cached_property
    def routes(self) -> frozenset[str]:
        """The routes on which it can happen at all."""
        return routes_of(self.route) & _ONLY_ON.get(self.kind, ALL_ROUTES)

    def concerns(self, route: str, payer: str | None) -> bool:
        """Whether requests on this route, to this payer, can meet the fault at all."""
        return route in self.routes and (self.payer is None or self.payer == payer)

    def is_active(self, elapsed_s: float) -> bool:
        return elapsed_s >= self.at and (self.lasts is None or elapsed_s < self.at + self.lasts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What befalls one request: extra seconds of waiting (and by what), and at most one other fault."""

    added_s: float = 0.0
    delayed_by: FaultKind | None = None
    fault: Fault | None = None

    @property
    def kind(self) -> FaultKind | None:
        return self.fault.kind if self.fault else None


NO_EFFECT = Effect()
