"""Readings: other ways to understand "average processing time of 10 seconds or less for 90 %", side by side.

The sentence can mean a share, a quantile, a mean of the fastest, a mean of all, or means of intervals. The share is the
primary reading: it implies the p90 exactly, is at least as strict as the mean of the fastest, needs no length of an
interval, and has honest bounds. It does not imply the others, so all of them are computed and disagreement is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.proportions import exact_share, is_met
from analysis.series import Series
from analysis.tallies import Tally
from analysis.verdict import Reading
from analysis.wording import list_text, percent_text, seconds_text
from scenarios.duration import duration_text
from scenarios.sla import Clause

INTERVALS_S = (60, 300, 3600)
WINDOWS_S = (60, 300)
FEWEST_IN_WINDOW = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassTimes:
    """What readings need to know of a class beyond its series: exact times in seconds, None where there is none."""

    tally: Tally
    quantile_s: float | None  # p90 where 90 % are required
    fastest_mean_s: float | None  # of the fastest 90 %


def judge_readings(clause: Clause, classes: Sequence[ClassTimes]) -> tuple[Reading, ...]:
    """Every reading of a clause in its worst class, the primary one first."""
    target, limit_s = clause.required, clause.limit_s
    judged = [each for each in classes if each.tally.n]
    whole = len(judged) == len(classes)
    if not clause.timed:
        shares: list[tuple[ClassTimes, float | None]] = [
            (each, each.tally.hits / each.tally.n) for each in judged
        ]
        return (_worst_share("share", clause, shares, whole),)
    found = [
        _worst_share("share", clause, [(each, each.tally.hits / each.tally.n) for each in judged], whole),
        _worst_time(quantile_id(clause), clause, [(each, each.quantile_s) for each in judged], whole),
        _worst_time("mean_of_fastest", clause, [(each, each.fastest_mean_s) for each in judged], whole),
        _worst_time("mean_of_all", clause, [(each, _mean_s(each.tally.series)) for each in judged], whole),
    ]
    for length_s in INTERVALS_S:
        intervals = [(each, _share_of_intervals(each.tally.series, length_s, limit_s)) for each in judged]
        found.append(_worst_share(f"interval_mean_{duration_text(length_s)}", clause, intervals, whole))
    for length_s in WINDOWS_S:
        windows = [(each, _worst_window(each.tally.series, length_s)) for each in judged]
        found.append(_worst_share(f"worst_window_{duration_text(length_s)}", clause, windows, whole))
    n, hits = sum(each.tally.n for each in judged), sum(each.tally.hits for each in judged)
    pooled = hits / n if n else None
    found.append(
        Reading(
            id="pooled",
            primary=False,
            value=pooled,
            limit=target,
            unit="share",
            population=None,
            met=is_met(hits, n, target) if n else None,
        )
    )
    return tuple(sorted(found, key=lambda each: not each.primary))


def disagreement(readings: Sequence[Reading]) -> str | None:
    """The readings that say otherwise than the primary one, in a sentence; None where all agree."""
    primary = next(each for each in readings if each.primary)
    others = [each for each in readings if each.met is not None and each.met is not primary.met]
    if primary.met is None or not others:
        return None
    said = "met" if primary.met else "not met"
    but = "not met" if primary.met else "met"
    named = list_text([f"{reading_name(each.id)} ({reading_value(each)})" for each in others])
    return f"Read as {reading_name(primary.id)} the clause is {said}; it is {but} read as {named}."


def quantile_id(clause: Clause) -> str:
    """p90 where 90 % are required."""
    return f"p{100 * float(exact_share(clause.required)):g}"


def primary_id(clause: Clause) -> str:
    """The reading that the clause is judged by; share and quantile always say the same."""
    return quantile_id(clause) if clause.reading == "p90" and clause.timed else "share"


def reading_name(id_: str) -> str:
    """A reading in words."""
    kind, _, length = id_.rpartition("_")
    if kind == "interval_mean":
        return f"share of intervals of {length} whose mean is within the limit"
    if kind == "worst_window":
        return f"share in the worst {length}"
    return {
        "share": "share of transactions within the limit",
        "mean_of_fastest": "mean of the fastest 90 %",
        "mean_of_all": "mean of all",
        "pooled": "share over all classes together",
    }.get(id_, id_)


def reading_value(reading: Reading) -> str:
    """The value of a reading as text, with the class in which it is worst."""
    if reading.value is None:
        text = "no number"
    else:
        text = seconds_text(reading.value) if reading.unit == "seconds" else percent_text(reading.value)
    return f"{text} in {reading.population}" if reading.population else text


def _worst_share(
    id_: str, clause: Clause, shares: Sequence[tuple[ClassTimes, float | None]], whole: bool
) -> Reading:
    known = [(share, each.tally.population) for each, share in shares if share is not None]
    value, population = min(known, default=(None, None))
    required = float(exact_share(clause.required))
    if id_ == "share":
        met = [is_met(each.tally.hits, each.tally.n, clause.required) for each, _ in shares]
    else:
        met = [share >= required for share, _ in known]
    return Reading(
        id=id_,
        primary=id_ == primary_id(clause),
        value=value,
        limit=clause.required,
        unit="share",
        population=population,
        met=_all_met(met, whole and len(known) == len(shares)),
    )


def _worst_time(
    id_: str, clause: Clause, times: Sequence[tuple[ClassTimes, float | None]], whole: bool
) -> Reading:
    """A class without a number has it among the unanswered: it is the worst, and not met."""
    endless = [each.tally.population for each, time in times if time is None]
    known = [(time, each.tally.population) for each, time in times if time is not None]
    value, population = (None, endless[0]) if endless else max(known, default=(None, None))
    return Reading(
        id=id_,
        primary=id_ == primary_id(clause),
        value=value,
        limit=clause.limit_s,
        unit="seconds",
        population=population,
        met=_all_met([time is not None and time <= clause.limit_s for _, time in times], whole),
    )


def _all_met(met: Sequence[bool], whole: bool) -> bool | None:
    return False if False in met else True if whole and met else None


def _mean_s(series: Series) -> float:
    """Mean time of all judged transactions; a lower bound where some were never answered."""
    return float(series.time_sum_s.sum() / series.n.sum())


def _share_of_intervals(series: Series, length_s: int, limit_s: float) -> float | None:
    """Of whole intervals from the first judged second on that have transactions: how many have a mean in the limit."""
    met = filled = 0
    for each in series.recordings:
        bins = int(length_s // each.width_s)
        judged = each.judged
        whole = (judged.stop - judged.start) // bins if bins else 0
        span = slice(judged.start, judged.start + whole * bins)
        n = each.n[span].reshape(whole, -1).sum(axis=1) if whole else np.zeros(0)
        sums = each.time_sum_s[span].reshape(whole, -1).sum(axis=1) if whole else np.zeros(0)
        filled += int(np.count_nonzero(n))
        met += int(np.count_nonzero(sums[n > 0] <= limit_s * n[n > 0]))
    return met / filled if filled else None


def _worst_window(series: Series, length_s: int) -> float | None:
    """The lowest share in any window of this length, second by second, that has ten transactions or more."""
    worst: float | None = None
    for each in series.recordings:
        bins, judged = int(length_s // each.width_s), each.judged
        n, hits = (np.concatenate([[0], column[judged].cumsum()]) for column in (each.n, each.hits))
        if not bins or n.size <= bins:
            continue
        size, met = n[bins:] - n[:-bins], hits[bins:] - hits[:-bins]
        enough = size >= FEWEST_IN_WINDOW
        if enough.any():
            share = float((met[enough] / size[enough]).min())
            worst = share if worst is None else min(worst, share)
    return worst
