"""Curtailment: whether the rest of a run can still change its verdict. Free under any dependence.

The plan of an open workload fixes how many transactions there will be. Once misses exceed what the clause allows of
them all, the run as a whole cannot meet it any more; once hits suffice, it cannot miss it. The census is then certain,
and a run may stop if the table gives PASS or FAIL on what is recorded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from analysis.proportions import Share, exact_share
from analysis.verdict_table import VerdictCode, judge_share
from analysis.wording import count_text
from scenarios.sla import Clause


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One class so far: settled transactions with what dependence costs, and the most there can be at the end."""

    population: str
    share: Share  # of the transactions whose outcome under the clause is known
    most: int  # judged arrivals of the whole plan, follow-ups and all


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A run may stop: with which verdict and why, in a sentence for end.json."""

    verdict: VerdictCode
    reason: str


def certain_census(share: Share, most: int, required: float) -> bool | None:
    """Whether the census of `most` transactions is met (True), not met (False), or still open (None).

    Met once hits >= ceil(r N): the missing ones may all be misses. Not met once misses > N - ceil(r N). N may turn out
    smaller (follow-ups that never come due), so both must hold for every N from what is settled up to `most`: the
    share of hits is lowest at the largest N with all others missed, and highest there with all others hit.
    """
    target: Fraction = exact_share(required)
    if share.hits >= ceil(target * most):
        return True
    if share.n - share.hits > most - ceil(target * most):
        return False
    return None


def judge_curtailment(clause: Clause, classes: Sequence[Progress]) -> Stop | None:
    """Whether every class of a clause is decided by what is settled; None while any can still change.

    A FAIL of one class is the run's, so it stops once that one is certain and FAILs on what is recorded. A PASS needs
    every class certain, and passing on what is recorded.
    """
    verdicts: dict[str, VerdictCode] = {}
    for each in classes:
        met = certain_census(each.share, each.most, clause.required)
        verdict = judge_share(each.share, clause) if met is not None and each.share.n else None
        if met is False and verdict is VerdictCode.FAIL:
            return Stop(verdict=VerdictCode.FAIL, reason=_reason(clause, each, "can no longer be met"))
        if met and verdict is VerdictCode.PASS:
            verdicts[each.population] = VerdictCode.PASS
    if classes and len(verdicts) == len(classes):
        reasons = "; ".join(_reason(clause, each, "is met whatever comes") for each in classes)
        return Stop(verdict=VerdictCode.PASS, reason=reasons)
    return None


def judge_all_clauses(progress: Mapping[Clause, Sequence[Progress]]) -> Stop | None:
    """The same for all clauses: one certain FAIL is enough, a PASS needs every clause."""
    stops = [judge_curtailment(clause, classes) for clause, classes in progress.items()]
    failed = next((each for each in stops if each is not None and each.verdict is VerdictCode.FAIL), None)
    if failed is not None:
        return failed
    passed = [each for each in stops if each is not None]
    if stops and len(passed) == len(stops):
        return Stop(verdict=VerdictCode.PASS, reason="; ".join(each.reason for each in passed))
    return None


def _reason(clause: Clause, each: Progress, said: str) -> str:
    return (
        f"{clause.id} {said} for {each.population}: {count_text(each.share.hits)} of {count_text(each.share.n)} "
        f"settled transactions are good and {count_text(each.most)} are the most there can be"
    )
