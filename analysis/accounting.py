"""Doubts about the recording: is every planned arrival there once, and did the run reach its planned end?"""

from __future__ import annotations

from collections.abc import Iterator

from analysis.doubts import Doubt, DoubtCode, doubt
from analysis.roll_call import RollCall
from analysis.run_facts import COMPLETED, CURTAILED, STOPPED_BY_RULE, EndFacts, RunFacts
from analysis.samples import Samples
from analysis.wording import count_text, share_text
from scenarios.observation import STEPS_PER_ROOT

_NAMED = 5  # arrivals named in a message
ALIKE_BY_CHANCE = 1e-4  # share of rows of another tool, whose stamps are coarse, that may agree in everything
_AS_DECLARED = (COMPLETED, CURTAILED, STOPPED_BY_RULE)


def accounting_doubts(samples: Samples, roll: RollCall) -> Iterator[Doubt]:
    """Everything that is wrong with the rows as a record of what was planned."""
    if samples.run is not None:
        yield from _missing(roll.recorded, samples.run)
        yield from _ending(samples.run)
    yield from _impossible(samples, roll)
    yield from _duplicates(samples, roll)


def _missing(recorded: int, run: RunFacts) -> Iterator[Doubt]:
    reported = run.end.missing_total if run.end else 0
    if recorded == run.due and not run.torn and not reported:
        return
    seen = f"{count_text(recorded)} arrivals are recorded and {count_text(run.due)} should be"
    if run.torn:
        seen += f"; {run.torn} torn last rows were dropped"
    if run.end and run.end.missing:
        named = ", ".join(_arrival_text(each) for each in run.end.missing[:_NAMED])
        seen += f"; missing are {named}{' and others' if len(run.end.missing) > _NAMED else ''}"
    why = "What happened to the others is unknown, and it may be the slow ones that are lost"
    yield doubt(DoubtCode.ROWS_MISSING, f"{seen}. {why}. Look into engine.log for the cause and run again.")


def _arrival_text(arrival: int) -> str:
    root, step = divmod(arrival, STEPS_PER_ROOT)
    return f"{root}.{step}" if step else str(root)


def _ending(run: RunFacts) -> Iterator[Doubt]:
    if run.end is None:
        yield doubt(
            DoubtCode.ENDED_EARLY,
            "There is no end.json, so everything was killed before the planned end. "
            "Later traffic may have gone worse than what is recorded: run again to the end.",
        )
        return
    end = run.end
    if end.ended not in _AS_DECLARED:
        yield doubt(
            DoubtCode.ENDED_EARLY,
            f"The run ended as {end.ended} with {count_text(end.not_due)} of "
            f"{count_text(run.planned_total)} planned "
            "arrivals not yet due. Later traffic may have gone worse than what is recorded: run again to "
            "the end.",
        )
    yield from _cause_of_end(end)


def _cause_of_end(end: EndFacts) -> Iterator[Doubt]:
    because = f" ({end.reason})" if end.reason else ""
    if end.ended == "engine-lost":
        yield doubt(
            DoubtCode.WORKER_LOST,
            f"The process that sends vanished{because}, and {count_text(end.missing_total)} arrivals have "
            "no row. "
            "Look for the out-of-memory killer and into engine.log, then run again.",
        )
    if end.ended == "recorder-failed" or end.recorder_failure is not None:
        cause = end.recorder_failure or end.reason or "cause not recorded"
        yield doubt(
            DoubtCode.RECORDER_FAILED,
            f"A row could not be written: {cause}. Sending stopped, because unrecorded payments must not "
            "be sent. "
            "Free space in the run folder's file system or choose another with --out.",
        )
    if end.ended == "not-authorised":
        yield doubt(
            DoubtCode.NOT_AUTHORISED,
            f"The gateway refused the credentials 20 times in a row{because} and the run stopped. "
            "Refusals say nothing about speed: check [auth] of the target, then `slagate check`.",
        )


def _impossible(samples: Samples, roll: RollCall) -> Iterator[Doubt]:
    if roll.first_impossible is not None:
        share = share_text(roll.impossible, samples.size)
        yield doubt(
            DoubtCode.IMPOSSIBLE_ROWS,
            f"{count_text(roll.impossible)} of {count_text(samples.size)} rows ({share}) cannot be true, row "
            f"{roll.first_impossible + 1} "
            "first: they end before they start, were answered without a time, or hold an unknown number. "
            "Such a clock or file cannot be judged: repair what wrote it and record again.",
        )


def _duplicates(samples: Samples, roll: RollCall) -> Iterator[Doubt]:
    """The same arrival and attempt twice or, where arrivals have no number, rows that agree in everything."""
    by_chance = samples.origin is not None and roll.repeated <= ALIKE_BY_CHANCE * samples.size
    if roll.repeated and not by_chance:
        what = "repeat an arrival and attempt" if samples.numbered else "are identical with another row"
        yield doubt(
            DoubtCode.DUPLICATE_ROWS,
            f"{count_text(roll.repeated)} of {count_text(samples.size)} rows {what}. "
            "Counting a transaction twice moves the share and makes bounds too narrow: join each file once"
            f"{', or number the rows in a column `arrival`' if samples.origin is None else ''}.",
        )
