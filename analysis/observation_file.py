"""Observation files: recordings of any other tool, as CSV or npz, with an optional `.meta.json` beside."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from analysis.observation_meta import ObservationMeta, meta_path, read_meta
from analysis.samples import FURTHEST_NS, Samples
from scenarios.errors import DeclarationError, Problem
from scenarios.kinds import KIND_CLASS, Kind
from scenarios.observation import NEVER, Outcome
from scenarios.spelling import did_you_mean

Texts = npt.NDArray[np.str_]
Integers = npt.NDArray[np.int64]

REQUIRED = ("started_ns", "ended_ns", "kind", "outcome")
OPTIONAL = ("planned_ns", "arrival", "attempt", "status", "payer", "worker")

OUTCOME_NAMES = {**{each.text: each for each in Outcome}, "ok": Outcome.COMPLETED}
OUR_CLASSES = {each.text: KIND_CLASS[each] for each in Kind}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """The columns of a file as text, each cell stripped, and where a row is found for a message."""

    source: str
    columns: Mapping[str, Texts]
    size: int
    line_of: Callable[[int], int]

    def refuse(self, column: str, row: int, accepted: str) -> NoReturn:
        """Raise DeclarationError for the value of one cell."""
        value = str(self.columns[column][row])
        got = f'"{value}"' if value else "an empty cell"
        problem = Problem(where=f"line {self.line_of(row)}, {column}", message=f"{accepted} (got {got})")
        raise DeclarationError(self.source, [problem])


def read_observation_file(path: Path) -> Samples:
    """The samples of a CSV or npz file. Raises DeclarationError where it is not what the contract says."""
    table = _read_npz(path) if path.suffix == ".npz" else _read_csv(path)
    meta = read_meta(meta_path(path))
    return _samples(table, meta)


def _samples(table: _Table, meta: ObservationMeta) -> Samples:
    started = _integers(table, "started_ns", empty=NEVER)
    ended = _integers(table, "ended_ns", empty=NEVER)
    outcome = _outcomes(table)
    planned, has_planned_times = _planned(table, started)
    kinds, kind = _kinds(table, meta)
    classes = {**OUR_CLASSES, **meta.kind_class}
    in_flight = bool((outcome == Outcome.IN_FLIGHT).any())
    stamps = [int(each.max()) for each in (planned, started, ended) if each.size]
    first = int(planned.min()) if planned.size else 0
    return Samples(
        source=table.source,
        planned_ns=planned,
        started_ns=started,
        ended_ns=ended,
        kind=kind,
        outcome=outcome,
        attempt=_optional(table, "attempt"),
        status=_optional(table, "status"),
        own_lag_ms=np.zeros(table.size, dtype=np.int64),
        arrival=_optional(table, "arrival").astype(np.uint64) if "arrival" in table.columns else None,
        garbled=np.zeros(table.size, dtype=np.bool_),
        kinds=kinds,
        kind_class=classes,
        custom_classes=kinds if kinds and not any(each in classes for each in kinds) else None,
        first_ns=first,
        warm_up_ns=meta.warmup_ns,
        cutoff_ns=meta.cutoff_ns if meta.cutoff_ns is not None else max(stamps, default=first),
        settled_by_plan=meta.cutoff_ns is not None or in_flight,
        maintenance=meta.maintenance,
        longest_stall_s=meta.longest_stall,
        cycle_s=meta.load_cycle,
        has_planned_times=has_planned_times,
        replies_checked=False,
        run=None,
    )


def _read_csv(path: Path) -> _Table:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            header = [name.strip() for name in next(reader, [])]
            _check_header(str(path), header)
            lines = [(row, reader.line_num) for row in reader if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise DeclarationError(
            str(path), [Problem(where="", message=f"cannot be read as CSV: {reason}")]
        ) from error
    ragged = next((line for row, line in lines if len(row) != len(header)), None)
    if ragged is not None:
        message = f"every row needs as many cells as the header has ({len(header)})"
        raise DeclarationError(str(path), [Problem(where=f"line {ragged}", message=message)])
    cells = list(zip(*(row for row, _ in lines), strict=True)) if lines else [()] * len(header)
    columns = {
        name: _text(column) for name, column in zip(header, cells, strict=True) if name in REQUIRED + OPTIONAL
    }
    return _Table(source=str(path), columns=columns, size=len(lines), line_of=lambda row: lines[row][1])


def _read_npz(path: Path) -> _Table:
    """An archive of one array per column, as numbers or text; a row's "line" is its place from 1."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            header = list(archive.files)
            _check_header(str(path), header)
            columns = {name: _text(archive[name]) for name in header if name in REQUIRED + OPTIONAL}
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
    return _Table(source=str(path), columns=columns, size=shapes.pop()[0], line_of=lambda row: row + 1)


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


