"""Stopping early on evidence: a tempered e-process, valid at whatever moment one looks.

For independent transactions the mixture of likelihood ratios over a Beta prior, restricted to one side of the target,
is a test martingale: it exceeds 1 / alpha with probability alpha at most, however often one looks (Ville 1939).
Dependence destroys that, so hits and misses are first divided by kappa VIF (tempered), and nothing is decided
before 15 minutes and 100 times the longest stall. No sequential rule survives stalls longer than what it has seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

from scipy.special import betainc, betaincc, betaln

from analysis.proportions import Share, is_met
from analysis.verdict_table import VerdictCode
from scenarios.sla import Clause

PRIOR_HITS, PRIOR_MISSES = 9.0, 1.0  # a prior with its mean at 90 %
LEAST_S = 900.0
STALLS_TO_SEE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Logarithms of the e-values: of a true share above the target, and of one below it."""

    above: float
    below: float


def weigh(hits: float, misses: float, target: float) -> Evidence:
    """The evidence of so many independent hits and misses (fractions are allowed) about a target share.

    log E+ = log B(a + k, b + m) - log B(a, b) - k log t - m log(1 - t)
             + log P(Beta(a + k, b + m) > t) - log P(Beta(a, b) > t), and E- with "< t"; a = 9, b = 1.
    """
    a, b = PRIOR_HITS, PRIOR_MISSES
    ratio = float(betaln(a + hits, b + misses) - betaln(a, b)) - hits * log(target) - misses * log(1 - target)
    return Evidence(
        above=ratio
        + _log(float(betaincc(a + hits, b + misses, target)))
        - _log(float(betaincc(a, b, target))),
        below=ratio + _log(float(betainc(a + hits, b + misses, target))) - _log(float(betainc(a, b, target))),
    )


def judge_early(
    share: Share, clause: Clause, elapsed_s: float, *, longest_stall_s: float | None
) -> VerdictCode | None:
    """PASS or FAIL of one class where the evidence suffices already; None where it does not, or it is too early.

    `elapsed_s`: measured time whose transactions are settled. Each side errs with probability 1 - confidence.
    """
    if elapsed_s < max(LEAST_S, STALLS_TO_SEE * (longest_stall_s or 0.0)) or not share.n:
        return None
    tempered = share.n_effective / share.n
    evidence = weigh(share.hits * tempered, (share.n - share.hits) * tempered, clause.required)
    decided = -log(1 - clause.confidence)
    met = is_met(share.hits, share.n, clause.required)
    if met and evidence.above >= decided:
        return VerdictCode.PASS
    if not met and evidence.below >= decided:
        return VerdictCode.FAIL
    return None


def _log(probability: float) -> float:
    return log(probability) if probability > 0 else -1e9
