"""The course of the rate in a log, as a phase that a scenario can declare: constant, stairs, or a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from loadtests.dispersion import TICK_NS, Dispersion

_MOST_STEPS = 48
_SHORTEST_STEP_S = 10.0
_ARRIVALS_A_STEP = 100  # of Poisson traffic: a step's rate is then known to 10 %
_HOUR_S = 3600
_DAY_S = 86400
_LEAST_OF_A_WEEKDAY_S = 20 * _HOUR_S
_ROUNDS = 30

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A phase as keys and values of TOML, and what was done in words."""

    keys: dict[str, object]
    sentence: str


def learn_course(
    per_tick: Counts, per_hour: Counts, *, length_s: float, first_local_s: float, dispersion: Dispersion
) -> Course:
    """A day where the log covers 24 hours, else stairs, or one rate if the steps differ by chance only.

    `per_hour` counts from the midnight before the first arrival, on the clock of the log's zone.
    """
    if length_s >= _DAY_S:
        return _day(per_hour, length_s, first_local_s)
    return _stairs(per_tick, length_s, max(1.0, dispersion.index))


def _stairs(per_tick: Counts, length_s: float, index: float) -> Course:
    total = int(per_tick.sum())
    steps = int(min(_MOST_STEPS, total / (_ARRIVALS_A_STEP * index), length_s / _SHORTEST_STEP_S))
    counts = _counts_of_steps(per_tick, length_s, max(1, steps))
    mean = total / len(counts)
    unlike = float(((counts - mean) ** 2).sum() / (mean * index))
    freedom = len(counts) - 1
    if unlike <= freedom + 4 * (2 * freedom) ** 0.5:
        rate = total / length_s
        return Course(
            keys={"shape": "constant", "rate_per_s": rate},
            sentence=f"The rate is constant as far as can be told: {rate:.4g} arrivals/s.",
        )
    rates = (counts / (length_s / len(counts))).tolist()
    return Course(
        keys={"shape": "stairs", "rates_per_s": rates},
        sentence=f"The rate changes: {len(rates)} steps of {length_s / len(rates):.4g} s, "
        f"from {min(rates):.4g} to {max(rates):.4g} arrivals/s.",
    )


def _counts_of_steps(per_tick: Counts, length_s: float, steps: int) -> Floats:
    """Arrivals in equal parts of the length; a tick that lies in two parts is divided between them."""
    moments = np.minimum(np.arange(len(per_tick) + 1) * (TICK_NS / 1e9), length_s)
    sums = np.concatenate(([0], np.cumsum(per_tick)))
    counts: Floats = np.diff(np.interp(np.linspace(0.0, length_s, steps + 1), moments, sums))
    return counts


def _day(per_hour: Counts, length_s: float, first_local_s: float) -> Course:
    counts, hours = per_hour.astype(np.float64), np.arange(len(per_hour))
    begin_s = first_local_s % _DAY_S
    covered_s = np.minimum((hours + 1) * _HOUR_S, begin_s + length_s) - np.maximum(hours * _HOUR_S, begin_s)
    covered_s = np.maximum(covered_s, 0.0)
    first = datetime.fromtimestamp(first_local_s, UTC).date()
    weekday = (first.weekday() + hours // 24) % 7
    by_weekday = np.bincount(weekday, weights=covered_s, minlength=7)
    factors = np.ones(7)
    all_week = bool((by_weekday >= _LEAST_OF_A_WEEKDAY_S).all())
    rates = _rates(counts, covered_s * factors[weekday], hours % 24)
    if all_week:  # rate = hour's rate times weekday's factor; each is found with the other held
        for _ in range(_ROUNDS):
            expected = np.bincount(weekday, weights=rates[hours % 24] * covered_s, minlength=7)
            factors = np.bincount(weekday, weights=counts, minlength=7) / np.maximum(expected, 1e-12)
            factors /= factors.mean()
            rates = _rates(counts, covered_s * factors[weekday], hours % 24)
    keys: dict[str, object] = {
        "shape": "day",
        "rates_per_s": rates.tolist(),
        "between_hours": "steps",
        "from_hour": min(round(begin_s / _HOUR_S, 4), 23.9999),
    }
    sentence = f"The rate follows the hour: from {rates.min():.4g} to {rates.max():.4g} arrivals/s"
    if all_week:
        keys |= {
            "date": first,
            "weekday_factors": factors.tolist(),
            "first_of_month_factor": 1.0,
            "early_january_factor": 1.0,
        }
        sentence += f", times {factors.min():.3g} to {factors.max():.3g} by weekday"
    return Course(keys=keys, sentence=sentence + ".")


def _rates(counts: Floats, weights_s: Floats, hour: npt.NDArray[np.intp]) -> Floats:
    rates: Floats = np.bincount(hour, weights=counts, minlength=24) / np.maximum(
        np.bincount(hour, weights=weights_s, minlength=24), 1e-12
    )
    return rates
