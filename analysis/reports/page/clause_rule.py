"""The clause that the charts go by, as arithmetic on blocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.blocks import Block, Mask
from analysis.counting import MAINTENANCE
from analysis.samples import Samples
from analysis.verdict import ClauseVerdict, Verdict
from scenarios.observation import ANSWERS, Outcome
from scenarios.sla import Clause


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseRule:
    """Which rows are good under a clause, and which it judges at all. Masks are by outcome number."""

    clause: Clause
    answers: Mask
    failures: Mask | None  # of a clause that counts failures whatever their time

    @classmethod
    def of(cls, clause: Clause) -> ClauseRule:
        """The rule of a clause."""
        answers = [each for each in Outcome if each in ANSWERS or each.text in clause.also_answers]
        failures = _by_outcome(clause.failures) if clause.measure == "failure_share" else None
        return cls(clause=clause, answers=_by_outcome(answers), failures=failures)

    def hits(self, block: Block, answered: Mask) -> Mask:
        """Good transactions: answered within the limit, answered at all, or not failed."""
        if self.failures is not None:
            ended = (block.outcome != Outcome.IN_FLIGHT) & ~block.impossible
            return np.asarray(ended & ~self.failures[block.outcome])
        if self.clause.measure == "availability":
            return answered
        return np.asarray(answered & (block.ended_ns - block.planned_ns <= self.clause.limit_ns))

    def decided(self, block: Block, samples: Samples) -> Mask:
        """Rows that the cut-off does not leave open."""
        if samples.settled_by_plan:
            return np.asarray(block.planned_ns <= samples.cutoff_ns - self.clause.limit_ns)
        open_ended = block.outcome == Outcome.IN_FLIGHT
        if self.failures is None and open_ended.any():
            open_ended &= block.waited_ns(samples.cutoff_ns) <= self.clause.limit_ns
        return np.asarray(~open_ended)

    def windows(self, samples: Samples) -> tuple[tuple[int, int], ...]:
        """Maintenance that the clause leaves out."""
        return samples.maintenance if MAINTENANCE in self.clause.excluding else ()


def leading_clause(verdict: Verdict) -> ClauseVerdict:
    """The clause that decided the verdict, one with a limit before others; the charts are about it."""
    judged = [each for each in verdict.clauses if each.verdict is not None] or list(verdict.clauses)
    decisive = [each for each in judged if each.verdict is verdict.verdict] or judged
    return next((each for each in decisive if each.clause.timed), decisive[0])


def _by_outcome(some: object) -> Mask:
    mask = np.zeros(256, dtype=np.bool_)
    mask[[int(each) for each in some]] = True  # type: ignore[attr-defined]
    return mask
