"""Observation files: recordings of any other tool, as CSV, npz or Parquet, with an optional `.meta.json` beside."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from analysis.blocks import FURTHEST_NS
from analysis.bounded_lines import bounded_lines
from analysis.observation_meta import ObservationMeta, meta_path, read_meta
from analysis.parquet_file import ParquetSource
from analysis.samples import Samples
from analysis.spool import SPOOLED, Spool
from scenarios.errors import DeclarationError, Problem
from scenarios.kinds import KIND_CLASS, Kind
from scenarios.observation import NEVER, Outcome
from scenarios.spelling import did_you_mean

Texts = npt.NDArray[np.str_]
Integers = npt.NDArray[np.int64]

REQUIRED = ("started_ns", "ended_ns", "kind", "outcome")
OPTIONAL = ("planned_ns", "arrival", "attempt", "status", "payer", "worker")
CHUNK_ROWS = 1 << 15

OUTCOME_NAMES = {**{each.text: each for each in Outcome}, "ok": Outcome.COMPLETED}
OUR_CLASSES = {each.text: KIND_CLASS[each] for each in Kind}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Some rows of a file as columns of text, each cell stripped, and where a row is found for a message."""

    source: str
    columns: Mapping[str, Texts]
    size: int
    line_of: Callable[[int], int]

    def refuse(self, column: str, row: int, accepted: str) -> NoReturn:
        """Raise DeclarationError for the value of one cell."""
        refuse_cell(self.source, self.line_of(row), column, str(self.columns[column][row]), accepted)


def read_observation_file(path: Path) -> Samples:
    """The samples of a CSV, npz or Parquet file. Raises DeclarationError where it is not what the contract says.

    Memory stays bounded: rows are checked some ten thousand at a time and kept in a temporary file.
    """
    meta = read_meta(meta_path(path))
    chunks = _CHUNKS.get(path.suffix, _csv_chunks)
    return gather(chunks(path), meta, str(path))


def gather(chunks: Iterator[Table], meta: ObservationMeta, source: str) -> Samples:
    """Samples of a file that comes in chunks of text. The first chunk may be empty and tells the columns."""
    with Spool() as spool:
        file = _Gathering(source, spool)
        for table in chunks:
            file.add(table)
        return file.samples(meta)


