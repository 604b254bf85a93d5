"""Sensitivity: the verdict had the warm-up, maintenance or the counting of failures been ruled otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from analysis.proportions import Share
from analysis.tallies import Tally
from analysis.verdict import SensitivityRow
from analysis.verdict_table import judge_share
from scenarios.observation import ANSWERS, Outcome
from scenarios.sla import Clause

_FAILURES = (Outcome.ERROR, Outcome.TIMEOUT, Outcome.CONNECTION, Outcome.SYNTAX_REJECTED, Outcome.IN_FLIGHT)


def sensitivity_rows(clause: Clause, tally: Tally, warm_up_ns: int) -> Iterator[SensitivityRow]:
    """The rows of one class: as judged, and under each other rule that would change what is counted."""
    yield _row("as judged", clause, tally, tally.measured)
    if warm_up_ns:
        yield _row("without a warm-up", clause, tally, tally.variants["warm_up_0"])
        yield _row("with a warm-up twice as long", clause, tally, tally.variants["warm_up_2"])
    if tally.excluded["maintenance"]:
        yield _row(
            "without what was under way in maintenance", clause, tally, tally.variants["maintenance_overlap"]
        )
        counted = tally.measured.hits + tally.excluded["during_hits"]
        everything = tally.measured.n + tally.excluded["maintenance"]
        yield _row(
            "maintenance not left out", clause, tally, replace(tally.measured, hits=counted, n=everything)
        )
    if clause.timed:
        yield from _other_counting(clause, tally)


def _other_counting(clause: Clause, tally: Tally) -> Iterator[SensitivityRow]:
    """What failures and unavailable payers would make of it."""
    failed = (
        _sum(tally.outcomes, _FAILURES) if not clause.also_answers else _sum(tally.outcomes, _FAILURES[:3])
    )
    if failed:
        yield _row("failures not counted", clause, tally, replace(tally.measured, n=tally.n - failed))
    unavailable = tally.outcomes.get(Outcome.PAYER_UNAVAILABLE, 0)
    if unavailable:
        within = unavailable - tally.slow_answers.get(Outcome.PAYER_UNAVAILABLE, 0)
        without = replace(tally.measured, hits=max(0, tally.hits - within), n=tally.n - unavailable)
        yield _row("payer unavailable not counted", clause, tally, without)
        as_misses = replace(tally.measured, hits=max(0, tally.hits - within))
        yield _row("payer unavailable as a miss", clause, tally, as_misses)


def _sum(outcomes: Mapping[Outcome, int], some: tuple[Outcome, ...]) -> int:
    return sum(outcomes.get(each, 0) for each in some if each not in ANSWERS)


def _row(rule: str, clause: Clause, tally: Tally, share: Share) -> SensitivityRow:
    bounds = share.bounds(clause.confidence) if share.n else None
    return SensitivityRow(
        rule=rule,
        population=tally.population,
        n=share.n,
        share=share.hits / share.n if share.n else None,
        lower=bounds.lower if bounds else None,
        upper=bounds.upper if bounds else None,
        verdict=judge_share(share, clause),
    )
