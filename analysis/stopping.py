"""Whether a run that is going on may stop: its census can no longer change, or a rule chosen beforehand is satisfied.

Three things must hold. The rule says so on what is settled (`curtailment`, `sequential`); it would say the same if
everything under way went against it; and the complete judgement of the folder so far gives the same verdict, so that no
doubt is dodged by stopping.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from analysis.curtailment import Progress, Stop, judge_all_clauses
from analysis.judgement import judge_samples
from analysis.live import Standing
from analysis.roll_call import call_roll
from analysis.run_facts import CURTAILED, STOPPED_BY_RULE, EndFacts, RunFacts
from analysis.samples import Samples, read_run
from analysis.sequential import LEAST_S, judge_early
from analysis.verdict import FailedOn
from analysis.verdict_table import VerdictCode
from analysis.wording import count_text
from scenarios.duration import duration_text
from scenarios.run_folder import RunFolder
from scenarios.sla import Clause


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyEnd:
    """A run is to stop: how end.json calls it, the verdict that stands, and why."""

    ended: str
    verdict: VerdictCode
    reason: str


def find_curtailment(
    standings: Sequence[Standing], most: Mapping[Clause, Mapping[str, int]], under_way: int
) -> EarlyEnd | None:
    """The verdict that nothing can change any more, if there is one. `most`: judged arrivals of the plan by class.

    A clause that counts seconds, or needs more than is settled, is never certain: a PASS then waits for the end.
    """
    by_clause = _by_clause(standings)
    certain = {clause: each for clause, each in by_clause.items() if _can_be_certain(clause, each)}

    def judge(hits: int, misses: int) -> Stop | None:
        stop = judge_all_clauses(
            {
                clause: [
                    Progress(
                        population=each.population,
                        share=_with(each, hits, misses).settled,
                        most=most[clause][each.population],
                    )
                    for each in found
                ]
                for clause, found in certain.items()
            }
        )
        every = len(certain) == len(by_clause)
        return stop if stop is not None and (every or stop.verdict is VerdictCode.FAIL) else None

    stop = judge(0, 0)
    if stop is None:
        return None
    against = judge(under_way, 0) if stop.verdict is VerdictCode.FAIL else judge(0, under_way)
    if against is None or against.verdict is not stop.verdict:
        return None
    return EarlyEnd(ended=CURTAILED, verdict=stop.verdict, reason=stop.reason)


def find_early_stop(
    standings: Sequence[Standing], under_way: int, measured_s: float, *, longest_stall_s: float | None
) -> EarlyEnd | None:
    """The verdict for which the evidence suffices after `measured_s` of decided time, by the tempered e-process.

    One class that fails is enough; a PASS needs every class of every clause.
    """
    verdicts = []
    for each in standings:
        fails = _with(each, under_way, 0).share
        passes = _with(each, 0, under_way).share
        sides = [
            judge_early(share, each.clause, measured_s, longest_stall_s=longest_stall_s)
            for share in (fails, passes)
        ]
        verdicts.append(sides[0] if sides[0] is sides[1] and _can_be_certain(each.clause, [each]) else None)
    failed = [each for each, said in zip(standings, verdicts, strict=True) if said is VerdictCode.FAIL]
    if failed:
        return _by_rule(VerdictCode.FAIL, failed[:1], measured_s)
    if standings and all(said is VerdictCode.PASS for said in verdicts):
        return _by_rule(VerdictCode.PASS, standings, measured_s)
    return None


def stands(folder: RunFolder, wanted: VerdictCode) -> bool:
    """Whether the complete judgement of what is recorded so far gives this verdict. Raises RunFolderError."""
    samples = read_run(folder)
    assert samples.run is not None
    verdict = judge_samples((replace(samples, run=_as_if_ended(samples, samples.run)),), samples.run.slas)
    return verdict.verdict is wanted and FailedOn.CORRECTNESS not in verdict.failed_on


def too_short_for_early_stop(measured_s: float, longest_stall_s: float | None) -> bool:
    """Whether a run of so much measured time ends before the rule may decide anything."""
    return measured_s <= max(LEAST_S, 100 * (longest_stall_s or 0.0))


def _as_if_ended(samples: Samples, run: RunFacts) -> RunFacts:
    """The facts of a run that stopped with exactly what is recorded."""
    roll = call_roll(samples)
    end = EndFacts(
        ended=CURTAILED,
        reason=None,
        stopped_ns=samples.cutoff_ns,
        ended_ns=samples.cutoff_ns,
        due=roll.recorded,
        not_due=run.planned_total - roll.recorded,
        due_by_kind=roll.recorded_by_kind,
        missing=(),
        missing_total=0,
        recorder_failure=None,
        pool_waits=0,
        cpu_share=None,
    )
    return replace(run, end=end, torn=0)  # the last row may be being written


def _by_clause(standings: Iterable[Standing]) -> dict[Clause, list[Standing]]:
    found: dict[Clause, list[Standing]] = {}
    for each in standings:
        found.setdefault(each.clause, []).append(each)
    return found


def _can_be_certain(clause: Clause, classes: Sequence[Standing]) -> bool:
    if clause.measure == "availability":
        return False
    needs = clause.needs
    if needs is None:
        return True
    fewest = min(each.settled_n for each in classes)
    return needs.period is None and (needs.count is None or fewest >= needs.count)


def _with(each: Standing, hits: int, misses: int) -> Standing:
    """The standing with so many more transactions decided."""
    more = hits + misses
    return replace(
        each,
        n=each.n + more,
        hits=each.hits + hits,
        settled_n=each.settled_n + more,
        settled_hits=each.settled_hits + hits,
    )


def _by_rule(verdict: VerdictCode, decided: Sequence[Standing], measured_s: float) -> EarlyEnd:
    after = duration_text(int(measured_s))
    named = "; ".join(
        f"{each.clause.id} {'is met' if verdict is VerdictCode.PASS else 'is not met'} for {each.population}: "
        f"{count_text(each.hits)} of {count_text(each.n)} decided transactions are good, which tell as much as "
        f"{each.share.n_effective:.0f} independent ones"
        for each in decided
    )
    reason = f"--early-stop: the evidence suffices after {after} of decided time: {named}"
    return EarlyEnd(ended=STOPPED_BY_RULE, verdict=verdict, reason=reason)
