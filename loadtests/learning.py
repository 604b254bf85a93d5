"""From a log of real traffic to a scenario: mix, course of the rate, burstiness, shares of the payers.

Only the named columns of a trace are read, so no personal field can be copied. A payer's id that has not the form of
an id is replaced by a number.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt

from loadtests.dispersion import TICK_NS, Dispersion, estimate_dispersion
from loadtests.learned_course import learn_course
from scenarios.duration import duration_text
from scenarios.errors import DeclarationError, Problem
from scenarios.journeys import Journey
from scenarios.loading import check_scenario_text
from scenarios.trace_file import read_form, read_trace

_PAYER_ID = re.compile(r"[A-Z0-9]{1,7}")
_MOST_PAYERS = 500  # the rest together are one more
_MOST_VALUES = 100_000
_LONGEST_DAYS = 100
_LEAST_LINES = 100
_NS = 1_000_000_000
_DAY_S = 86400
_HOUR_S = 3600

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceCounts:
    """What one reading of a trace adds up: arrivals of each sort, in each tick from the first stamp, and in each hour
    of the clock from the midnight before it, in the zone of its first stamp."""

    first_ns: int
    zone_s: int
    last_ns: int
    per_tick: Counts
    per_hour: Counts
    journeys: dict[str, int]
    payers: Counter[str]

    @property
    def lines(self) -> int:
        """Arrivals in all."""
        return int(self.per_tick.sum())

    @property
    def first_local_ns(self) -> int:
        """The first stamp on the clock of its zone."""
        return self.first_ns + self.zone_s * _NS

    @property
    def span_s(self) -> float:
        """From the first stamp to the last."""
        return (self.last_ns - self.first_ns) / _NS


def count_trace(path: Path) -> TraceCounts:
    """Counts of a trace. Raises DeclarationError for what is wrong in it, or where it is too short or too long."""
    form = read_form(path)
    first_ns = last_ns = midnight_ns = 0
    per_tick = per_hour = np.zeros(0, dtype=np.int64)
    journeys = np.zeros(256, dtype=np.int64)
    payers: Counter[str] = Counter()
    for lines in read_trace(path):
        if not len(per_tick):
            first_ns = int(lines.stamp_ns[0])
            midnight_ns = first_ns - (first_ns + form.zone_s * _NS) % (_DAY_S * _NS)
        last_ns = int(lines.stamp_ns[-1])
        if last_ns - first_ns >= _LONGEST_DAYS * _DAY_S * _NS:
            message = f"spans more than {_LONGEST_DAYS} days; a scenario is learned from a few"
            raise DeclarationError(str(path), [Problem(where=f"line {lines.line[-1]}", message=message)])
        per_tick = _added(per_tick, (lines.stamp_ns - first_ns) // TICK_NS)
        per_hour = _added(per_hour, (lines.stamp_ns - midnight_ns) // (_HOUR_S * _NS))
        journeys += np.bincount(lines.journey, minlength=256)
        if lines.payer is not None:
            values, times = np.unique(lines.payer, return_counts=True)
            for value, often in zip(values.tolist(), times.tolist(), strict=True):
                payers[value.decode("utf-8", "replace")] += often
            if len(payers) > _MOST_VALUES:
                message = f"payer: more than {_MOST_VALUES} different values, so it is no payer; leave the column out"
                raise DeclarationError(str(path), [Problem(where=f"line {lines.line[-1]}", message=message)])
    total = int(journeys.sum())
    if total < _LEAST_LINES or last_ns <= first_ns:
        message = f"holds {total} arrivals in {(last_ns - first_ns) / _NS:g} s; needed are {_LEAST_LINES}"
        raise DeclarationError(str(path), [Problem(where="", message=message)])
    payers.pop("", None)
    return TraceCounts(
        first_ns=first_ns,
        zone_s=form.zone_s,
        last_ns=last_ns,
        per_tick=per_tick[: (last_ns - first_ns) // TICK_NS + 1],
        per_hour=per_hour[: (last_ns - midnight_ns) // (_HOUR_S * _NS) + 1],
        journeys={journey.text: int(journeys[journey]) for journey in Journey if journeys[journey]},
        payers=payers,
    )


def _added(sums: Counts, place: Counts) -> Counts:
    """The sums with one more at each place, which ascend; they grow as need be."""
    last = int(place[-1])
    if len(sums) <= last:  # room for as much again
        sums = np.concatenate((sums, np.zeros(last + 1, dtype=np.int64)))
    counts = np.bincount(place - place[0])
    sums[int(place[0]) : int(place[0]) + len(counts)] += counts
    return sums


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """A scenario as TOML that loads, and what was done to get there."""

    toml: str
    sentences: tuple[str, ...]


def learn(path: Path, *, name: str = "learned") -> Learned:
    """A scenario with the mix, the course of the rate, the burstiness and the payers of a trace."""
    counts = count_trace(path)
    length_s = round(counts.span_s * counts.lines / (counts.lines - 1), 3)  # the mean gap after the last one
    dispersion = estimate_dispersion(counts.per_tick)
    course = learn_course(
        counts.per_tick,
        counts.per_hour,
        length_s=length_s,
        first_local_s=counts.first_local_ns / _NS,
        dispersion=dispersion,
    )
    phase = course.keys | {"duration": duration_text(length_s)} | _spacing_keys(dispersion)
    shares, payer_sentence = _payer_shares(counts.payers)
    top = {
        "name": name,
        "purpose": f"Learned from a log: {counts.lines} arrivals in {duration_text(length_s)}.",
        **({"assurance": "acceptance", "longest_stall": "6s"} if length_s >= 600 else {"assurance": "smoke"}),
    }
    parts = [_table("", top), _table("[[phases]]", phase), _table("[journeys]", dict(counts.journeys))]
    parts += [_table("[[people.payers]]", {"id": id_, "share": share}) for id_, share in shares]
    toml = "\n".join(parts)
    check_scenario_text(toml, "what was learned")
    mix = ", ".join(f"{count / counts.lines:.1%} {journey}" for journey, count in counts.journeys.items())
    return Learned(
        toml=toml,
        sentences=(
            f"{counts.lines} arrivals in {duration_text(length_s)}.",
            f"Mix: {mix}.",
            course.sentence,
            _spacing_sentence(dispersion),
            payer_sentence,
            "Only the columns timestamp, kind or journey, payer and amount_class were read; nothing else was copied.",
        ),
    )


def _spacing_keys(found: Dispersion) -> dict[str, object]:
    keys: dict[str, object] = {"arrivals": found.arrivals}
    if found.arrivals == "bursty":
        keys |= {
            "burstiness": min(found.index, 1000.0),
            "bursts_last": duration_text(round(found.burst_s, 3)),
        }
    return keys


def _spacing_sentence(found: Dispersion) -> str:
    seen = ", ".join(f"{index:g} in {window:g} s" for window, index in found.windows) or "too short to tell"
    how = {
        "even": "arrivals are evenly spaced",
        "poisson": "arrivals are random (Poisson)",
        "bursty": f"arrivals are bursty, {found.index:.3g} with bursts of {found.burst_s:.3g} s",
    }[found.arrivals]
    return f"Variance over mean of counts, beyond the rate's course: {seen}; {how}."


def _payer_shares(payers: Counter[str]) -> tuple[list[tuple[str, int]], str]:
    """Payers with their arrivals, most first; what is no id is numbered, what is rare is lumped together."""
    if not payers:
        return [], "No payer is named, so the default shares hold."
    ranked = sorted(payers.items(), key=lambda item: (-item[1], item[0]))
    taken = {id_ for id_ in payers if _PAYER_ID.fullmatch(id_)}
    free = (id_ for id_ in (_numbered(number) for number in range(1, 10**6)) if id_ not in taken)
    shares, numbered = [], 0
    for id_, count in ranked[:_MOST_PAYERS]:
        if id_ not in taken:
            id_, numbered = next(free), numbered + 1
        shares.append((id_, count))
    if len(ranked) > _MOST_PAYERS:
        shares.append((next(free), sum(count for _, count in ranked[_MOST_PAYERS:])))
    sentence = f"{len(payers)} payers with their shares"
    if numbered:
        sentence += f"; {numbered} were not ids of up to 7 capitals and digits and are numbered"
    if len(ranked) > _MOST_PAYERS:
        sentence += f"; all beyond the largest {_MOST_PAYERS} are one"
    return shares, sentence + "."


def _numbered(number: int) -> str:
    return f"PAYER{number:02d}" if number < 100 else f"P{number:06d}"


def _table(head: str, keys: Mapping[str, object]) -> str:
    lines = [head] if head else []
    return "\n".join([*lines, *(f"{key} = {_toml(value)}" for key, value in keys.items())]) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, str):
        return f'"{value}"'  # names, durations and ids: nothing in them needs an escape
    if isinstance(value, float):
        return repr(float(f"{value:.6g}"))
    if isinstance(value, list):
        return f"[{', '.join(_toml(item) for item in value)}]"
    return value.isoformat() if isinstance(value, date) else str(value)
