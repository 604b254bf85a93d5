"""What a plan can prove before a minute is spent: the share it must measure to PASS, and the length that takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, sqrt
from pathlib import Path

from scipy.special import ndtri, stdtrit

from analysis.dependence import DEGREES_OF_FREEDOM, KAPPA, Inflation
from analysis.proportions import Share, is_met
from scenarios.sla import Clause

POWER = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What an earlier run of the same scenario says of one class."""

    share: float
    inflation: float  # transactions that tell as much as one independent one, kappa included


def least_share(clause: Clause, n: int, *, inflation: float = KAPPA) -> float | None:
    """The least share of n transactions with which a run can PASS; None where even n hits are not enough.

    `inflation`: kappa VIF. Found by bisection on whole hits, because the robust lower bound rises with them.
    """
    dependence = Inflation(vif=inflation / KAPPA, growth=1.0)

    def passes(hits: int) -> bool:
        share = Share(hits=hits, n=n, inflation=dependence)
        return is_met(hits, n, clause.required) and share.bounds(clause.confidence).lower > clause.required

    if n < 1 or dependence.effective_size(n) < FEWEST or not passes(n):
        return None
    low, high = 0, n
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if passes(middle) else (middle, high)
    return high / n


FEWEST = 30  # effective size below which no run passes


def needed_count(clause: Clause, true_share: float, *, inflation: float = KAPPA) -> int | None:
    """Transactions with which nine of ten runs PASS where the true share is this one; None where none suffice.

    Normal approximation ((t sqrt(q0 p0) + z sqrt(p q)) / (p - p0))^2 times kappa VIF, with t of 9 degrees of freedom.
    """
    required = clause.required
    if true_share <= required:
        return None
    t = float(stdtrit(DEGREES_OF_FREEDOM, clause.confidence))
    spread = t * sqrt(required * (1 - required)) + float(ndtri(POWER)) * sqrt(true_share * (1 - true_share))
    return ceil(max(FEWEST, (spread / (true_share - required)) ** 2) * inflation)


def read_expectations(verdict_file: Path, scenario: str, clause: Clause) -> Mapping[str, Expectation]:
    """What an earlier verdict on the same scenario and clause measured, by class; empty where there is none."""
    try:
        verdict = json.loads(verdict_file.read_text(encoding="utf-8"))
        if verdict["run"].get("scenario") != scenario:
            return {}
        return {
            each["name"]: Expectation(share=each["share"], inflation=each["n"] / each["n_effective"])
            for judged in verdict["clauses"]
            if judged["id"] == clause.id
            for each in judged["populations"]
            if each["n"] and each["n_effective"] and each["variance_inflation"]
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
