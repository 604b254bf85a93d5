"""Judging: a run folder or an observation file and a service level in, a verdict out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from analysis.accounting import accounting_doubts
from analysis.doubts import Doubt, in_order
from analysis.evidence import dependence_doubts, evidence_doubts, quantity_doubts, window_doubts
from analysis.generator_health import lateness_doubts, sending_doubts, time_out_doubts
from analysis.merging import read_recordings
from analysis.observation_file import read_observation_file
from analysis.population_verdict import judge_population, select_times
from analysis.readings import ClassTimes, disagreement, judge_readings
from analysis.roll_call import RollCall
from analysis.samples import Samples, read_run
from analysis.sensitivity import sensitivity_rows
from analysis.sentences import verdict_sentence
from analysis.tabulation import call_and_tabulate, tabulate
from analysis.tallies import Recording, Tally, tally_population
from analysis.verdict import ClauseVerdict, Correctness, FailedOn, Verdict, verdict_exit_code
from analysis.verdict_table import VerdictCode, worst_verdict
from analysis.wording import NS_PER_S, count_text
from scenarios.duration import duration_text
from scenarios.errors import DeclarationError, Problem
from scenarios.run_folder import RunFolder
from scenarios.sla import Clause, Sla


def judge_run(folder: RunFolder, slas: Sequence[Sla] = (), *, interrupted: bool = False) -> Verdict:
    """The verdict on a run folder under `slas`, or under those it was planned with.

    The exit code is 130 if end.json or the caller says that the run was interrupted. Raises RunFolderError.
    """
    samples = read_run(folder)
    assert samples.run is not None
    return judge_samples(
        (samples,), slas or samples.run.slas, interrupted=interrupted or samples.run.interrupted
    )


def judge_file(path: Path, sla: Sla) -> Verdict:
    """The verdict on an observation file. Raises DeclarationError where the file cannot be understood."""
    return judge_samples((read_observation_file(path),), (sla,))


def judge_recordings(paths: Sequence[Path], slas: Sequence[Sla] | None) -> Verdict:
    """The verdict on run folders or observation files as one. None: the service levels the runs were planned with.

    Raises DeclarationError where they do not belong together, or where files need a service level.
    """
    recordings = read_recordings(paths)
    planned = recordings[0].run.slas if recordings[0].run is not None else ()
    if not slas and not planned:
        raise DeclarationError(
            "what to judge", [Problem(where="", message="an observation file needs an SLA")]
        )
    interrupted = any(each.run is not None and each.run.interrupted for each in recordings)
    return judge_samples(recordings, slas or planned, interrupted=interrupted)


def judge_samples(
    recordings: Sequence[Samples], slas: Sequence[Sla], *, interrupted: bool = False
) -> Verdict:
    """The verdict on one recording, or several as one, under every clause of every service level."""
    clauses_of = [(sla, clause) for sla in slas for clause in sla.clauses]
    first = clauses_of[0][1]
    gone_through = [_gone_through(samples, first) for samples in recordings]
    called = [(each.samples, each.roll) for each in gone_through]
    general = [
        doubt if len(called) == 1 else replace(doubt, message=f"{Path(samples.source).name}: {doubt.message}")
        for samples, roll in called
        for doubt in _general_doubts(samples, roll)
    ]
    judged = []
    for sla, clause in clauses_of:
        if clause is not first:
            gone_through = [_tabulated(each, clause) for each in gone_through]
        judged.append(_judge_clause(gone_through, clause, sla.source, general))
    clauses = tuple(each for each, _ in judged)
    doubts = in_order([*general, *(doubt for _, own in judged for doubt in own)])
    correctness = _correctness(called)
    failed_on = _failed_on(clauses, correctness)
    code = VerdictCode.FAIL if failed_on else worst_verdict(each.verdict for each in clauses if each.verdict)
    return Verdict(
        slagate=_version(recordings[0]),
        verdict=code,
        failed_on=failed_on,
        exit_code=verdict_exit_code(code, failed_on, interrupted=interrupted),
        sentence=verdict_sentence(code, clauses, doubts, correctness),
        clauses=clauses,
        validity=doubts,
        correctness=correctness,
        run=_run_summary(recordings),
    )


def _gone_through(samples: Samples, clause: Clause) -> Recording:
    roll, table = call_and_tabulate(samples, clause)
    return Recording(samples=samples, roll=roll, table=table)


def _tabulated(recording: Recording, clause: Clause) -> Recording:
    return replace(recording, table=tabulate(recording.samples, recording.roll, clause))


def _general_doubts(samples: Samples, roll: RollCall) -> Iterator[Doubt]:
    yield from accounting_doubts(samples, roll)
    yield from sending_doubts(samples, roll)
    yield from evidence_doubts(samples, roll)


def _judge_clause(
    recordings: Sequence[Recording], clause: Clause, source: str, general: Sequence[Doubt]
) -> tuple[ClauseVerdict, list[Doubt]]:
    """A clause's verdict and the doubts that come with it."""
    first = recordings[0].samples
    names = first.custom_classes or clause.classes
    tallies = [tally_population(recordings, clause, name) for name in names]
    smoke = all(each.samples.run is not None and each.samples.run.smoke for each in recordings)
    warm_up_ns = max(each.samples.warm_up_ns for each in recordings)
    own = [doubt for each in recordings for doubt in time_out_doubts(clause, each.samples.run)]
    own += lateness_doubts(clause, tallies)
    for tally in tallies:
        own += dependence_doubts(clause, tally, smoke=smoke)
        own += [*quantity_doubts(tally), *window_doubts(clause, tally, warm_up_ns)]
    times = select_times(tallies, clause)
    populations = tuple(
        judge_population(tally, clause, each, [*general, *own])
        for tally, each in zip(tallies, times, strict=True)
    )
    readings = judge_readings(
        clause,
        [
            ClassTimes(tally=tally, quantile_s=each.quantile_s, fastest_mean_s=each.fastest_mean_s)
            for tally, each in zip(tallies, times, strict=True)
        ],
    )
    lacking = _lacking(recordings, clause, tallies)
    if lacking is not None:
        populations, own = tuple(replace(each, verdict=None) for each in populations), []
    judged = ClauseVerdict(
        clause=clause,
        source=source,
        verdict=worst_verdict(each.verdict for each in populations if each.verdict)
        if lacking is None
        else None,
        not_judged=lacking,
        populations=populations,
        readings=readings,
        disagreement=disagreement(readings),
        sensitivity=tuple(row for tally in tallies for row in sensitivity_rows(clause, tally, warm_up_ns)),
    )
    return judged, own