class _Gathering:
    """What is known of a file while it is read."""

    def __init__(self, source: str, spool: Spool) -> None:
        self.source, self.spool = source, spool
        self.kinds: dict[str, _Refusal] = {}
        self.numbered = self.in_flight = False
        self.unplanned: _Refusal | None = None  # the first row without a planned moment
        self.unstarted: _Refusal | None = None
        self.any_planned = False
        self.earliest: dict[str, int] = {}
        self.latest: dict[str, int] = {}

    def add(self, table: Table) -> None:
        """Check a chunk and keep its rows."""
        rows = np.zeros(table.size, dtype=SPOOLED)
        self.numbered = "arrival" in table.columns
        rows["started_ns"] = _integers(table, "started_ns", empty=NEVER)
        rows["ended_ns"] = _integers(table, "ended_ns", empty=NEVER)
        rows["outcome"] = _outcomes(table)
        rows["planned_ns"] = self._planned(table, rows["started_ns"])
        rows["kind"] = self._kinds(table)
        for name in ("attempt", "status"):
            rows[name] = _optional(table, name)
        rows["arrival"] = _optional(table, "arrival").astype(np.uint64)
        self.in_flight |= bool((rows["outcome"] == Outcome.IN_FLIGHT).any())
        for name in ("planned_ns", "started_ns", "ended_ns") if table.size else ():
            low, high = int(rows[name].min()), int(rows[name].max())
            self.earliest[name] = min(self.earliest.get(name, low), low)
            self.latest[name] = max(self.latest.get(name, high), high)
        self.spool.append(rows)

    def _planned(self, table: Table, started: Integers) -> Integers:
        """Planned moments; where a file has none at all, the started ones stand in."""
        blank = (
            table.columns["planned_ns"] == "" if "planned_ns" in table.columns else np.full(table.size, True)
        )
        self.any_planned |= not blank.all()
        if self.unplanned is None and blank.any():
            row = int(blank.argmax())
            self.unplanned = _Refusal(table, "planned_ns", row)
        if self.unstarted is None and (started == NEVER).any():
            self.unstarted = _Refusal(table, "started_ns", int((started == NEVER).argmax()))
        if blank.all():
            return started
        return _integers(table, "planned_ns", empty=None)

    def _kinds(self, table: Table) -> npt.NDArray[np.uint16]:
        written, inverse = np.unique(table.columns["kind"], return_inverse=True)
        for place, text in enumerate(written.tolist()):
            if text not in self.kinds:
                self.kinds[text] = _Refusal(table, "kind", int((inverse == place).argmax()))
        if len(self.kinds) > MOST_KINDS:
            self.kinds[written[-1]].refuse(f"more than {MOST_KINDS} kinds; name what a transaction is for")
        order = {text: place for place, text in enumerate(self.kinds)}
        return np.array([order[text] for text in written.tolist()], dtype=np.uint16)[inverse]

    def samples(self, meta: ObservationMeta) -> Samples:
        """The samples of all that was added."""
        has_planned_times = self.any_planned or not self.spool.size
        if has_planned_times and self.unplanned is not None and self.spool.size:
            self.unplanned.refuse(_whole_number())
        if not has_planned_times and self.unstarted is not None:
            self.unstarted.refuse("a row without planned_ns needs the moment it started")
        kinds, places = self._named_kinds(meta)
        classes = {**OUR_CLASSES, **meta.kind_class}
        planned = "planned_ns" if has_planned_times else "started_ns"
        first, last = self.earliest.get(planned, 0), self.latest.get(planned, 0)
        if meta.planned_span is not None:
            first, last = meta.planned_span[0], meta.planned_span[1] - 1
        stamps = [self.latest[name] for name in (planned, "started_ns", "ended_ns") if name in self.latest]
        return Samples(
            source=self.source,
            size=self.spool.size,
            rows=self.spool.reader(numbered=self.numbered, planned=has_planned_times, kind_place=places),
            kinds=kinds,
            kind_class=classes,
            custom_classes=kinds if kinds and not any(each in classes for each in kinds) else None,
            numbered=self.numbered,
            first_ns=first,
            last_planned_ns=last,
            warm_up_ns=meta.warmup_ns,
            cutoff_ns=meta.cutoff_ns if meta.cutoff_ns is not None else max(stamps, default=first),
            settled_by_plan=not meta.drained and (meta.cutoff_ns is not None or self.in_flight),
            maintenance=meta.maintenance,
            longest_stall_s=meta.longest_stall,
            cycle_s=meta.load_cycle,
            has_planned_times=has_planned_times,
            replies_checked=False,
            run=None,
            known_doubts=tuple(each.as_doubt() for each in meta.doubts),
        )

    def _named_kinds(self, meta: ObservationMeta) -> tuple[tuple[str, ...], npt.NDArray[np.uint16]]:
        """The kinds that occur, sorted, and the place among them of each spelling in the order of its first row."""
        names = [_kind_name(place, meta, text) for text, place in self.kinds.items()]
        classes = {**OUR_CLASSES, **meta.kind_class}
        if any(name in classes for name in names):
            for name, place in zip(names, self.kinds.values(), strict=True):
                if name not in classes:
                    place.refuse(
                        f"unknown kind; {did_you_mean(name, classes)}, or give it a class in the .meta.json"
                    )
        kinds = tuple(sorted(set(names)))
        return kinds, np.array([kinds.index(name) for name in names], dtype=np.uint16)


class _Refusal:
    """A cell that may have to be refused once the whole file is known."""

    def __init__(self, table: Table, column: str, row: int) -> None:
        self.source, self.column, self.line = table.source, column, table.line_of(row)
        self.value = str(table.columns[column][row]) if column in table.columns else ""

    def refuse(self, accepted: str) -> NoReturn:
        """Raise DeclarationError for this cell."""
        refuse_cell(self.source, self.line, self.column, self.value, accepted)


def refuse_cell(source: str, line: int, column: str, value: str, accepted: str) -> NoReturn:
    """Raise DeclarationError for the value of one cell."""
    got = f'"{value}"' if value else "an empty cell"
    problem = Problem(where=f"line {line}, {column}", message=f"{accepted} (got {got})")
    raise DeclarationError(source, [problem])


MOST_KINDS = 500


def _csv_chunks(path: Path) -> Iterator[Table]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(bounded_lines(str(path), file))
            header = [name.strip() for name in next(reader, [])]
            _check_header(str(path), header)
            lines = ((row, reader.line_num) for row in reader if row)
            yield _csv_table(str(path), header, [])
            while chunk := list(islice(lines, CHUNK_ROWS)):
                yield _csv_table(str(path), header, chunk)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise DeclarationError(
            str(path), [Problem(where="", message=f"cannot be read as CSV: {reason}")]
        ) from error


def _csv_table(source: str, header: Sequence[str], lines: Sequence[tuple[list[str], int]]) -> Table:
    ragged = next((line for row, line in lines if len(row) != len(header)), None)
    if ragged is not None:
        message = f"every row needs as many cells as the header has ({len(header)})"
        raise DeclarationError(source, [Problem(where=f"line {ragged}", message=message)])
    cells = list(zip(*(row for row, _ in lines), strict=True)) if lines else [()] * len(header)
    columns = {
        name: _text(column) for name, column in zip(header, cells, strict=True) if name in REQUIRED + OPTIONAL
    }
    return Table(source=source, columns=columns, size=len(lines), line_of=lambda row: lines[row][1])


