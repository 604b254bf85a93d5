"""Samples: a recording to judge, whatever file it came from: what is known about it, and its rows in blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analysis.blocks import BLOCK_ROWS, FURTHEST_NS, Block, looked_up
from analysis.doubts import Doubt
from analysis.run_facts import RunFacts, read_run_facts
from scenarios.kinds import AnyKind, Kind, class_of
from scenarios.observation import OBSERVATION, Outcome, Recording, Rows, map_rows
from scenarios.run_folder import RunFolder

Places = npt.NDArray[np.intp]

_DAY_NS = 86_400_000_000_000
_OUTCOMES = np.uint8(len(Outcome))  # numbered from 1 on without a gap
_WORD = np.dtype("<i8")
_WORDS = OBSERVATION.itemsize // _WORD.itemsize
_FIELDS = {name: (of[0], int(of[1])) for name, of in (OBSERVATION.fields or {}).items()}
_ROWS_IN_CACHE = 1 << 14  # turned into columns at a time, so that each row comes from memory once


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What is known of a recording because another tool made it."""

    tool: str
    resolution_ns: int  # a time can have been this much shorter than it is recorded here
    torn: int  # last lines that were not finished
    left_out: Mapping[str, int]  # lines that are not judged, by what they are
    remarks: tuple[str, ...]  # sentences about what the file does not know


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Facts about a recording and its rows. `rows(first, last, places)` gives [first, last), or of these the places.

    The places may come in any order.
    """

    source: str
    size: int
    rows: Callable[[int, int, Places | None], Block]
    kinds: tuple[str, ...]
    kind_class: Mapping[str, str]
    custom_classes: tuple[str, ...] | None  # kinds that stand in for the clause's classes
    numbered: bool  # rows carry the number of their arrival
    first_ns: int  # the warm-up begins here
    last_planned_ns: int
    warm_up_ns: int
    cutoff_ns: int
    settled_by_plan: bool  # only rows planned a limit before the cut-off can be judged
    maintenance: tuple[tuple[int, int], ...]  # [from, to) in nanoseconds of the same epoch
    longest_stall_s: float | None
    cycle_s: float | None  # length of a declared load cycle
    has_planned_times: bool
    replies_checked: bool  # slagate itself matched each reply to its request
    run: RunFacts | None
    origin: Origin | None = None  # of another tool's file
    shared_span_ns: tuple[int, int] | None = None  # of files that overlap in time, this one among them
    days_ns: tuple[int, ...] = ()  # edges of the days of a month: only rows planned within are judged
    known_doubts: tuple[Doubt, ...] = ()  # that a file brings along, because rows cannot show them

    def blocks(self) -> Iterator[Block]:
        """Every row, some ten thousand at a time."""
        return (block for _, block in self.numbered_blocks())

    def numbered_blocks(self, first: int = 0, last: int | None = None) -> Iterator[tuple[int, Block]]:
        """The same with the number of the first row of each; or only the rows [first, last)."""
        end = self.size if last is None else last
        for number in range(first, end, BLOCK_ROWS):
            yield number, self.rows(number, min(end, number + BLOCK_ROWS), None)

    def at(self, numbers: Places) -> Block:
        """The rows with these numbers, in their order."""
        return self.rows(0, self.size, numbers)

    @property
    def span_ns(self) -> tuple[int, int]:
        """The first and the last moment for which arrivals were planned: of a run as declared, of files as found."""
        first, last = self.shared_span_ns or (self.first_ns, self.last_planned_ns)
        if self.run is not None:
            first, last = self.run.t0_ns, self.run.t0_ns + self.run.length_ns - 1
        if not self.days_ns:
            return first, last
        start, end = self.days_ns[0], self.days_ns[-1] - 1
        return min(max(first, start), end), min(max(last, start), end)

    @property
    def resolution_ns(self) -> int:
        """How much shorter than recorded a time can have been."""
        return self.origin.resolution_ns if self.origin is not None else 0

    def kinds_of(self, population: str) -> npt.NDArray[np.intp]:
        """The places of the kinds of a class, or of the kind that stands in for one."""
        custom = self.custom_classes is not None
        of = [kind if custom else self.kind_class.get(kind) for kind in self.kinds]
        return np.array([place for place, each in enumerate(of) if each == population], dtype=np.intp)


def read_run(folder: RunFolder) -> Samples:
    """The samples of a run folder. Raises RunFolderError where its facts cannot be read."""
    parts, torn = map_rows(folder.observations)
    return _run_samples(str(folder.path), parts, read_run_facts(folder, torn=torn))


def run_samples(source: str, recording: Recording, facts: RunFacts) -> Samples:
    """Rows and facts of one run as samples."""
    return _run_samples(source, [recording.rows], facts)


def _run_samples(source: str, parts: list[Rows], facts: RunFacts) -> Samples:
    parts = [np.asarray(part) for part in parts]  # a map into memory is slow to slice
    plausible = facts.t0_ns - _DAY_NS, facts.t0_ns + facts.length_ns + _DAY_NS
    starts = np.cumsum([0, *(part.size for part in parts)])
    known = (*Kind, *facts.custom_kinds)
    kind_place = _kind_places(known)

    def rows(first: int, last: int, places: Places | None) -> Block:
        if places is not None:
            return _block(_rows_at(places + first, parts, starts), plausible, kind_place)
        pieces = [
            part[max(0, first - start) : max(0, last - start)]
            for part, start in zip(parts, starts.tolist(), strict=False)
            if start < last and start + part.size > first
        ]
        found = pieces[0] if len(pieces) == 1 else np.concatenate([parts[0][:0], *pieces])
        return _block(found, plausible, kind_place)

    size = int(starts[-1])
    ended_ns = facts.end.ended_ns if facts.end else _latest(rows, size, facts.t0_ns)
    return Samples(
        source=source,
        size=size,
        rows=rows,
        kinds=(*(each.text for each in known), "unknown"),
        kind_class={each.text: class_of(each) for each in known},
        custom_classes=None,
        numbered=True,
        first_ns=facts.t0_ns,
        last_planned_ns=facts.t0_ns + facts.length_ns,
        warm_up_ns=facts.warm_up_ns,
        cutoff_ns=ended_ns,
        settled_by_plan=False,
        maintenance=facts.maintenance,
        longest_stall_s=facts.longest_stall_s,
        cycle_s=facts.cycle_s,
        has_planned_times=True,
        replies_checked=True,
        run=facts,
    )


def _kind_places(known: tuple[AnyKind, ...]) -> bytes:
    """For each number that a row can carry its kind's place among the known ones, or the place after the last."""
    place = {int(kind): place for place, kind in enumerate(known)}
    return bytes(place.get(number, len(known)) for number in range(256))


