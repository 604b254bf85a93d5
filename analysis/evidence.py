"""Doubts about what the judged rows can prove: too few, too short, unsteady, resting on where the warm-up ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from analysis.doubts import Doubt, DoubtCode, Severity, doubt
from analysis.proportions import Share
from analysis.roll_call import RollCall
from analysis.run_facts import COMPLETED
from analysis.samples import Samples
from analysis.steadiness import find_drifts, find_settling_time
from analysis.tallies import Tally
from analysis.verdict_table import VerdictCode, is_passed, judge_share
from analysis.wording import NS_PER_S, count_text, share_text
from scenarios.duration import duration_text
from scenarios.kinds import PAYMENT
from scenarios.sla import Clause

FEWEST = 30  # effective size
STALLS_TO_SEE = 100
DOUBLING = 2.0


def evidence_doubts(samples: Samples, roll: RollCall) -> Iterator[Doubt]:
    """What the recording as a whole cannot show."""
    if not samples.has_planned_times:
        yield doubt(DoubtCode.NO_PLANNED_TIMES, _unplanned(samples))
    yield from _too_short(samples)
    if any(count and samples.kind_class.get(kind) == PAYMENT for kind, count in roll.rows_by_kind.items()):
        yield doubt(
            DoubtCode.MONEY_NOT_AUDITED,
            "Payments were made and no ledger was compared, so double or lost charges would not be seen "
            "here. "
            "Compare the run with the gateway's own account.",
        )


def _unplanned(samples: Samples) -> str:
    """What a file without planned times cannot know, and what else is known of it."""
    hidden = "A tool that waits for an answer before it sends again hides what it would have met"
    counted = "so response time counts from the moment each request was sent"
    if samples.origin is None:
        return f"The file has no planned_ns, {counted}. {hidden}: record planned times."
    open_ended = (
        "Requests without an answer when the tool stopped are not in it, so those sent later than a limit before its "
        "last moment are not judged"
    )
    remarks = "".join(f" {each}" for each in samples.origin.remarks)
    return (
        f"The file is of another tool ({samples.origin.tool}) and has no planned times, {counted}. {hidden}. "
        f"{open_ended}.{remarks} For a PASS, send the traffic by slagate or record planned times."
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
    elif (size := tally.measured.n_effective) < FEWEST:
        why = (
            f"as dependent as they are they tell as much as {size:.0f} independent ones"
            if tally.measured.inflation.vif is not None
            else f"nothing varies in them that would show how dependent they are, so they are taken for {size:.0f} "
            "independent ones"
        )
        yield doubt(
            DoubtCode.TOO_FEW,
            f"{count_text(n)} {name} transactions were measured; {why}, and {FEWEST} are the least to conclude from. "
            "Run longer or at a higher rate.",
            population=name,
        )


def dependence_doubts(clause: Clause, tally: Tally, *, smoke: bool) -> Iterator[Doubt]:
    """Whether dependence reaches further than the run can show, or the system was not the same throughout."""
    yield from _long_memory(clause, tally)
    yield from _not_steady(tally, smoke=smoke)
    yield from _partial_cycle(tally)


def window_doubts(clause: Clause, tally: Tally, warm_up_ns: int) -> Iterator[Doubt]:
    """Whether a PASS hangs on where the warm-up ends, or on which transactions belong to a maintenance window."""
    if not is_passed(tally.measured, clause):
        return
    variants = []
    if warm_up_ns:
        twice = duration_text(2 * warm_up_ns / NS_PER_S)
        variants += [
            ("warm_up_0", DoubtCode.WARM_UP_SENSITIVE, "Without a warm-up"),
            ("warm_up_2", DoubtCode.WARM_UP_SENSITIVE, f"With a warm-up twice as long ({twice})"),
        ]
    if tally.excluded["maintenance"]:
        how = "With every transaction left out that was under way in maintenance"
        variants.append(("maintenance_overlap", DoubtCode.MAINTENANCE_SENSITIVE, how))
    for name, code, how in variants:
        other = tally.variants[name]
        verdict = judge_share(_as_many(other, tally.measured), clause)
        if verdict is not VerdictCode.PASS:
            seen = f"{share_text(other.hits, other.n)} of {count_text(other.n)}" if other.n else "none left"
            edge = (
                "the warm-up ends" if code is DoubtCode.WARM_UP_SENSITIVE else "maintenance is taken to end"
            )
            yield doubt(
                code,
                f"{how} the {tally.population} share says {verdict.value} ({seen} within the limit), so the verdict "
                f"rests on where {edge}. Run longer, with windows that cover what does not belong.",
                population=tally.population,
            )


def _as_many(other: Share, measured: Share) -> Share:
    """The share of other rows at the measured number of rows: a window that only leaves fewer is no reason to doubt."""
    if not other.n:
        return other
    return replace(measured, hits=other.hits * measured.n // other.n)


def _too_short(samples: Samples) -> Iterator[Doubt]:
    length_s = _measured_length_ns(samples) / NS_PER_S
    stall_s = samples.longest_stall_s
    end = samples.run.end if samples.run is not None else None
    early = end is not None and end.ended != COMPLETED
    seen = f"{duration_text(round(length_s, 3))} were {'to be ' if early else ''}measured"
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


def _long_memory(clause: Clause, tally: Tally) -> Iterator[Doubt]:
    """VIF that still doubles from batches of a fortieth of the run to those of a tenth may double again.

    Ten batches are noisy: in one of fifteen runs of independent transactions it doubles by chance. So it counts only
    where the PASS would not survive one more such step.
    """
    share = tally.measured
    growth = share.inflation.growth
    if share.inflation.vif is None or growth < DOUBLING or not is_passed(share, clause):
        return
    further = replace(share.inflation, vif=share.inflation.vif * growth)
    if not is_passed(replace(share, inflation=further), clause):
        yield doubt(
            DoubtCode.LONG_MEMORY,
            f"The {tally.population} misses vary {growth:.1f} times as much between tenths of the run as fortieths "
            "would have it, so what happens once still shows long after, and the bounds would not hold if it "
            "went on so. Run several times as long.",
            population=tally.population,
        )


def _not_steady(tally: Tally, *, smoke: bool) -> Iterator[Doubt]:
    name = tally.population
    for drift in [drift for each in tally.series.recordings for drift in find_drifts(each, smoke=smoke)]:
        yield doubt(
            DoubtCode.NOT_STEADY,
            f"The {drift.measure} is {_number(drift.first)} in the first half of the run and "
            f"{_number(drift.second)} in the second ({name}), more than chance explains, so no one share describes "
            "the run. Run longer at a rate that the gateway carries, with a warm-up that covers the start.",
            population=name,
        )
    settling_s = max(find_settling_time(each) for each in tally.series.recordings)
    if settling_s:
        yield doubt(
            DoubtCode.NOT_STEADY,
            f"The first {duration_text(round(settling_s))} after the warm-up differ from the rest ({name}, MSER), so "
            "the start was still being measured. Declare a warm-up that covers it and run again.",
            population=name,
        )


def _partial_cycle(tally: Tally) -> Iterator[Doubt]:
    series = tally.series.recordings[0]
    judged = series.judged
    if series.cycle_s is None or not tally.n:
        return
    length_s = (judged.stop - judged.start) * series.width_s
    cycles = length_s / series.cycle_s
    if cycles < 1.9 or abs(cycles - round(cycles)) * series.cycle_s > 2 * series.width_s:
        yield doubt(
            DoubtCode.PARTIAL_CYCLE,
            f"{duration_text(length_s)} of {tally.population} transactions are {cycles:.2f} declared load cycles "
            f"of {duration_text(series.cycle_s)}, so some part of the cycle counts more often than another. "
            "Measure whole cycles, two at least.",
            population=tally.population,
        )


def _number(value: float) -> str:
    return f"{value:.3g}"


def _measured_length_ns(samples: Samples) -> int:
    """As planned after the warm-up; of a file, to its last planned moment."""
    if samples.run is not None and not samples.days_ns:
        return samples.run.length_ns - samples.run.warm_up_ns
    if not samples.size:
        return 0
    first, last = samples.span_ns
    return max(0, last - first - samples.warm_up_ns)