def _npz_chunks(path: Path) -> Iterator[Table]:
    """An archive of one array per column, as numbers or text; a row's "line" is its place from 1."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            header = list(archive.files)
            _check_header(str(path), header)
            columns = {name: archive[name] for name in header if name in REQUIRED + OPTIONAL}
    except DeclarationError:
        raise
    except (OSError, TypeError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DeclarationError(
            str(path), [Problem(where="", message=f"cannot be read as npz: {error}")]
        ) from error
    shapes = {column.shape for column in columns.values()}
    if len(shapes) != 1 or len(next(iter(shapes))) != 1:
        message = f"every column needs one dimension and the same length (got {sorted(shapes)})"
        raise DeclarationError(str(path), [Problem(where="", message=message)])
    size = shapes.pop()[0]
    for first in range(0, max(size, 1), CHUNK_ROWS):
        part = {name: _text(column[first : first + CHUNK_ROWS]) for name, column in columns.items()}
        length = min(size - first, CHUNK_ROWS)
        yield Table(source=str(path), columns=part, size=length, line_of=_from(first + 1))


def _parquet_chunks(path: Path) -> Iterator[Table]:
    """A Parquet file; a row's "line" is its place from 1."""
    with ParquetSource(path) as file:
        _check_header(str(path), file.names)
        names = [name for name in file.names if name in REQUIRED + OPTIONAL]
        yield Table(source=str(path), columns=dict.fromkeys(names, _text([])), size=0, line_of=_from(1))
        first = 1
        for columns in file.chunks(names, CHUNK_ROWS):
            stripped = {name: _text(column) for name, column in columns.items()}
            size = stripped[names[0]].size
            yield Table(source=str(path), columns=stripped, size=size, line_of=_from(first))
            first += size


_CHUNKS = {".npz": _npz_chunks, ".parquet": _parquet_chunks}
BINARY = frozenset(_CHUNKS)  # suffixes of files that are no text


def _from(first: int) -> Callable[[int], int]:
    return lambda row: first + row


def _text(column: Sequence[str] | npt.NDArray[Any]) -> Texts:
    return np.strings.strip(np.asarray(column).astype(np.str_))


def _check_header(source: str, header: Sequence[str]) -> None:
    problems = [
        Problem(where=name, message=f"the column is missing; a header needs {', '.join(REQUIRED)}")
        for name in REQUIRED
        if name not in header
    ]
    problems += [
        Problem(where=name, message="the column stands twice; leave one of them")
        for name in dict.fromkeys(header)
        if name in REQUIRED + OPTIONAL and header.count(name) > 1
    ]
    if problems:
        raise DeclarationError(source, problems)


def _integers(table: Table, column: str, *, empty: int | None) -> Integers:
    """A column as whole numbers; `empty` stands for an empty cell, and None refuses one."""
    texts = table.columns[column]
    blank = texts == ""
    if empty is not None:
        texts = np.where(blank, str(empty), texts)
    digits = np.where(np.strings.startswith(texts, "-"), np.strings.slice(texts, 1, None), texts)
    furthest = str(FURTHEST_NS)
    size = np.strings.str_len(digits)
    too_far = (size > len(furthest)) | ((size == len(furthest)) & (digits > furthest))
    wrong = ~np.strings.isdecimal(digits) | too_far
    if wrong.any():
        table.refuse(column, int(wrong.argmax()), _whole_number())
    return texts.astype(np.int64)


def _optional(table: Table, column: str) -> Integers:
    if column not in table.columns:
        return np.zeros(table.size, dtype=np.int64)
    values = _integers(table, column, empty=0 if column != "arrival" else None)
    if (values < 0).any():
        table.refuse(column, int((values < 0).argmax()), "must not be negative")
    return values


def _whole_number() -> str:
    return f"must be a whole number between -{FURTHEST_NS} and {FURTHEST_NS}"


def _outcomes(table: Table) -> npt.NDArray[np.uint8]:
    names, inverse = np.unique(table.columns["outcome"], return_inverse=True)
    numbers = np.zeros(names.size, dtype=np.uint8)
    for place, name in enumerate(names.tolist()):
        if name not in OUTCOME_NAMES:
            row = int((inverse == place).argmax())
            accepted = f"unknown outcome; accepted are {', '.join(OUTCOME_NAMES)}"
            table.refuse("outcome", row, accepted)
        numbers[place] = OUTCOME_NAMES[name]
    return numbers[inverse]


def _kind_name(place: _Refusal, meta: ObservationMeta, text: str) -> str:
    if text.isdecimal():
        if int(text) >= len(meta.kinds):
            place.refuse(f"a number is a place in `kinds` of the .meta.json, which lists {len(meta.kinds)}")
        return meta.kinds[int(text)]
    if not text:
        place.refuse(f"a kind is needed, for example {Kind.CARD_SALE.text}")
    return text