def _lacking(recordings: Sequence[Recording], clause: Clause, tallies: Sequence[Tally]) -> str | None:
    """What a clause needs and does not get; None where it can be judged."""
    needs = clause.needs
    if needs is None:
        return None
    spans = [each.samples.span_ns for each in recordings]
    covered_s = (max(last for _, last in spans) - min(first for first, _ in spans)) / NS_PER_S
    if needs.period is not None and covered_s < needs.period * (1 - _ROUNDING):
        covered = duration_text(round(covered_s))
        return f"it needs {duration_text(needs.period)} of observations and has {covered}"
    fewest = min((each.n for each in tallies), default=0)
    if needs.count is not None and fewest < needs.count:
        return f"it needs {count_text(needs.count)} transactions of each class and has {count_text(fewest)}"
    return None


_ROUNDING = 0.001  # the last observation of a period comes a little before its end


def _correctness(called: Sequence[tuple[Samples, RollCall]]) -> Correctness:
    """A file of another tool can report wrong replies, but not that all were checked."""
    wrong = sum(roll.wrong_replies for _, roll in called)
    checked = sum(roll.matched for samples, roll in called if samples.replies_checked)
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


def _run_summary(recordings: Sequence[Samples]) -> dict[str, Any]:
    if len(recordings) == 1:
        return _summary(recordings[0])
    rows = sum(each.size for each in recordings)
    return {"recordings": [_summary(each) for each in recordings], "rows": rows}


def _summary(samples: Samples) -> dict[str, Any]:
    run = samples.run
    if run is None:
        return {"observation_file": Path(samples.source).name, "rows": samples.size}
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
        "rows": samples.size,
        "torn_rows": run.torn,
    }
