"""Arrivals of a trace: the log's own moments, played faster, in part, repeatedly, and thinned or multiplied.

With `scale` below 1 each line is kept with that probability, from addressed bits; above 1 a line becomes several
arrivals, which stand evenly between the line before and itself, so that the order and the course stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from loadtests.random_bits import Stream, bits, stream_key
from scenarios.errors import DeclarationError, Problem
from scenarios.trace_facts import PayerTable, TraceWindow
from scenarios.trace_file import TraceLines, read_trace, trace_digest
from scenarios.trace_phase import TracePhase

_KEPT_FOR_REPEATING = 200_000  # lines; a longer trace is read again for each pass

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """Arrivals in order of time: offsets from the phase's start in ns, and what the lines say. Equal shapes (n,)."""

    offset_ns: Ints
    journey: npt.NDArray[np.uint8]
    payer: npt.NDArray[np.uint16]  # 1 + place in the scenario's list; 0 = to be drawn
    amount_class: npt.NDArray[np.uint8]  # 0 = to be drawn


def replay(phase: TracePhase, payers: PayerTable, seed: int, place: int) -> Iterator[Replayed]:
    """The arrivals of a phase, in blocks. Raises DeclarationError where the file is not the one that was loaded."""
    path = Path(phase.file)
    if trace_digest(path) != phase.facts.sha256:
        raise DeclarationError(
            phase.file, [Problem(where="", message="has changed since the scenario was loaded")]
        )
    end_ns = round(phase.length_s * 1e9)
    copies = _Copies(phase, seed, place)
    for begin_ns, lines, within_ns in _passes(phase, path):
        if _played(np.array([begin_ns]), phase.speed)[0] >= end_ns:
            return
        which, moment_ns = copies.of(within_ns + begin_ns, begin_ns)
        offset_ns = _played(moment_ns, phase.speed)
        if phase.duration is None:  # the length is rounded to microseconds: no arrival may fall out for that
            offset_ns = np.minimum(offset_ns, end_ns - 1)
        kept = int(np.searchsorted(offset_ns, end_ns, side="left"))
        chosen = lines.at(which[:kept])
        yield Replayed(
            offset_ns=offset_ns[:kept],
            journey=chosen.journey,
            payer=payers.places(path, chosen),
            amount_class=chosen.amount_class,
        )


def _played(moment_ns: Ints, speed: float) -> Ints:
    """When a moment of the trace is played."""
    if speed == 1:
        return moment_ns
    played: Ints = np.floor(moment_ns.astype(np.float64) / speed).astype(np.int64)
    return played


def _passes(phase: TracePhase, path: Path) -> Iterator[tuple[int, TraceLines, Ints]]:
    """Blocks of the cut, pass after pass: where the pass begins, the lines, their nanoseconds from there on.

    Endless where a duration is declared: the caller knows when it is over.
    """
    kept: list[tuple[TraceLines, Ints]] = []
    repeats, passes = phase.duration is not None or (phase.loop or 1) > 1, 0
    while phase.duration is not None or passes < (phase.loop or 1):
        begin_ns = passes * phase.facts.pass_ns
        for lines, within_ns in kept or _read_cut(phase, path):
            if repeats and not passes and phase.facts.lines <= _KEPT_FOR_REPEATING:
                kept.append((lines, within_ns))
            yield begin_ns, lines, within_ns
        passes += 1


def _read_cut(phase: TracePhase, path: Path) -> Iterator[tuple[TraceLines, Ints]]:
    window = TraceWindow(phase.cut, phase.speed)
    for read in read_trace(path, sorted_within_ns=phase.sorted_within_ns):
        lines, within_ns = window.inside(read)
        if len(lines):
            yield lines, within_ns
        if window.passed:
            return


class _Copies:
    """How many arrivals each line becomes, and when they fall."""

    def __init__(self, phase: TracePhase, seed: int, place: int) -> None:
        self._whole = int(phase.scale)
        self._part = np.uint64(int((phase.scale - self._whole) * 2**32))
        self._key = stream_key(seed, Stream.TRACE_COPIES, place)
        self._number = 0
        self._before_ns = 0

    def of(self, moment_ns: Ints, begin_ns: int) -> tuple[npt.NDArray[np.intp], Ints]:
        """Which line each arrival comes from, and its moment; `begin_ns` is where the pass begins."""
        if self._whole == 1 and not self._part:
            return np.arange(len(moment_ns)), moment_ns
        address = np.arange(self._number, self._number + len(moment_ns), dtype=np.uint64)
        self._number += len(moment_ns)
        copies = self._whole + ((bits(self._key, address) >> np.uint64(32)) < self._part).astype(np.int64)
        before = np.concatenate(([max(self._before_ns, begin_ns)], moment_ns[:-1]))
        self._before_ns = int(moment_ns[-1])
        which = np.repeat(np.arange(len(moment_ns)), copies)
        number = np.arange(1, len(which) + 1) - np.repeat(np.cumsum(copies) - copies, copies)
        return which, before[which] + (moment_ns - before)[which] * number // copies[which]
