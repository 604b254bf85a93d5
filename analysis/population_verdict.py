"""One class under one clause: its tally turned into share, bounds, quantiles and verdict."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, sqrt

import numpy as np
from scipy.special import stdtrit

from analysis.dependence import DEGREES_OF_FREEDOM
from analysis.doubts import Doubt
from analysis.proportions import Share, estimate_bounds, is_met
from analysis.quantiles import estimate_quantiles
from analysis.tallies import Tally
from analysis.verdict import PopulationVerdict
from analysis.verdict_table import judge_tally
from analysis.wording import NS_PER_S, count_text
from scenarios.sla import Clause


def judge_population(tally: Tally, clause: Clause, doubts: Sequence[Doubt]) -> PopulationVerdict:
    """The verdict on a class with every number that is shown beside it."""
    n, hits = tally.n, tally.hits
    share = tally.measured
    bounds = share.bounds(clause.confidence) if n else None
    if_independent = estimate_bounds(hits, n, clause.confidence) if n else None
    times = [_seconds(each) for each in estimate_quantiles(tally.answered_ns, n, (0.5, 0.9, 0.99, 1.0))]
    service_p90 = _seconds(estimate_quantiles(tally.service_ns, n, (0.9,))[0])
    return PopulationVerdict(
        name=tally.population,
        n=n,
        hits=hits,
        share=hits / n if n else None,
        bounds=bounds,
        confidence=clause.confidence,
        n_effective=share.n_effective if n else None,
        variance_inflation=share.inflation.vif if n else None,
        if_independent=if_independent,
        met=is_met(hits, n, clause.at_least) if n else None,
        verdict=judge_tally(tally, clause, doubts),
        favourable=tally.favourable,
        p50_s=times[0],
        p90_s=times[1],
        p90_interval_s=_p90_interval(tally, share, clause) if n else (None, None),
        p99_s=times[2],
        max_s=times[3],
        service_p90_s=service_p90,
        misses=tally.misses,
        excluded={
            "warm_up": tally.window.warm_up,
            "maintenance": tally.window.maintenance,
            "unresolvable": tally.window.unresolvable,
        },
        notes=_notes(
            tally, [*zip(("p50", "p90", "p99", "max"), times, strict=True), ("service p90", service_p90)]
        ),
    )


def _p90_interval(tally: Tally, share: Share, clause: Clause) -> tuple[float | None, float | None]:
    """Woodruff's interval of the p90: the times at the ranks where a share of 90 % would still be believed.

    Ranks floor and ceil n (.9 -+ t_9 sqrt(.09 / n_effective)), each side one-sided (Woodruff 1952).
    """
    t = float(stdtrit(DEGREES_OF_FREEDOM, clause.confidence))
    reach = t * sqrt(0.09 / share.n_effective)
    lower, upper = floor(tally.n * (0.9 - reach)), ceil(tally.n * (0.9 + reach))
    times = np.sort(tally.answered_ns)
    found = [times[rank - 1] if 1 <= rank <= times.size else None for rank in (max(1, lower), upper)]
    return _seconds(found[0]), _seconds(found[1])


def _notes(tally: Tally, quantiles: Sequence[tuple[str, float | None]]) -> tuple[str, ...]:
    lost = [name for name, value in quantiles if value is None]
    if not lost or not tally.n:
        return ()
    unanswered = tally.n - tally.answered_ns.size
    return (
        f"{', '.join(lost)}: no number, because {count_text(unanswered)} of {count_text(tally.n)} "
        "transactions were "
        "not answered as the clause asks and count as taking for ever",
    )


def _seconds(time_ns: int | None) -> float | None:
    return None if time_ns is None else time_ns / NS_PER_S
