"""The verdict: PASS, FAIL, INCONCLUSIVE or INVALID, with its numbers, its bounds and its doubts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from analysis.calendar_month import MonthCoverage
from analysis.doubts import Doubt
from analysis.exit_codes import ExitCode, InconclusiveAs, worst_exit_code
from analysis.proportions import Bounds, Share
from analysis.verdict_table import VerdictCode
from scenarios.sla import Clause


class FailedOn(Enum):
    """What a FAIL rests on."""

    CLAUSE = "clause"
    CORRECTNESS = "correctness"


@dataclass(frozen=True, slots=True, kw_only=True)
class KindShare:
    """One kind of transaction below its class; it informs and has no verdict of its own."""

    name: str
    n: int
    hits: int
    share: float
    bounds: Bounds
    met: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DayShare:
    """One class on one day of a month. It informs: the clause is about the month."""

    n: int
    hits: int
    met: bool | None  # None: nothing was judged


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationVerdict:
    """One class under one clause. What has no rows is None, never zero."""

    name: str
    n: int
    hits: int
    share: float | None
    bounds: Bounds | None  # what the verdict goes by
    confidence: float
    n_effective: float | None
    variance_inflation: float | None  # None: nothing varied
    if_independent: Bounds | None
    met: bool | None
    verdict: VerdictCode | None  # None: the clause is not judged here
    favourable: Share  # with every questionable or unrecorded row as a hit
    p50_s: float | None
    p90_s: float | None
    p90_interval_s: tuple[float | None, float | None]  # Woodruff's, one-sided each
    p99_s: float | None
    max_s: float | None
    service_p90_s: float | None
    misses: Mapping[str, int]
    excluded: Mapping[str, int]
    unresolved: (
        tuple[float, float] | None
    )  # the share at worst and at best with the rows the cut-off leaves open
    kinds: tuple[KindShare, ...]  # where a class has more than one
    notes: tuple[str, ...]
    days: tuple[DayShare, ...] = ()  # of a month that is judged


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One reading of a clause: its value in the worst class, and whether every class met it."""

    id: str
    primary: bool
    value: float | None
    limit: float
    unit: str  # "share" or "seconds"
    population: str | None  # the worst class; None where all are taken together
    met: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SensitivityRow:
    """The verdict on one class had a rule been another one. Only warm-up and maintenance can withdraw a PASS."""

    rule: str
    population: str
    n: int
    share: float | None
    lower: float | None
    upper: float | None
    verdict: VerdictCode


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseVerdict:
    """One clause with the classes it names."""

    clause: Clause
    source: str  # of the document
    verdict: VerdictCode | None  # None: not judged here
    not_judged: str | None  # why
    populations: tuple[PopulationVerdict, ...]
    readings: tuple[Reading, ...]
    disagreement: str | None  # readings that say otherwise than the primary one
    sensitivity: tuple[SensitivityRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Correctness:
    """Whether replies belonged to their requests and money to its ledger. None: not checked."""

    replies_checked: int | None
    wrong_reply: int | None
    money_audited: bool
    double_charged: int | None
    lost: int | None

    @property
    def violated(self) -> bool:
        return bool(self.wrong_reply)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer for a whole recording."""

    slagate: str | None
    verdict: VerdictCode
    failed_on: tuple[FailedOn, ...]
    exit_code: ExitCode
    sentence: str
    clauses: tuple[ClauseVerdict, ...]
    validity: tuple[Doubt, ...]
    correctness: Correctness
    run: Mapping[str, Any]
    inconclusive_as: InconclusiveAs | None = None  # the caller's policy; it moves the exit code alone
    month: MonthCoverage | None = None  # of a verdict on a calendar month


_EXIT_CODES = {
    VerdictCode.PASS: ExitCode.PASS,
    VerdictCode.FAIL: ExitCode.FAIL,
    VerdictCode.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
    VerdictCode.INVALID: ExitCode.INVALID,
}


def verdict_exit_code(
    verdict: VerdictCode, failed_on: tuple[FailedOn, ...], *, interrupted: bool
) -> ExitCode:
    """The exit code that a verdict ends with."""
    codes = [_EXIT_CODES[verdict]]
    if FailedOn.CORRECTNESS in failed_on:
        codes.append(ExitCode.CORRECTNESS)
    if interrupted:
        codes.append(ExitCode.INTERRUPTED)
    return worst_exit_code(codes)
