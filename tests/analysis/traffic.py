"""Simulated traffic as series: when transactions were planned and how long they took, counted per second."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from analysis.series import Bins, Series
from scenarios.observation import OBSERVATION, Outcome, Rows
from tests.analysis.builders import LENGTH_S, T0, WARM_UP_S, S

Floats = npt.NDArray[np.float64]
Mixture = tuple[tuple[float, float, float], ...]  # weight, median in seconds, sigma of the logarithm

# The latencies of the mock gateway's `steady` profile.
STEADY_ELIGIBILITY: Mixture = ((0.98, 2.36, 0.5), (0.02, 30.0, 0.6))
STEADY_SALE: Mixture = ((0.99, 0.9, 0.5), (0.01, 6.0, 0.6))


def poisson_moments(rate_per_s: float, length_s: float, rng: np.random.Generator) -> Floats:
    """Planned moments in seconds, sorted."""
    return np.sort(rng.uniform(0, length_s, rng.poisson(rate_per_s * length_s)))


def mixed_times(mixture: Mixture, count: int, rng: np.random.Generator) -> Floats:
    """Response times in seconds from a mixture of lognormals, cut off by a client time-out of a minute."""
    weights = [part[0] for part in mixture]
    which = rng.choice(len(mixture), count, p=weights)
    median, sigma = (np.array([part[place] for part in mixture])[which] for place in (1, 2))
    return np.minimum(60.0, median * np.exp(sigma * rng.standard_normal(count)))


def counted(
    moments_s: Floats, times_s: Floats, *, length_s: int, warm_up_s: float = 0.0, limit_s: float = 10.0
) -> Series:
    """The series of such transactions under a limit."""
    judged = moments_s >= warm_up_s
    p50, p75 = np.quantile(times_s[judged], [0.5, 0.75], method="inverted_cdf")

    def by_second(mask: npt.NDArray[np.bool_], at: Floats = moments_s) -> npt.NDArray[np.int64]:
        return np.bincount(at[mask].astype(np.int64), minlength=length_s)

    within, ends = judged & (times_s <= limit_s), moments_s + times_s
    return Series(
        bins=Bins.spanning(0, length_s * S - 1),
        n=by_second(judged),
        hits=by_second(within),
        favourable=by_second(within),
        faster_p50=by_second(judged & (times_s <= p50)),
        faster_p75=by_second(judged & (times_s <= p75)),
        planned=by_second(np.ones_like(judged)),
        ended=by_second(ends < length_s, ends),
        time_sum_s=np.bincount(
            moments_s[judged].astype(np.int64), weights=times_s[judged], minlength=length_s
        ),
    )


def recorded(moments_s: Floats, times_s: Floats, kind: int) -> Rows:
    """The same as rows of a run folder; what took the minute is a time-out."""
    made = np.zeros(moments_s.size, dtype=OBSERVATION)
    made["planned_ns"] = made["started_ns"] = T0 + (moments_s * S).astype(np.int64)
    made["ended_ns"] = made["planned_ns"] + (times_s * S).astype(np.int64)
    made["kind"], made["status"] = kind, 200
    made["outcome"] = np.where(times_s < 60, Outcome.COMPLETED, Outcome.TIMEOUT)
    return made


def smoke_series(
    rng: np.random.Generator, mixture: Mixture = STEADY_ELIGIBILITY, *, rate_per_s: float = 26.0
) -> Series:
    """One class of the shipped smoke run: 50 s of which 5 are warm-up."""
    moments = poisson_moments(rate_per_s, LENGTH_S, rng)
    times = mixed_times(mixture, moments.size, rng)
    return counted(moments, times, length_s=LENGTH_S, warm_up_s=WARM_UP_S)
