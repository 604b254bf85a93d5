"""The course of the rate in a log, as a phase that a scenario can declare: constant, stairs, or a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from loadtests.dispersion import Dispersion

_MOST_STEPS = 48
_SHORTEST_STEP_S = 10.0
_ARRIVALS_A_STEP = 400  # of Poisson traffic: a step's rate is then known to 5 %
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
    per_second: Counts, *, length_s: float, first_local_ns: int, dispersion: Dispersion
) -> Course:
    """A day where the log covers 24 hours, else stairs, or one rate if the steps differ by chance only."""
    if length_s >= _DAY_S:
        return _day(per_second, length_s, first_local_ns)
    return _stairs(per_second, length_s, max(1.0, dispersion.index))


def _stairs(per_second: Counts, length_s: float, index: float) -> Course:
    total = int(per_second.sum())
    steps = int(min(_MOST_STEPS, total / (_ARRIVALS_A_STEP * index), length_s / _SHORTEST_STEP_S))
    counts = _counts_of_steps(per_second, length_s, max(1, steps))
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


def _counts_of_steps(per_second: Counts, length_s: float, steps: int) -> Floats:
    """Arrivals in equal parts of the length; a second that lies in two parts is divided between them."""
    moments = np.append(np.arange(len(per_second), dtype=np.float64), max(length_s, len(per_second) - 1e-3))
    sums = np.concatenate(([0], np.cumsum(per_second)))
    counts: Floats = np.diff(np.interp(np.linspace(0.0, moments[-1], steps + 1), moments, sums))
    return counts


def _day(per_second: Counts, length_s: float, first_local_ns: int) -> Course:
    first_s = first_local_ns // 1_000_000_000
    hour = (first_s % _DAY_S + np.arange(len(per_second))) // _HOUR_S  # from the first day's midnight on
    counts = np.bincount(hour, weights=per_second).astype(np.float64)
    covered_s = np.bincount(hour).astype(np.float64)
    if length_s > len(per_second) - 1:
        covered_s[-1] = max(1.0, covered_s[-1] - (len(per_second) - length_s))
    hours = np.arange(len(counts))
    first = datetime.fromtimestamp(first_s, UTC).date()
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
        "from_hour": first_s % _DAY_S / _HOUR_S,
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
