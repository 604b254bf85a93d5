"""Faults and planted defects: how a profile declares them, and when each one fires."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mock_gateway.durations import Duration, PositiveDuration


class FaultKind(StrEnum):
    """Closed set of what can go wrong on request."""

    ERROR_STATUS = "error_status"
    RESET = "reset"
    BLACK_HOLE = "black_hole"
    STALL = "stall"
    CRASH = "crash"
    ANOTHER_PATIENTS_ANSWER = "another_patients_answer"
    AMOUNT_CHANGED = "amount_changed"
    DOUBLE_POSTING = "double_posting"
    ACKNOWLEDGED_NOT_STORED = "acknowledged_not_stored"
    STALE_IDEMPOTENT_ANSWER = "stale_idempotent_answer"
    CRASH_BEFORE_COMMIT = "crash_before_commit"
    CRASH_AFTER_COMMIT = "crash_after_commit"
    MALFORMED_REPLY = "malformed_reply"


# These replace the work: nothing is decided and no money is taken. The planted defects spoil an answer
# to work that was done.
AT_ONCE = frozenset({FaultKind.ERROR_STATUS, FaultKind.RESET, FaultKind.BLACK_HOLE})

# Kinds that happen to payments only, by the routes (here: payment actions) that can show them.
_CHARGES = frozenset({"sale", "auth"})
_STORING = frozenset({"sale", "auth", "capture", "void", "refund", "token"})
_ONLY_ON = {
    FaultKind.AMOUNT_CHANGED: _CHARGES,
    FaultKind.DOUBLE_POSTING: _CHARGES,
    FaultKind.STALE_IDEMPOTENT_ANSWER: _CHARGES,
    FaultKind.ACKNOWLEDGED_NOT_STORED: _CHARGES | {"token"},
    FaultKind.CRASH_BEFORE_COMMIT: _STORING,
    FaultKind.CRASH_AFTER_COMMIT: _STORING,
}


class Fault(BaseModel):
    """One declared fault. Times count from the first business request, in seconds."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)
    kind: Annotated[FaultKind, Field(strict=False)]
    route: Literal["sale", "auth", "capture", "void", "refund", "token", "eligibility", "any"] = "any"
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
        if self.kind is FaultKind.STALL and self.add is None:
            problems.append('stall needs add, such as add = "30s"')
        if self.add is not None and self.kind is not FaultKind.STALL:
            problems.append("add belongs to stall only")
        if self.kind is FaultKind.CRASH and given - {"kind", "at"}:
            problems.append("crash takes only at")
        if self.route not in ("any", *_ONLY_ON.get(self.kind, (self.route,))):
            problems.append(f"{self.kind.value} happens to {', '.join(sorted(_ONLY_ON[self.kind]))} only")
        if self.payer is not None and self.route in _STORING:
            problems.append("a payment has no payer; leave payer out or take route eligibility")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def concerns(self, route: str, payer: str | None) -> bool:
        """Whether requests on this route, to this payer, can meet the fault at all."""
        if self.kind is FaultKind.CRASH or self.route not in ("any", route):
            return False
        if route not in _ONLY_ON.get(self.kind, (route,)):
            return False
        return self.payer is None or self.payer == payer

    def is_active(self, elapsed_s: float) -> bool:
        return elapsed_s >= self.at and (self.lasts is None or elapsed_s < self.at + self.lasts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What befalls one request: extra seconds of waiting, and at most one other fault."""

    added_s: float = 0.0
    fault: Fault | None = None

    @property
    def kind(self) -> FaultKind | None:
        return self.fault.kind if self.fault else None


NO_EFFECT = Effect()


class FaultPlan:
    """The declared faults of a profile, in order, each with its own random stream and count."""

    def __init__(self, faults: tuple[Fault, ...], seed: int) -> None:
        self._faults = [(fault, Random(f"{seed}/fault/{place}")) for place, fault in enumerate(faults)]
        self._left = [fault.count for fault in faults]
        self.fired: Counter[str] = Counter({fault.kind.value: 0 for fault in faults})

    def crash_times(self) -> list[float]:
        """Seconds after the first business request at which the process is to die."""
        return [fault.at for fault, _ in self._faults if fault.kind is FaultKind.CRASH]

    def choose(
        self,
        route: str,
        elapsed_s: float,
        *,
        payer: str | None = None,
        impossible: AbstractSet[FaultKind] = frozenset(),
    ) -> Effect:
        """What befalls this request: every stall adds up; of the rest the first declared one wins.

        `impossible` names kinds that this request cannot show (a declined sale has no amount to change);
        they neither fire nor count.
        """
        if not self._faults:
            return NO_EFFECT
        added_s = 0.0
        chosen: Fault | None = None
        for place, (fault, random) in enumerate(self._faults):
            if not fault.concerns(route, payer):
                continue
            # Drawn whether or not the fault is active: the k-th request's fate must not hang on timing.
            hit = fault.share >= 1.0 or random.random() < fault.share
            if not hit or self._left[place] == 0 or not fault.is_active(elapsed_s):
                continue
            if fault.kind is FaultKind.STALL:
                added_s += fault.add or 0.0
            elif chosen is None and fault.kind not in impossible:
                chosen = fault
            else:
                continue
            self._count(place, fault)
        return Effect(added_s=added_s, fault=chosen)

    def _count(self, place: int, fault: Fault) -> None:
        left = self._left[place]
        if left is not None:
            self._left[place] = left - 1
        self.fired[fault.kind.value] += 1
