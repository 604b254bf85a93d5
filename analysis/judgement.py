"""Judging: a run folder or an observation file and a service level in, a verdict out."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from analysis.accounting import accounting_doubts
from analysis.calendar_month import CalendarMonth, MonthCoverage, month_doubts, within_month
from analysis.doubts import Doubt, in_order
from analysis.evidence import dependence_doubts, evidence_doubts, quantity_doubts, window_doubts
from analysis.generator_health import lateness_doubts, sending_doubts, time_out_doubts
from analysis.imports.formats import read_file
from analysis.merging import read_recordings
from analysis.overlaps import overlap_doubts
from analysis.population_verdict import judge_population, select_times
from analysis.readings import ClassTimes, disagreement, judge_readings
from analysis.roll_call import RollCall
from analysis.run_facts import RunFacts
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
from scenarios.kind_names import KindNames
from scenarios.run_folder import RunFolder
from scenarios.sla import Clause, Sla


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A verdict with the recordings it is about, for those who show more of them than their verdict."""

    verdict: Verdict
    recordings: tuple[Samples, ...]


def judge_run(folder: RunFolder, slas: Sequence[Sla] = (), *, interrupted: bool = False) -> Verdict:
    """The verdict on a run folder under `slas`, or under those it was planned with.

    The exit code is 130 if end.json or the caller says that the run was interrupted. Raises RunFolderError.
    """
    return judge_folder(folder, slas, interrupted=interrupted).verdict


def judge_folder(folder: RunFolder, slas: Sequence[Sla] = (), *, interrupted: bool = False) -> Judged:
    """The same with the samples that were judged."""
    samples = read_run(folder)
    assert samples.run is not None
    verdict = judge_samples(
        (samples,), slas or samples.run.slas, interrupted=interrupted or samples.run.interrupted
    )
    return Judged(verdict=verdict, recordings=(samples,))


def judge_file(path: Path, sla: Sla) -> Verdict:
    """The verdict on an observation file, or another tool's. Raises DeclarationError where it cannot be understood."""
    return judge_samples((read_file(path),), (sla,))


def judge_recordings(
    paths: Sequence[Path],
    slas: Sequence[Sla] | None,
    *,
    names: KindNames | None = None,
    month: CalendarMonth | None = None,
    now_ns: int | None = None,
) -> Verdict:
    """The verdict on run folders or files as one. None: the service levels the runs were planned with.

    Raises DeclarationError as `judge_together`.
    """
    return judge_together(paths, slas, names=names, month=month, now_ns=now_ns).verdict


def judge_together(
    paths: Sequence[Path],
    slas: Sequence[Sla] | None,
    *,
    names: KindNames | None = None,
    month: CalendarMonth | None = None,
    now_ns: int | None = None,
) -> Judged:
    """The same with the samples that were judged.

    `names` explains other tools' names. With a `month` only what was planned in it is judged; `now_ns` says whether it
    is over. Raises DeclarationError where they do not belong together, or where files need a service level.
    """
    recordings = read_recordings(paths, names)
    planned = recordings[0].run.slas if recordings[0].run is not None else ()
    if not slas and not planned:
        raise DeclarationError(
            "what to judge", [Problem(where="", message="an observation file needs an SLA")]
        )
    interrupted = any(each.run is not None and each.run.interrupted for each in recordings)
    if month is None:
        verdict = judge_samples(recordings, slas or planned, interrupted=interrupted)
        return Judged(verdict=verdict, recordings=recordings)
    inside, coverage = within_month(recordings, month, now_ns=time.time_ns() if now_ns is None else now_ns)
    verdict = judge_samples(inside, slas or planned, interrupted=interrupted, month=coverage)
    return Judged(verdict=verdict, recordings=inside)


def judge_samples(
    recordings: Sequence[Samples],
    slas: Sequence[Sla],
    *,
    interrupted: bool = False,
    month: MonthCoverage | None = None,
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
    general += overlap_doubts(recordings)
    general += month_doubts(month) if month is not None else ()
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
        sentence=(f"{month.month.text} ({month.month.zone}): " if month is not None else "")
        + verdict_sentence(code, clauses, doubts, correctness),
        clauses=clauses,
        validity=doubts,
        correctness=correctness,
        run=_run_summary(recordings, code),
        month=month,
    )


def _gone_through(samples: Samples, clause: Clause) -> Recording:
    roll, table = call_and_tabulate(samples, clause)
    return Recording(samples=samples, roll=roll, table=table)


def _tabulated(recording: Recording, clause: Clause) -> Recording:
    return replace(recording, table=tabulate(recording.samples, recording.roll, clause))


def _general_doubts(samples: Samples, roll: RollCall) -> Iterator[Doubt]:
    yield from samples.known_doubts
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


def _run_summary(recordings: Sequence[Samples], code: VerdictCode) -> dict[str, Any]:
    if len(recordings) == 1:
        return _summary(recordings[0]) | _attempts(recordings[0], code)
    rows = sum(each.size for each in recordings)
    return {"recordings": [_summary(each) for each in recordings], "rows": rows}


def _attempts(samples: Samples, code: VerdictCode) -> dict[str, Any]:
    """Every attempt at this run in order, itself last, where INVALID ones came before."""
    if samples.run is None or not samples.run.earlier_attempts:
        return {}
    own = {"run_dir": Path(samples.source).name, "verdict": code.value}
    return {"attempts": [*samples.run.earlier_attempts, own]}


def _stopped_after_s(run: RunFacts) -> float | None:
    """How far into the run nothing more was sent; None where it went to its planned end."""
    stopped_ns = run.end.stopped_ns if run.end else None
    return None if stopped_ns is None else round((stopped_ns - run.t0_ns) / NS_PER_S, 3)


def _summary(samples: Samples) -> dict[str, Any]:
    run = samples.run
    if run is None:
        found: dict[str, Any] = {"observation_file": Path(samples.source).name, "rows": samples.size}
        if samples.origin is not None:
            found |= {"format": samples.origin.tool, "torn_rows": samples.origin.torn}
            found["left_out"] = dict(samples.origin.left_out)
        return found
    return {
        "run_id": run.run_id,
        "scenario": run.scenario,
        "assurance": run.assurance,
        "target": run.target,
        "seed": run.seed,
        "digest": run.digest,
        "tags": dict(run.tags),
        "command": list(run.command),
        "started_ns": run.t0_ns,
        "ended": run.end.ended if run.end else None,
        "ended_because": run.end.reason if run.end else None,
        "stopped_after_s": _stopped_after_s(run),
        "planned": run.planned_total,
        "due": run.due,
        "rows": samples.size,
        "torn_rows": run.torn,
    }
