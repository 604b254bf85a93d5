"""Judging: a run folder or an observation file and a service level in, a verdict out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from analysis.accounting import accounting_doubts
from analysis.doubts import Doubt, in_order
from analysis.evidence import dependence_doubts, evidence_doubts, quantity_doubts, warm_up_doubts
from analysis.generator_health import lateness_doubts, sending_doubts, time_out_doubts
from analysis.observation_file import read_observation_file
from analysis.population_verdict import judge_population
from analysis.samples import Samples, read_run
from analysis.sentences import verdict_sentence
from analysis.tallies import Tally, tally_population
from analysis.verdict import (
    ClauseVerdict,
    Correctness,
    FailedOn,
    PopulationVerdict,
    Reading,
    Verdict,
    verdict_exit_code,
)
from analysis.verdict_table import VerdictCode, worst_verdict
from scenarios.observation import ANSWERS, Outcome
from scenarios.run_folder import RunFolder
from scenarios.sla import Clause, Sla


def judge_run(folder: RunFolder, sla: Sla | None = None, *, interrupted: bool = False) -> Verdict:
    """The verdict on a run folder under `sla`, or under those it was planned with.

    The exit code is 130 if end.json or the caller says that the run was interrupted. Raises RunFolderError.
    """
    samples = read_run(folder)
    assert samples.run is not None
    slas = samples.run.slas if sla is None else (sla,)
    return judge_samples(samples, slas, interrupted=interrupted or samples.run.interrupted)


def judge_file(path: Path, sla: Sla) -> Verdict:
    """The verdict on an observation file. Raises DeclarationError where the file cannot be understood."""
    return judge_samples(read_observation_file(path), (sla,))


def judge_samples(samples: Samples, slas: Sequence[Sla], *, interrupted: bool = False) -> Verdict:
    """The verdict on samples under every clause of every service level."""
    general = [*accounting_doubts(samples), *sending_doubts(samples), *evidence_doubts(samples)]
    judged = [_judge_clause(samples, clause, sla.source, general) for sla in slas for clause in sla.clauses]
    clauses = tuple(each for each, _ in judged)
    doubts = in_order([*general, *(doubt for _, own in judged for doubt in own)])
    correctness = _correctness(samples)
    failed_on = _failed_on(clauses, correctness)
    code = VerdictCode.FAIL if failed_on else worst_verdict(each.verdict for each in clauses)
    return Verdict(
        slagate=_version(samples),
        verdict=code,
        failed_on=failed_on,
        exit_code=verdict_exit_code(code, failed_on, interrupted=interrupted),
        sentence=verdict_sentence(code, clauses, doubts, correctness),
        clauses=clauses,
        validity=doubts,
        correctness=correctness,
        run=_run_summary(samples),
    )


def _judge_clause(
    samples: Samples, clause: Clause, source: str, general: Sequence[Doubt]
) -> tuple[ClauseVerdict, list[Doubt]]:
    """A clause's verdict and the doubts that come with it."""
    names = samples.custom_classes or clause.classes
    tallies = [tally_population(samples, clause, name) for name in names]
    own = [*time_out_doubts(clause, samples.run), *lateness_doubts(clause, tallies)]
    smoke = samples.run is not None and samples.run.smoke
    for tally in tallies:
        own += dependence_doubts(clause, tally, smoke=smoke)
        retally = partial(_with_warm_up, samples, clause, tally.population)
        own += [*quantity_doubts(tally), *warm_up_doubts(clause, tally, samples.warm_up_ns, retally)]
    populations = tuple(judge_population(tally, clause, [*general, *own]) for tally in tallies)
    judged = ClauseVerdict(
        clause=clause,
        source=source,
        verdict=worst_verdict(each.verdict for each in populations),
        populations=populations,
        readings=(_share_reading(clause, populations),),
    )
    return judged, own


def _with_warm_up(samples: Samples, clause: Clause, population: str, factor: int) -> Tally:
    return tally_population(samples, clause, population, warm_up_factor=factor)


def _share_reading(clause: Clause, populations: Sequence[PopulationVerdict]) -> Reading:
    shares = [each.share for each in populations if each.share is not None]
    census = [each.met for each in populations]
    return Reading(
        id=clause.reading,
        primary=True,
        value=min(shares, default=None),
        limit=clause.at_least,
        met=False if False in census else None if None in census else True,
    )


def _correctness(samples: Samples) -> Correctness:
    """A file of another tool can report wrong replies, but not that all were checked."""
    wrong = int(np.count_nonzero(samples.outcome == Outcome.WRONG_REPLY))
    matched = [int(each) for each in (*ANSWERS, Outcome.WRONG_REPLY)]
    checked = int(np.count_nonzero(np.isin(samples.outcome, matched))) if samples.replies_checked else 0
    return Correctness(
        replies_checked=checked or None,
        wrong_reply=wrong if checked or wrong else None,
        money_audited=False,
        double_charged=None,
        lost=None,
    )


def _failed_on(clauses: Sequence[ClauseVerdict], correctness: Correctness) -> tuple[FailedOn, ...]:
    on_clause = any(each.verdict is VerdictCode.FAIL for each in clauses)
    found = ((FailedOn.CLAUSE, on_clause), (FailedOn.CORRECTNESS, correctness.violated))
    return tuple(reason for reason, holds in found if holds)


def _version(samples: Samples) -> str | None:
    """The version that judges; where it is not installed, the one that recorded."""
    try:
        return version("slagate")
    except PackageNotFoundError:
        return samples.run.slagate if samples.run else None


def _run_summary(samples: Samples) -> dict[str, Any]:
    run = samples.run
    if run is None:
        return {"observation_file": Path(samples.source).name, "rows": samples.planned_ns.size}
    return {
        "run_id": run.run_id,
        "scenario": run.scenario,
        "assurance": run.assurance,
        "target": run.target,
        "seed": run.seed,
        "digest": run.digest,
        "tags": dict(run.tags),
        "started_ns": run.t0_ns,
        "ended": run.end.ended if run.end else None,
        "planned": run.planned_total,
        "due": run.due,
        "rows": samples.planned_ns.size,
        "torn_rows": run.torn,
    }