def _integers(table: _Table, column: str, *, empty: int | None) -> Integers:
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
        table.refuse(
            column, int(wrong.argmax()), f"must be a whole number between -{furthest} and {furthest}"
        )
    return texts.astype(np.int64)


def _optional(table: _Table, column: str) -> Integers:
    if column not in table.columns:
        return np.zeros(table.size, dtype=np.int64)
    values = _integers(table, column, empty=0 if column != "arrival" else None)
    if (values < 0).any():
        table.refuse(column, int((values < 0).argmax()), "must not be negative")
    return values


def _planned(table: _Table, started: Integers) -> tuple[Integers, bool]:
    """Planned moments, or the started ones where the file has none, and which of the two it is."""
    if "planned_ns" in table.columns and (table.size == 0 or (table.columns["planned_ns"] != "").any()):
        return _integers(table, "planned_ns", empty=None), True
    if (started == NEVER).any():
        row = int((started == NEVER).argmax())
        table.refuse("started_ns", row, "a row without planned_ns needs the moment it started")
    return started, False


def _outcomes(table: _Table) -> npt.NDArray[np.uint8]:
    names, inverse = np.unique(table.columns["outcome"], return_inverse=True)
    numbers = np.zeros(names.size, dtype=np.uint8)
    for place, name in enumerate(names.tolist()):
        if name not in OUTCOME_NAMES:
            row = int((inverse == place).argmax())
            accepted = f"unknown outcome; accepted are {', '.join(OUTCOME_NAMES)}"
            table.refuse("outcome", row, accepted)
        numbers[place] = OUTCOME_NAMES[name]
    return numbers[inverse]


def _kinds(table: _Table, meta: ObservationMeta) -> tuple[tuple[str, ...], npt.NDArray[np.intp]]:
    """The kinds that occur and each row's place among them."""
    written, inverse = np.unique(table.columns["kind"], return_inverse=True)
    names = []
    for place, text in enumerate(written.tolist()):
        row = int((inverse == place).argmax())
        names.append(_kind_name(table, meta, text, row))
    classes = {**OUR_CLASSES, **meta.kind_class}
    if any(name in classes for name in names):
        for place, name in enumerate(names):
            if name not in classes:
                accepted = (
                    f"unknown kind; {did_you_mean(name, classes)}, or give it a class in the .meta.json"
                )
                table.refuse("kind", int((inverse == place).argmax()), accepted)
    kinds = tuple(dict.fromkeys(names))
    places = np.array([kinds.index(name) for name in names], dtype=np.intp)
    return kinds, places[inverse]


def _kind_name(table: _Table, meta: ObservationMeta, text: str, row: int) -> str:
    if text.isdecimal():
        if int(text) >= len(meta.kinds):
            accepted = f"a number is a place in `kinds` of the .meta.json, which lists {len(meta.kinds)}"
            table.refuse("kind", row, accepted)
        return meta.kinds[int(text)]
    if not text:
        table.refuse("kind", row, f"a kind is needed, for example {Kind.CARD_SALE.text}")
    return text
