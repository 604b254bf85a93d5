"""Doubts about what the judged rows can prove: too few, too short, resting on where the warm-up ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from analysis.doubts import Doubt, DoubtCode, Severity, doubt
from analysis.samples import Samples
from analysis.tallies import Tally
from analysis.verdict_table import VerdictCode, judge_counts
from analysis.wording import NS_PER_S, count_text, share_text
from scenarios.duration import duration_text
from scenarios.kinds import PAYMENT
from scenarios.sla import Clause

FEWEST_ROWS = 30
STALLS_TO_SEE = 100
Retally = Callable[[int], Tally]


def evidence_doubts(samples: Samples) -> Iterator[Doubt]:
    """What the recording as a whole cannot show."""
    if not samples.has_planned_times:
        yield doubt(
            DoubtCode.NO_PLANNED_TIMES,
            "The file has no planned_ns, so response time counts from the moment each request was sent. A "
            "tool that "
            "waits for an answer before it sends again hides what it would have met: record planned times.",
        )
    yield from _too_short(samples)
    if bool(samples.members(PAYMENT).any()):
        yield doubt(
            DoubtCode.MONEY_NOT_AUDITED,
            "Payments were made and no ledger was compared, so double or lost charges would not be seen "
            "here. "
            "Compare the run with the gateway's own account.",
        )


def quantity_doubts(tally: Tally) -> Iterator[Doubt]:
    """Whether a class has transactions, and enough of them."""
    name, n = tally.population, tally.n
    if n == 0:
        yield doubt(
            DoubtCode.EMPTY_CLASS,
            f"No {name} transaction was measured, so nothing can be said about a class the clause names. "
            "Add such traffic to the scenario, or judge under an SLA without that class.",
            population=name,
        )
    elif n < FEWEST_ROWS:
        yield doubt(
            DoubtCode.TOO_FEW,
            f"{n} {name} transactions were measured and {FEWEST_ROWS} are the least to conclude from. "
            "Run longer or at a higher rate.",
            population=name,
        )


def warm_up_doubts(clause: Clause, tally: Tally, warm_up_ns: int, retally: Retally) -> Iterator[Doubt]:
    """Whether a PASS hangs on where the warm-up ends. `retally` counts with the warm-up times a factor."""
    if warm_up_ns == 0 or judge_counts(tally.hits, tally.n, clause) is not VerdictCode.PASS:
        return
    for factor, how in ((0, "without a warm-up"), (2, "with a warm-up twice as long")):
        other = retally(factor)
        verdict = judge_counts(other.hits, other.n, clause)
        if verdict is not VerdictCode.PASS:
            seen = f"{share_text(other.hits, other.n)} of {count_text(other.n)}" if other.n else "none left"
            yield doubt(
                DoubtCode.WARM_UP_SENSITIVE,
                f"{how.capitalize()} ({duration_text(factor * warm_up_ns / NS_PER_S)}) the "
                f"{tally.population} counts say "
                f"{verdict.value} ({seen} within the limit), so the verdict rests on where the warm-up ends. "
                "Run longer, with a warm-up that covers the start.",
                population=tally.population,
            )


def _too_short(samples: Samples) -> Iterator[Doubt]:
    length_s = _measured_length_ns(samples) / NS_PER_S
    stall_s = samples.longest_stall_s
    seen = f"{duration_text(round(length_s, 3))} were measured"
    if stall_s is None:
        message = (
            f"{seen} and no longest_stall is declared, so nothing says which stalls can have been missed."
        )
        yield doubt(
            DoubtCode.TOO_SHORT, f"{message} Declare the longest stall you expect.", severity=Severity.NOTE
        )
    elif length_s < STALLS_TO_SEE * stall_s:
        smoke = samples.run is not None and samples.run.smoke
        yield doubt(
            DoubtCode.TOO_SHORT,
            f"{seen}; stalls of {duration_text(stall_s)} need {STALLS_TO_SEE} times that, "
            f"{duration_text(STALLS_TO_SEE * stall_s)}, to be seen as often as they occur. "
            f"{'A smoke run cannot rule them out.' if smoke else 'Run longer.'}",
            severity=Severity.NOTE if smoke else Severity.INCONCLUSIVE,
        )


def _measured_length_ns(samples: Samples) -> int:
    """As planned after the warm-up; of a file, to its last planned moment."""
    if samples.run is not None:
        return samples.run.length_ns - samples.run.warm_up_ns
    if not samples.planned_ns.size:
        return 0
    return max(0, int(np.max(samples.planned_ns)) - samples.first_ns - samples.warm_up_ns)