def _rows_at(numbers: Places, parts: Sequence[Rows], starts: Places) -> Rows:
    """Rows out of several files by their numbers."""
    if len(parts) == 1:
        return parts[0][numbers]
    found = np.empty(numbers.size, dtype=OBSERVATION)
    for part, start in zip(parts, starts.tolist(), strict=False):
        here = (numbers >= start) & (numbers < start + part.size)
        if here.any():
            found[here] = part[numbers[here] - start]
    return found


def _block(rows: Rows, plausible: tuple[int, int], kind_place: bytes) -> Block:
    """Columns of some rows of ours; stamps that cannot be are clipped and marked, as is a plan a day off the run's."""
    column = _columns(rows)
    planned, started, ended = (column(name) for name in ("planned_ns", "started_ns", "ended_ns"))
    kind, outcome = looked_up(kind_place, column("kind")), np.array(column("outcome"))
    garbled = (outcome - np.uint8(1) >= _OUTCOMES) | (kind == kind_place[0])
    if planned.size and (int(planned.min()) < plausible[0] or int(planned.max()) > plausible[1]):
        garbled |= (planned < plausible[0]) | (planned > plausible[1])
    for stamps in (planned, started, ended):
        if int(stamps.view(np.uint64).max(initial=0)) > FURTHEST_NS:  # or negative
            garbled |= (stamps > FURTHEST_NS) | (stamps < -FURTHEST_NS)
            np.clip(stamps, -FURTHEST_NS, FURTHEST_NS, out=stamps)
    return Block(
        planned_ns=planned,
        started_ns=started,
        ended_ns=ended,
        kind=kind,
        outcome=outcome,
        attempt=np.array(column("attempt")),
        status=column("status"),
        own_lag_ms=np.array(column("own_lag_ms")),
        arrival=column("arrival"),
        garbled=garbled,
    )


def _columns(rows: Rows) -> Callable[[str], npt.NDArray[Any]]:
    """The columns of some rows by name: those of 64 bits in one piece, smaller ones with gaps."""
    whole = np.ascontiguousarray(rows).view(_WORD).reshape(-1, _WORDS)
    words = np.empty((_WORDS, rows.size), dtype=_WORD)
    for first in range(0, rows.size, _ROWS_IN_CACHE):
        some = slice(first, first + _ROWS_IN_CACHE)
        words[:, some] = whole[some].T

    def column(name: str) -> npt.NDArray[Any]:
        dtype, offset = _FIELDS[name]
        step = _WORD.itemsize // dtype.itemsize
        found: npt.NDArray[Any] = words[offset // _WORD.itemsize].view(dtype)
        return found[offset % _WORD.itemsize // dtype.itemsize :: step]

    return column


def _latest(rows: Callable[[int, int, Places | None], Block], size: int, fallback: int) -> int:
    """The latest stamp of a run that was killed before it could say when it ended."""
    found = fallback
    for first in range(0, size, BLOCK_ROWS):
        block = rows(first, min(size, first + BLOCK_ROWS), None)
        found = max(
            found, *(int(each.max()) for each in (block.planned_ns, block.started_ns, block.ended_ns))
        )
    return found
