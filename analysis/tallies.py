"""Tallies: the judged rows of one population counted into hits, misses by cause, and questionable misses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from analysis.dependence import Inflation
from analysis.proportions import Share
from analysis.response_times import Pool
from analysis.roll_call import RollCall
from analysis.samples import Samples
from analysis.series import Series, joined_series, stacked_series
from analysis.table import MEASURED, Table
from scenarios.observation import ANSWERS, Outcome
from scenarios.sla import Clause

SLOW = "slow"
RUNS_AS_UNITS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A recording that has been gone through: its facts, its roll call, and its table under one clause."""

    samples: Samples
    roll: RollCall
    table: Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """One population under one clause, counted over one recording or several."""

    population: str
    n: int
    hits: int
    hits_without_own_lag: int  # as if the generator had never been late
    questionable: int  # misses that may be our own fault
    unrecorded: int  # measured arrivals without a row: not in n
    misses: Mapping[str, int]
    outcomes: Mapping[Outcome, int]  # judged rows by outcome
    slow_answers: Mapping[Outcome, int]  # of these, answers beyond the limit
    excluded: Mapping[str, int]
    own_lag_ms: npt.NDArray[np.int64]  # (65536,): judged rows by own lag; without lag is not counted
    series: Series
    measured: Share  # hits of n
    favourable: Share  # with every questionable or unrecorded row as a hit: what a FAIL must survive
    response: Pool
    service: Pool
    variants: Mapping[str, Share]  # warm-up times 0 and 2, maintenance by overlap
    kinds: tuple[Tally, ...]  # the same for each kind of a class
    days: npt.NDArray[np.int64]  # (days of a month, 2): judged, and of these hits

    @property
    def without_own_lag(self) -> Share:
        """The share as if the generator had never been late."""
        return replace(self.measured, hits=self.hits_without_own_lag)


def tally_population(recordings: Sequence[Recording], clause: Clause, population: str) -> Tally:
    """Count the judged rows of a class, or of a kind that stands in for one; for availability its seconds."""
    names = dict.fromkeys(
        each.samples.kinds[place]
        for each in recordings
        for place in each.samples.kinds_of(population).tolist()
    )
    kinds = [name for name in names if any(each.roll.rows_by_kind.get(name) for each in recordings)]
    below = [_tally(recordings, (name,), name, ()) for name in kinds] if len(kinds) > 1 else []
    unrecorded = sum(_unrecorded(each, names) for each in recordings)
    whole = _tally(recordings, kinds, population, tuple(each for each in below if each.n))
    favourable = replace(
        whole.favourable, hits=whole.favourable.hits + unrecorded, n=whole.favourable.n + unrecorded
    )
    whole = replace(whole, unrecorded=unrecorded, favourable=favourable)
    return _service(whole) if clause.measure == "availability" else whole


def _service(tally: Tally) -> Tally:
    """The tally with seconds for transactions."""
    series = tally.series.as_service()
    n, hits, favourable = (int(each.sum()) for each in (series.n, series.hits, series.favourable))
    measured = Share(hits=hits, n=n, inflation=series.inflation())
    return replace(
        tally,
        n=n,
        hits=hits,
        hits_without_own_lag=hits,
        series=series,
        measured=measured,
        favourable=Share(hits=favourable, n=n, inflation=series.inflation(favourable=True)),
        misses={"without_service": n - hits},
        outcomes={},
        variants=dict.fromkeys(tally.variants, measured),
        kinds=(),
        days=tally.days[:0],  # counted in transactions, not in seconds
    )


