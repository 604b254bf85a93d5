"""Tallies: the judged rows of one population counted into hits, misses by cause, and questionable misses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from analysis.proportions import Share
from analysis.quantiles import estimate_quantiles
from analysis.samples import OWN_LAG_SATURATED_MS, Mask, Nanoseconds, Samples
from analysis.series import Bins, Series
from analysis.windows import Window, judged_window
from scenarios.observation import ANSWERS, NEVER, Outcome
from scenarios.sla import Clause

SLOW = "slow"
REFUSED_CREDENTIALS = (401, 403)
NS_PER_MS = 1_000_000

# Time alone made these a miss: had it been measured or waited for properly, it could have been a hit.
_ENDED_BY_TIME = (Outcome.TIMEOUT, Outcome.IN_FLIGHT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """One population under one clause, counted."""

    population: str
    window: Window
    n: int
    hits: int
    hits_without_own_lag: int  # as if the generator had never been late
    questionable: int  # misses that may be our own fault
    unrecorded: int  # measured arrivals without a row: not in n
    misses: Mapping[str, int]
    answered_ns: Nanoseconds  # response times of the answered rows
    service_ns: Nanoseconds  # the same from their start
    own_lag_ms: npt.NDArray[np.int64]
    series: Series

    @property
    def measured(self) -> Share:
        """The share of hits and what dependence costs it."""
        return Share(hits=self.hits, n=self.n, inflation=self.series.inflation())

    @property
    def without_own_lag(self) -> Share:
        """The same as if the generator had never been late."""
        return replace(self.measured, hits=self.hits_without_own_lag)

    @property
    def favourable(self) -> Share:
        """The share with every questionable or unrecorded row as a hit: what a FAIL must survive."""
        inflation = self.series.inflation(favourable=True)
        return Share(hits=self.favourable_hits, n=self.favourable_n, inflation=inflation)

    @property
    def favourable_hits(self) -> int:
        """Hits with every questionable or unrecorded row counted as one: what a FAIL must survive."""
        return self.hits + self.questionable + self.unrecorded

    @property
    def favourable_n(self) -> int:
        return self.n + self.unrecorded


def tally_population(samples: Samples, clause: Clause, population: str, *, warm_up_factor: int = 1) -> Tally:
    """Count the judged rows of one population."""
    window = judged_window(samples, clause, population, warm_up_factor=warm_up_factor)
    outcome, waited = samples.outcome, samples.waited_ns
    impossible = samples.impossible
    answered = np.isin(outcome, _answers(clause)) & ~impossible
    hit = answered & (waited <= clause.limit_ns)
    rows = _once_each(samples, window.rows, hit, waited)
    saturated = samples.own_lag_ms >= OWN_LAG_SATURATED_MS
    without_lag = saturated | (waited - samples.own_lag_ms * NS_PER_MS <= clause.limit_ns)
    doubtful = _questionable(samples, answered, without_lag) | impossible
    replied = rows[answered[rows]]
    return Tally(
        population=population,
        window=window,
        n=rows.size,
        hits=_count(hit[rows]),
        hits_without_own_lag=_count((hit | (answered & without_lag))[rows]),
        questionable=_count((doubtful & ~hit)[rows]),
        unrecorded=_unrecorded(samples, population),
        misses=_causes(outcome[rows], answered[rows], hit[rows]),
        answered_ns=waited[replied],
        service_ns=samples.ended_ns[replied] - samples.started_ns[replied],
        own_lag_ms=samples.own_lag_ms[rows],
        series=_series(samples, population, rows, hit, doubtful, answered),
    )


def _series(
    samples: Samples, population: str, rows: npt.NDArray[np.intp], hit: Mask, doubtful: Mask, answered: Mask
) -> Series:
    planned = samples.planned_ns
    bins = Bins.spanning(*samples.span_ns)
    places, waited = bins.places(planned), samples.waited_ns
    p50, p75 = estimate_quantiles(waited[rows[answered[rows]]], rows.size, (0.5, 0.75))
    judged = np.zeros(planned.size, dtype=np.bool_)
    judged[rows] = True
    members = samples.members(population) & samples.originals
    over = members & (samples.ended_ns != NEVER) & (samples.ended_ns < bins.end_ns)

    def counted(mask: Mask, at: npt.NDArray[np.int64] = places) -> npt.NDArray[np.int64]:
        return np.bincount(at[mask], minlength=bins.count)

    return Series(
        bins=bins,
        n=counted(judged),
        hits=counted(judged & hit),
        favourable=counted(judged & (hit | doubtful)),
        faster_p50=counted(judged & answered & (waited <= (-1 if p50 is None else p50))),
        faster_p75=counted(judged & answered & (waited <= (-1 if p75 is None else p75))),
        planned=counted(members),
        ended=counted(over, bins.places(samples.ended_ns)),
        cycle_s=samples.cycle_s,
    )


def _answers(clause: Clause) -> list[int]:
    return [int(each) for each in Outcome if each in ANSWERS or each.text in clause.also_answers]


def _questionable(samples: Samples, answered: Mask, without_lag: Mask) -> Mask:
    """Misses that may be ours: late through own lag, cut short of the limit, never sent, credentials refused.

    An arrival that a run gave up before it had waited the limit counts as cut short. Of other tools' files
    nobody knows when an arrival was given up.
    """
    by_time = answered | np.isin(samples.outcome, _ENDED_BY_TIME)
    never_sent = (samples.outcome == Outcome.NOT_STARTED) & (samples.own_lag_ms > 0)
    if samples.run is not None:
        by_time |= samples.outcome == Outcome.NOT_STARTED
    refused = (samples.outcome == Outcome.ERROR) & np.isin(samples.status, REFUSED_CREDENTIALS)
    mask: Mask = (by_time & without_lag) | never_sent | refused
    return mask


def _once_each(
    samples: Samples, rows: npt.NDArray[np.intp], hit: Mask, waited: Nanoseconds
) -> npt.NDArray[np.intp]:
    """The rows with each arrival once. Of duplicates the best stays: no FAIL rests on a recording fault."""
    if samples.arrival is None or rows.size == 0:
        return rows
    arrival = samples.arrival[rows]
    if np.unique(arrival).size == rows.size:
        return rows
    order = np.lexsort((samples.outcome[rows], waited[rows], ~hit[rows], arrival))
    first = np.append(True, np.diff(arrival[order]) != 0)
    kept: npt.NDArray[np.intp] = rows[order[first]]
    return kept


def _causes(outcome: npt.NDArray[np.uint8], answered: Mask, hit: Mask) -> dict[str, int]:
    causes = {SLOW: _count(answered & ~hit)}
    other = np.bincount(outcome[~answered], minlength=256)
    causes |= {each.text: int(other[each]) for each in Outcome if each not in ANSWERS and other[each]}
    impossible = _count(~hit) - sum(causes.values())
    return causes | ({"impossible": impossible} if impossible else {})


def _unrecorded(samples: Samples, population: str) -> int:
    """Measured arrivals of a class that should have a row and have none."""
    if samples.run is None:
        return 0
    return sum(
        max(0, due - recorded_arrivals(samples, kind))
        for kind, due in samples.run.due_by_kind.items()
        if kind in samples.kinds and samples.kind_class.get(kind) == population
    )


def recorded_arrivals(samples: Samples, kind: str | None = None) -> int:
    """Distinct arrivals that have a row: all of them, or those of one kind after the warm-up."""
    mask = samples.originals
    if kind is not None:
        mask = mask & (samples.kind == samples.kinds.index(kind))
        mask &= samples.planned_ns >= samples.first_ns + samples.warm_up_ns
    if samples.arrival is None:
        return _count(mask)
    return int(np.unique(samples.arrival[mask]).size)


def _count(mask: Mask) -> int:
    return int(np.count_nonzero(mask))
