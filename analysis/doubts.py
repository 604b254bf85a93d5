"""Doubts: the one closed list of reasons not to believe a measurement. Shown to users as "validity"."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """What a doubt does: INVALID and INCONCLUSIVE bar a PASS, a note informs. None of them softens a FAIL."""

    INVALID = "invalid"
    INCONCLUSIVE = "inconclusive"
    NOTE = "note"


class DoubtCode(Enum):
    """Every code of the contract, with its usual severity."""

    ROWS_MISSING = ("rows-missing", Severity.INVALID)
    WORKER_LOST = ("worker-lost", Severity.INVALID)
    RECORDER_FAILED = ("recorder-failed", Severity.INVALID)
    ENDED_EARLY = ("ended-early", Severity.INVALID)
    GENERATOR_LATE = ("generator-late", Severity.INVALID)
    POOL_EXHAUSTED = ("pool-exhausted", Severity.NOTE)
    NOT_STARTED = ("not-started", Severity.INVALID)
    RATE_NOT_ACHIEVED = ("rate-not-achieved", Severity.INVALID)
    NOT_AUTHORISED = ("not-authorised", Severity.INVALID)
    TIME_OUT_BELOW_LIMIT = ("time-out-below-limit", Severity.INVALID)
    CLOCK_OFFSET = ("clock-offset", Severity.NOTE)
    GENERATOR_SATURATED = ("generator-saturated", Severity.INCONCLUSIVE)
    GATEWAY_HOST_SATURATED = ("gateway-host-saturated", Severity.INCONCLUSIVE)
    TOO_FEW = ("too-few", Severity.INCONCLUSIVE)
    TOO_SHORT = ("too-short", Severity.INCONCLUSIVE)
    NOT_STEADY = ("not-steady", Severity.INCONCLUSIVE)
    LONG_MEMORY = ("long-memory", Severity.INCONCLUSIVE)
    PARTIAL_CYCLE = ("partial-cycle", Severity.INCONCLUSIVE)
    WARM_UP_SENSITIVE = ("warm-up-sensitive", Severity.INCONCLUSIVE)
    MAINTENANCE_SENSITIVE = ("maintenance-sensitive", Severity.INCONCLUSIVE)
    EMPTY_CLASS = ("empty-class", Severity.INCONCLUSIVE)
    NO_PLANNED_TIMES = ("no-planned-times", Severity.INCONCLUSIVE)
    IMPOSSIBLE_ROWS = ("impossible-rows", Severity.INVALID)
    DUPLICATE_ROWS = ("duplicate-rows", Severity.INVALID)
    MONEY_NOT_AUDITED = ("money-not-audited", Severity.NOTE)

    def __init__(self, text: str, severity: Severity) -> None:
        self.text = text
        self.severity = severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """One reason: what was seen, why it matters, what to do next. Without a population it bars all."""

    code: DoubtCode
    message: str
    severity: Severity
    population: str | None = None


def doubt(
    code: DoubtCode, message: str, *, population: str | None = None, severity: Severity | None = None
) -> Doubt:
    """A doubt at its code's usual severity unless another is given."""
    return Doubt(code=code, message=message, severity=severity or code.severity, population=population)


def standing(doubts: Iterable[Doubt], severity: Severity, population: str) -> bool:
    """Whether a doubt of this severity bars this population."""
    return any(each.severity is severity and each.population in (None, population) for each in doubts)


def in_order(doubts: Iterable[Doubt]) -> tuple[Doubt, ...]:
    """The gravest first, and what two clauses both say only once."""
    severities, codes = list(Severity), list(DoubtCode)
    unique = dict.fromkeys(doubts)
    return tuple(sorted(unique, key=lambda each: (severities.index(each.severity), codes.index(each.code))))