def _tally(
    recordings: Sequence[Recording], names: Sequence[str], population: str, kinds: tuple[Tally, ...]
) -> Tally:
    parts = [
        (each.table, [each.samples.kinds.index(name) for name in names if name in each.samples.kinds])
        for each in recordings
    ]

    def total(column: str, zones: slice = MEASURED) -> int:
        return sum(int(getattr(table, column)[:, of, zones].sum()) for table, of in parts)

    n, hits, questionable = total("n"), total("hits"), total("questionable")
    lag_hits = sum(int(table.hits_without_own_lag[of, MEASURED].sum()) for table, of in parts)
    at_one_time = _at_one_time(recordings)
    series = [stacked_series([parts[at][0].series(parts[at][1]) for at in group]) for group in at_one_time]
    inflation, favourable = (_inflation(series, favourable=each) for each in (False, True))
    measured = Share(hits=hits, n=n, inflation=inflation)
    return Tally(
        population=population,
        n=n,
        hits=hits,
        hits_without_own_lag=hits + lag_hits,
        questionable=questionable,
        unrecorded=0,
        misses=miss_causes(parts, n - hits),
        outcomes=_by_outcome([table.outcomes[of] for table, of in parts]),
        slow_answers=_by_outcome([table.slow_answers[of] for table, of in parts]),
        excluded={reason: sum(table.left_out(reason, of) for table, of in parts) for reason in _REASONS},
        own_lag_ms=np.sum([table.own_lag_ms[of].sum(axis=0) for table, of in parts], axis=0),
        series=joined_series(series),
        measured=measured,
        favourable=Share(hits=hits + questionable, n=n, inflation=favourable),
        response=Pool(parts=tuple((table.times, tuple(of)) for table, of in parts)),
        service=Pool(parts=tuple((table.times, tuple(of)) for table, of in parts), service=True),
        variants=_variants(parts, at_one_time, measured),
        kinds=kinds,
        days=np.sum([table.days[:, of].sum(axis=1) for table, of in parts], axis=0),
    )


_REASONS = (
    "warm_up",
    "maintenance",
    "unresolvable",
    "unresolvable_hits",
    "undecided",
    "overlapping",
    "overlapping_hits",
    "during_hits",
)


def _inflation(series: Sequence[Series], *, favourable: bool) -> Inflation:
    """What dependence costs: within a recording, or between runs where there are three or more."""
    if len(series) < RUNS_AS_UNITS:
        return joined_series(series).inflation(favourable=favourable)
    hits = [int((each.favourable if favourable else each.hits).sum()) for each in series]
    between = Inflation.between_runs([int(each.n.sum()) for each in series], hits)
    return between or joined_series(series).inflation(favourable=favourable)


def _at_one_time(recordings: Sequence[Recording]) -> list[list[int]]:
    """The places of recordings in groups: files that overlap in time are one unit, any other recording is its own."""
    groups: dict[object, list[int]] = {}
    for at, each in enumerate(recordings):
        groups.setdefault(each.samples.shared_span_ns or at, []).append(at)
    return list(groups.values())


def _variants(
    parts: Sequence[tuple[Table, list[int]]], at_one_time: Sequence[Sequence[int]], measured: Share
) -> dict[str, Share]:
    """The share under other windows. Their inflation is the larger of their own and the measured one."""
    found = {}
    for name, zones in (("warm_up_0", slice(0, 3)), ("warm_up_2", slice(2, 3))):
        stacked = (
            stacked_series([parts[at][0].series(parts[at][1], zones=zones) for at in group])
            for group in at_one_time
        )
        series = joined_series([*stacked])
        hits, n = int(series.hits.sum()), int(series.n.sum())
        found[name] = Share(hits=hits, n=n, inflation=measured.inflation.at_least(series.inflation()))
    overlap, of_these = (
        sum(table.left_out(reason, of) for table, of in parts)
        for reason in ("overlapping", "overlapping_hits")
    )
    found["maintenance_overlap"] = replace(measured, hits=measured.hits - of_these, n=measured.n - overlap)
    return found


def miss_causes(parts: Sequence[tuple[Table, list[int]]], misses: int) -> dict[str, int]:
    """The misses of some kinds by cause: slow, the outcome, or impossible."""
    found = {SLOW: sum(int(table.slow_answers[of].sum()) for table, of in parts)}
    other = np.sum([table.misses[of, MEASURED].sum(axis=(0, 1)) for table, of in parts], axis=0)
    found |= {each.text: int(other[each]) for each in Outcome if each not in ANSWERS and other[each]}
    impossible = misses - sum(found.values())
    return found | ({"impossible": impossible} if impossible else {})


def _by_outcome(counts: Sequence[npt.NDArray[np.int64]]) -> dict[Outcome, int]:
    total = np.sum([each.sum(axis=0) for each in counts], axis=0)
    return {each: int(total[each]) for each in Outcome if total[each]}


def _unrecorded(recording: Recording, names: Iterable[str]) -> int:
    """Measured arrivals of some kinds that should have a row and have none."""
    run = recording.samples.run
    if run is None:
        return 0
    return sum(max(0, run.due_by_kind.get(name, 0) - recording.roll.recorded_by_kind[name]) for name in names)
