"""Lines of another tool's file, one at a time: CSV rows and JSON objects, with the torn last line counted."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from analysis.bounded_lines import bounded_lines
from analysis.imports.foreign_rows import Account
from scenarios.errors import DeclarationError, Problem

_LONGEST_SHOWN = 60


def csv_rows(path: Path, account: Account) -> Iterator[tuple[list[str], int]]:
    """Header and rows with the number of the line on which each ends; every row is as long as the header.

    A last row that lacks its line end or some of its cells was torn when its writer was killed: it is left out and
    counted. Raises DeclarationError for a ragged row elsewhere and for what is no CSV.
    """
    unfinished = _lacks_its_end(path)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(bounded_lines(str(path), file))
            header = [name.strip() for name in next(reader, [])]
            yield header, 1
            held: tuple[list[str], int] | None = None
            for row in reader:
                if not row:
                    continue
                if held is not None:
                    if len(held[0]) != len(header):
                        _ragged(path, held, len(header))
                    yield held
                held = row, reader.line_num
            if held is None:
                return
            if unfinished or len(held[0]) != len(header):
                account.torn += 1
            else:
                yield held
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        _unreadable(path, "CSV", error)


def json_lines(path: Path, account: Account) -> Iterator[tuple[dict[str, Any], int]]:
    """The objects of a file of one JSON object a line, with their line numbers. Torn and raised as in `csv_rows`."""
    unfinished = _lacks_its_end(path)
    try:
        with path.open(encoding="utf-8-sig") as file:
            held: tuple[str, int] | None = None
            for line, text in enumerate(bounded_lines(str(path), file), start=1):
                if not text.strip():
                    continue
                if held is not None:
                    yield _object(path, held), held[1]
                held = text, line
            if held is None:
                return
            if unfinished:
                account.torn += 1
            else:
                yield _object(path, held), held[1]
    except (OSError, UnicodeDecodeError) as error:
        _unreadable(path, "lines of JSON", error)


def refuse_cell(path: Path, line: int, column: str, value: object, accepted: str) -> NoReturn:
    """Raise DeclarationError for one value."""
    text = str(value)
    shown = text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 3]}..."
    got = f'"{shown}"' if text else "an empty cell"
    refuse(path, [Problem(where=f"line {line}, {column}", message=f"{accepted} (got {got})")])


def refuse(path: Path, problems: Sequence[Problem]) -> NoReturn:
    """Raise DeclarationError about a file."""
    raise DeclarationError(str(path), problems)


def _object(path: Path, held: tuple[str, int]) -> dict[str, Any]:
    text, line = held
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        refuse_cell(path, line, "the line", text.strip(), "must be one JSON object")
    return found


def _lacks_its_end(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            if not file.seek(0, 2):
                return False
            file.seek(-1, 2)
            return file.read(1) not in (b"\n", b"\r")
    except OSError as error:
        _unreadable(path, "a file", error)


def _ragged(path: Path, held: tuple[list[str], int], width: int) -> NoReturn:
    row, line = held
    message = f"every row needs as many cells as the header has ({width}; got {len(row)})"
    refuse(path, [Problem(where=f"line {line}", message=message)])


def _unreadable(path: Path, what: str, error: Exception) -> NoReturn:
    reason = error.strerror if isinstance(error, OSError) else error
    raise DeclarationError(
        str(path), [Problem(where="", message=f"cannot be read as {what}: {reason}")]
    ) from error
