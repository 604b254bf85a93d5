"""The table by which a verdict falls, for one class under one clause and for a whole run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum

from analysis.doubts import Doubt, Severity, standing
from analysis.proportions import Share, is_far_below, is_met
from analysis.tallies import Tally
from scenarios.sla import Clause


class VerdictCode(Enum):
    """The four answers, the worst first."""

    FAIL = "FAIL"
    INVALID = "INVALID"
    INCONCLUSIVE = "INCONCLUSIVE"
    PASS = "PASS"


def judge_tally(tally: Tally, clause: Clause, doubts: Sequence[Doubt]) -> VerdictCode:
    """FAIL where it stands with every questionable row as a hit; else what doubts and evidence allow."""
    if is_failed(tally.favourable, clause):
        return VerdictCode.FAIL
    if standing(doubts, Severity.INVALID, tally.population):
        return VerdictCode.INVALID
    if standing(doubts, Severity.INCONCLUSIVE, tally.population):
        return VerdictCode.INCONCLUSIVE
    return VerdictCode.PASS if is_passed(tally.measured, clause) else VerdictCode.INCONCLUSIVE


def judge_share(share: Share, clause: Clause) -> VerdictCode:
    """What the share alone says, without doubts: FAIL, PASS or INCONCLUSIVE."""
    if is_failed(share, clause):
        return VerdictCode.FAIL
    return VerdictCode.PASS if is_passed(share, clause) else VerdictCode.INCONCLUSIVE


def is_failed(share: Share, clause: Clause) -> bool:
    """Not met by this run, and either the robust upper bound is below the target or the share 10 points or more."""
    if share.n == 0 or is_met(share.hits, share.n, clause.required):
        return False
    if is_far_below(share.hits, share.n, clause.required):
        return True
    return share.bounds(clause.confidence).upper < clause.required


def is_passed(share: Share, clause: Clause) -> bool:
    """Met by this run, and the robust lower bound is above the target."""
    if share.n == 0 or not is_met(share.hits, share.n, clause.required):
        return False
    return share.bounds(clause.confidence).lower > clause.required


def worst_verdict(verdicts: Iterable[VerdictCode]) -> VerdictCode:
    """Worst of all in the order FAIL, INVALID, INCONCLUSIVE, PASS. Without any there is no evidence."""
    return min(verdicts, key=list(VerdictCode).index, default=VerdictCode.INCONCLUSIVE)
