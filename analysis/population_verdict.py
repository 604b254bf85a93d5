"""One class under one clause: its tally turned into share, bounds, quantiles and verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, sqrt

from scipy.special import stdtrit

from analysis.doubts import Doubt
from analysis.proportions import estimate_bounds, exact_share, is_met
from analysis.quantiles import quantile_rank
from analysis.response_times import Pool, Selection, select
from analysis.tallies import Tally
from analysis.verdict import DayShare, KindShare, PopulationVerdict
from analysis.verdict_table import judge_tally
from analysis.wording import NS_PER_S, count_text
from scenarios.sla import Clause


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Exact times of one population in seconds; None where a quantile lies among the unanswered."""

    p50_s: float | None
    p90_s: float | None
    p99_s: float | None
    max_s: float | None
    p90_interval_s: tuple[float | None, float | None]
    service_p90_s: float | None
    quantile_s: float | None  # at the share that the clause requires
    fastest_mean_s: float | None  # of that share, the fastest


def select_times(tallies: Sequence[Tally], clause: Clause) -> list[Times]:
    """The times of several populations; the recordings are read once for all of them."""
    pools: list[Pool] = [pool for each in tallies for pool in (each.response, each.service)]
    ranks = [
        wanted for each in tallies for wanted in (_ranks(each, clause).values(), [quantile_rank(0.9, each.n)])
    ]
    counts = [count for each in tallies for count in (int(exact_share(clause.required) * each.n), 0)]
    found = select(pools, [list(each) for each in ranks], counts)
    return [
        _times(tally, clause, response, service, count)
        for tally, response, service, count in zip(
            tallies, found[0::2], found[1::2], counts[0::2], strict=True
        )
    ]


def _ranks(tally: Tally, clause: Clause) -> dict[str, int]:
    """Ranks of the quantiles and of Woodruff's interval of the p90.

    Its ends are the times at the ranks where a share of 90 % would still be believed, floor and ceil of
    n (.9 -+ t sqrt(.09 / n_effective)), each side one-sided (Woodruff 1952).
    """
    n, share = tally.n, tally.measured
    if not n:
        return {}
    t = float(stdtrit(share.inflation.degrees_of_freedom, clause.confidence))
    reach = t * sqrt(0.09 / share.n_effective)
    return {
        "p50": quantile_rank(0.5, n),
        "p90": quantile_rank(0.9, n),
        "p99": quantile_rank(0.99, n),
        "max": n,
        "lower": max(1, floor(n * (0.9 - reach))),
        "upper": ceil(n * (0.9 + reach)),
        "quantile": quantile_rank(clause.required, n),
    }


def _times(tally: Tally, clause: Clause, response: Selection, service: Selection, count: int) -> Times:
    ranks = _ranks(tally, clause)

    def at(name: str, found: Mapping[int, int] = response.at_rank_ns) -> float | None:
        return _seconds(found.get(ranks.get(name, 0)))

    return Times(
        p50_s=at("p50"),
        p90_s=at("p90"),
        p99_s=at("p99"),
        max_s=at("max"),
        p90_interval_s=(at("lower"), at("upper")),
        service_p90_s=at("p90", service.at_rank_ns),
        quantile_s=at("quantile"),
        fastest_mean_s=None if response.sum_ns is None else response.sum_ns / count / NS_PER_S,
    )


def judge_population(
    tally: Tally, clause: Clause, times: Times, doubts: Sequence[Doubt]
) -> PopulationVerdict:
    """The verdict on a class with every number that is shown beside it."""
    n, hits, share = tally.n, tally.hits, tally.measured
    return PopulationVerdict(
        name=tally.population,
        n=n,
        hits=hits,
        share=hits / n if n else None,
        bounds=share.bounds(clause.confidence) if n else None,
        confidence=clause.confidence,
        n_effective=share.n_effective if n else None,
        variance_inflation=share.inflation.vif if n else None,
        if_independent=estimate_bounds(hits, n, clause.confidence) if n else None,
        met=is_met(hits, n, clause.required) if n else None,
        verdict=judge_tally(tally, clause, doubts),
        favourable=tally.favourable,
        p50_s=times.p50_s,
        p90_s=times.p90_s,
        p90_interval_s=times.p90_interval_s,
        p99_s=times.p99_s,
        max_s=times.max_s,
        service_p90_s=times.service_p90_s,
        misses=tally.misses,
        excluded={reason: tally.excluded[reason] for reason in ("warm_up", "maintenance", "unresolvable")},
        unresolved=_unresolved(tally),
        kinds=tuple(_kind(each, clause) for each in tally.kinds),
        notes=_notes(tally, times),
        days=tuple(
            DayShare(n=n, hits=hits, met=is_met(hits, n, clause.required) if n else None)
            for n, hits in tally.days.tolist()
        ),
    )


def _kind(tally: Tally, clause: Clause) -> KindShare:
    return KindShare(
        name=tally.population,
        n=tally.n,
        hits=tally.hits,
        share=tally.hits / tally.n,
        bounds=tally.measured.bounds(clause.confidence),
        met=is_met(tally.hits, tally.n, clause.required),
    )


def _unresolved(tally: Tally) -> tuple[float, float] | None:
    """The share at worst and at best were the rows counted that the cut-off leaves open; None where there are none."""
    excluded = tally.excluded
    n = tally.n + excluded["unresolvable"]
    if not excluded["unresolvable"]:
        return None
    worst = tally.hits + excluded["unresolvable_hits"]
    return worst / n, (worst + excluded["undecided"]) / n


def _notes(tally: Tally, times: Times) -> tuple[str, ...]:
    shown = (times.p50_s, times.p90_s, times.p99_s, times.max_s, times.service_p90_s)
    named = zip(("p50", "p90", "p99", "max", "service p90"), shown, strict=True)
    lost = [name for name, value in named if value is None]
    if not lost or not tally.n:
        return ()
    unanswered = tally.n - int(tally.response.counts.sum())
    return (
        f"{', '.join(lost)}: no number, because {count_text(unanswered)} of {count_text(tally.n)} "
        "transactions were "
        "not answered as the clause asks and count as taking for ever",
    )


def _seconds(time_ns: int | None) -> float | None:
    return None if time_ns is None else time_ns / NS_PER_S
