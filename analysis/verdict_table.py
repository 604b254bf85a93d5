"""The table by which a verdict falls, for one class under one clause and for a whole run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum

from analysis.doubts import Doubt, Severity, standing
from analysis.proportions import estimate_bounds, is_far_below, is_met
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
    if is_failed(tally.favourable_hits, tally.favourable_n, clause):
        return VerdictCode.FAIL
    if standing(doubts, Severity.INVALID, tally.population):
        return VerdictCode.INVALID
    if standing(doubts, Severity.INCONCLUSIVE, tally.population):
        return VerdictCode.INCONCLUSIVE
    return VerdictCode.PASS if is_passed(tally.hits, tally.n, clause) else VerdictCode.INCONCLUSIVE


def judge_counts(hits: int, n: int, clause: Clause) -> VerdictCode:
    """What the counts alone say, without doubts: FAIL, PASS or INCONCLUSIVE."""
    if is_failed(hits, n, clause):
        return VerdictCode.FAIL
    return VerdictCode.PASS if is_passed(hits, n, clause) else VerdictCode.INCONCLUSIVE


def is_failed(hits: int, n: int, clause: Clause) -> bool:
    """Not met by this run, and either the upper bound is below the target or the share 10 points or more."""
    if n == 0 or is_met(hits, n, clause.at_least):
        return False
    far_below = is_far_below(hits, n, clause.at_least)
    return far_below or estimate_bounds(hits, n, clause.confidence).upper < clause.at_least


def is_passed(hits: int, n: int, clause: Clause) -> bool:
    """Met by this run, and the lower bound is above the target."""
    if n == 0 or not is_met(hits, n, clause.at_least):
        return False
    return estimate_bounds(hits, n, clause.confidence).lower > clause.at_least


def worst_verdict(verdicts: Iterable[VerdictCode]) -> VerdictCode:
    """Worst of all in the order FAIL, INVALID, INCONCLUSIVE, PASS. Without any there is no evidence."""
    return min(verdicts, key=list(VerdictCode).index, default=VerdictCode.INCONCLUSIVE)
