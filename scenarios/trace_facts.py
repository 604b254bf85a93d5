"""What a scenario's traces hold, found by reading each once when the scenario is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from scenarios.csv_columns import refuse_lines, shown
from scenarios.errors import DeclarationError, Problem
from scenarios.journeys import Journey
from scenarios.scenario import Scenario, warm_up_problem
from scenarios.spelling import did_you_mean
from scenarios.trace_file import TraceLines, read_trace, trace_digest
from scenarios.trace_phase import Cut, TraceFacts, TracePhase

_GAP_OF_A_SINGLE_LINE_NS = 1_000_000_000


class PayerTable:
    """From a payer's id in a trace to 1 + its place in the scenario's list."""

    def __init__(self, payer_ids: Sequence[str]) -> None:
        self._ids = payer_ids
        order = sorted(range(len(payer_ids)), key=lambda place: payer_ids[place].encode())
        self._sorted = np.array([payer_ids[place].encode() for place in order], dtype=np.bytes_)
        self._places = np.array([place + 1 for place in order], dtype=np.uint16)

    def places(self, path: Path, lines: TraceLines) -> npt.NDArray[np.uint16]:
        """A place for each line, 0 where none is said. Raises DeclarationError for an id that is not in the list."""
        if lines.payer is None:
            return np.zeros(len(lines), dtype=np.uint16)
        at = np.minimum(np.searchsorted(self._sorted, lines.payer), len(self._sorted) - 1)
        empty = lines.payer == b""
        unknown = np.flatnonzero((self._sorted[at] != lines.payer) & ~empty)
        if unknown.size:
            refuse_lines(path, [self._problem(lines, place) for place in unknown[:99].tolist()])
        return np.where(empty, np.uint16(0), self._places[at])

    def _problem(self, lines: TraceLines, place: int) -> tuple[int, str]:
        assert lines.payer is not None
        value = bytes(lines.payer[place])
        near = did_you_mean(value.decode("utf-8", "replace"), self._ids[:1000])
        hint = near if near.startswith("did") else "list it there, or leave the field empty to have one drawn"
        return int(lines.line[place]), f"payer: is not among people.payers; {hint} (got {shown(value)})"


class TraceWindow:
    """The cut of a trace, applied to lines in order of time; counts what it lets through."""

    def __init__(self, cut: Cut, speed: float) -> None:
        self._from_ns = round(cut.from_ * 1e9)
        self._to_ns = None if cut.to is None else round(cut.to * 1e9)
        self._second_ns = max(1, round(speed * 1e9))  # what a second of the replay plays
        self._first_ns: int | None = None
        self._cut_first_ns = self._cut_last_ns = self._last_ns = 0
        self._second, self._in_second = -1, 0
        self.lines = 0
        self.peak = 0

    @property
    def first_ns(self) -> int:
        """The first stamp of the whole file."""
        return self._first_ns or 0

    def inside(self, lines: TraceLines) -> tuple[TraceLines, npt.NDArray[np.int64]]:
        """The lines within the cut, and their nanoseconds from its beginning."""
        if self._first_ns is None:
            self._first_ns = int(lines.stamp_ns[0])
        offset_ns = lines.stamp_ns - self._first_ns
        self._last_ns = int(offset_ns[-1])
        begin = int(np.searchsorted(offset_ns, self._from_ns, side="left"))
        end = len(lines)
        if self._to_ns is not None:
            end = int(np.searchsorted(offset_ns, self._to_ns, side="left"))
        within_ns = offset_ns[begin : max(begin, end)] - self._from_ns
        self._count(within_ns)
        return lines.at(slice(begin, max(begin, end))), within_ns

    @property
    def passed(self) -> bool:
        """Whether no further line can lie within the cut."""
        return self._to_ns is not None and self._last_ns >= self._to_ns

    def pass_ns(self) -> int:
        """Length of the cut: to its end, or where the file ends before, the mean gap beyond its last line."""
        if self._to_ns is not None and self._to_ns <= self._last_ns:
            return self._to_ns - self._from_ns
        span_ns = self._cut_last_ns - self._cut_first_ns
        gap_ns = span_ns // (self.lines - 1) if self.lines > 1 else _GAP_OF_A_SINGLE_LINE_NS
        return self._cut_last_ns + max(1, gap_ns)

    def _count(self, within_ns: npt.NDArray[np.int64]) -> None:
        if not len(within_ns):
            return
        if not self.lines:
            self._cut_first_ns = int(within_ns[0])
        self._cut_last_ns = int(within_ns[-1])
        self.lines += len(within_ns)
        second = within_ns // self._second_ns
        starts = np.flatnonzero(np.diff(second, prepend=-1))
        counts = np.diff(starts, append=len(second))
        if int(second[0]) == self._second:
            counts[0] += self._in_second
        self._second, self._in_second = int(second[-1]), int(counts[-1])
        self.peak = max(self.peak, int(counts.max()))


def load_traces(scenario: Scenario, source: Path) -> Scenario:
    """The scenario with what its traces hold; journeys that it does not declare are counted there.

    A trace's file is sought beside the scenario's. Raises DeclarationError for what is wrong in a trace, or between
    it and the scenario.
    """
    if not any(isinstance(phase, TracePhase) for phase in scenario.phases):
        return scenario
    payers = PayerTable(scenario.people.payer_ids)
    phases = tuple(
        examine(phase, source.resolve().parent, payers) if isinstance(phase, TracePhase) else phase
        for phase in scenario.phases
    )
    counts: dict[str, float] = {}
    problems = []
    for place, phase in enumerate(phases):
        if isinstance(phase, TracePhase):
            for name, count in phase.facts.journeys.items():
                counts[name] = counts.get(name, 0.0) + count
            problems += [
                Problem(
                    where=f"phases[{place}].file", message=f"holds {name}, which [journeys] does not weigh"
                )
                for name in phase.facts.journeys
                if scenario.journeys and name not in scenario.journeys
            ]
    loaded = scenario.model_copy(update={"phases": phases, "journeys": scenario.journeys or counts})
    too_long = warm_up_problem(loaded.warm_up, loaded.length_s)
    if too_long is not None:
        problems.append(too_long)
    if problems:
        raise DeclarationError(str(source), problems)
    return loaded


def examine(phase: TracePhase, folder: Path, payers: PayerTable) -> TracePhase:
    """The phase with its file's absolute path and what it holds; reads all of it once."""
    path = (folder / phase.file).absolute()
    digest = trace_digest(path)
    window = TraceWindow(phase.cut, phase.speed)
    journeys = np.zeros(256, dtype=np.int64)
    payers_given = amounts_given = False
    for read in read_trace(path, sorted_within_ns=phase.sorted_within_ns):
        payers.places(path, read)
        lines, _ = window.inside(read)
        journeys += np.bincount(lines.journey, minlength=256)
        payers_given |= bool(lines.payer is not None and (lines.payer != b"").any())
        amounts_given |= bool(lines.amount_class.any())
    if not window.lines:
        raise DeclarationError(str(path), [Problem(where="", message="no line lies within the cut")])
    facts = TraceFacts(
        sha256=digest,
        lines=window.lines,
        first_ns=window.first_ns,
        pass_ns=window.pass_ns(),
        peak_per_s=float(window.peak),
        journeys={journey.text: int(journeys[journey]) for journey in Journey if journeys[journey]},
        payers_given=payers_given,
        amount_classes_given=amounts_given,
    )
    return phase.model_copy(update={"file": str(path), "found": facts})
