"""Named columns of a CSV file as arrays, block by block: a file of any size in little memory, no line as an object.

Only the columns that are asked for are ever taken out of the file's bytes.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NoReturn

import numpy as np
import numpy.typing as npt

from scenarios.errors import DeclarationError, Problem

BLOCK_BYTES = 4_000_000
LONGEST_LINE = 100_000
LONGEST_FIELD = 64
_MOST_PROBLEMS = 10
_NEWLINE, _COMMA, _QUOTE, _RETURN = (ord(letter) for letter in '\n,"\r')

Bytes = npt.NDArray[np.uint8]
Text = npt.NDArray[np.bytes_]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Some lines of a file: their numbers (1 is the header) and one array of bytes for each column."""

    line: Ints
    columns: Mapping[str, Text]


def read_header(path: Path) -> list[str]:
    """The names of the columns, as written. Raises DeclarationError."""
    with _opened(path) as file:
        return _header(path, file)


def read_columns(path: Path, wanted: Sequence[str]) -> Iterator[Block]:
    """Blocks of the wanted columns in the order of the file, blank lines left out.

    Raises DeclarationError for a file that cannot be read, and for lines that have not as many fields as the header.
    """
    with _opened(path) as file:
        header = _header(path, file)
        places = {name: header.index(name) for name in wanted}
        next_line, rest = 2, b""
        while True:
            read = file.read(BLOCK_BYTES)
            end = len(read) if not read else read.rfind(b"\n") + 1
            if read and not end:
                rest += read
                if len(rest) > LONGEST_LINE:
                    _refuse(path, next_line, f"is longer than {LONGEST_LINE} characters")
                continue
            data, rest = rest + read[:end], read[end:]
            if not read and not data:
                return
            if not data.endswith(b"\n"):
                data += b"\n"
            block, lines = _block(path, data, len(header), places, next_line)
            next_line += lines
            if len(block.line):
                yield block
            if not read:
                return


def refuse_lines(path: Path, found: Sequence[tuple[int, str]]) -> NoReturn:
    """Raise DeclarationError that names the lines, the first ones of many."""
    ordered = sorted(found)
    problems = [Problem(where=f"line {line}", message=message) for line, message in ordered[:_MOST_PROBLEMS]]
    if len(ordered) > _MOST_PROBLEMS:
        problems.append(Problem(where="", message=f"and {len(ordered) - _MOST_PROBLEMS} more nearby"))
    raise DeclarationError(str(path), problems)


def shown(value: bytes) -> str:
    """A field for an error message."""
    return f'"{value.decode("utf-8", "replace")}"' if value else "nothing"


def _refuse(path: Path, line: int, message: str) -> NoReturn:
    refuse_lines(path, [(line, message)])


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        message = (
            "no such file" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"
        )
        raise DeclarationError(str(path), [Problem(where="", message=message)]) from error


def _header(path: Path, file: BinaryIO) -> list[str]:
    try:
        first = file.readline(LONGEST_LINE)
    except OSError as error:  # a folder opens and cannot be read
        raise DeclarationError(
            str(path), [Problem(where="", message=f"cannot be read: {error.strerror}")]
        ) from error
    try:
        text = first.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        _refuse(path, 1, "the header is not UTF-8 text")
    if not text:
        _refuse(path, 1, "is empty; the first line must name the columns")
    return [name.strip() for name in next(csv.reader([text]))]


def _block(
    path: Path, data: bytes, fields: int, places: Mapping[str, int], first_line: int
) -> tuple[Block, int]:
    """The lines of some bytes that end with a line's end, and how many lines those were, blank ones counted."""
    buffer = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero(buffer == _NEWLINE)
    starts = np.concatenate(([0], ends[:-1] + 1))
    lines = len(ends)
    returned = (ends > starts) & (buffer[np.maximum(ends - 1, 0)] == _RETURN)
    ends = ends - returned
    filled = ends > starts
    line = np.arange(first_line, first_line + lines, dtype=np.int64)[filled]
    starts, ends = starts[filled], ends[filled]
    if (long := np.flatnonzero(ends - starts > LONGEST_LINE)).size:
        _refuse(path, int(line[long[0]]), f"is longer than {LONGEST_LINE} characters")
    if _QUOTE in data:
        columns = _quoted(path, data, starts, ends, line, fields, places)
    else:
        columns = _plain(path, buffer, starts, ends, line, fields, places)
    return Block(line=line, columns=columns), lines


def _plain(
    path: Path,
    buffer: Bytes,
    starts: npt.NDArray[np.intp],
    ends: npt.NDArray[np.intp],
    line: Ints,
    fields: int,
    places: Mapping[str, int],
) -> dict[str, Text]:
    """Fields of lines without any quote, found by their commas."""
    commas = np.flatnonzero(buffer == _COMMA)
    counts = np.searchsorted(commas, ends) - np.searchsorted(commas, starts)
    wrong = np.flatnonzero(counts != fields - 1)
    if wrong.size:
        refuse_lines(
            path, [(int(line[at]), _count_message(int(counts[at]) + 1, fields)) for at in wrong[:99]]
        )
    inner = commas.reshape(len(starts), fields - 1)
    columns = {}
    for name, place in places.items():
        begin = starts if place == 0 else inner[:, place - 1] + 1
        end = ends if place == fields - 1 else inner[:, place]
        columns[name] = _cut_out(path, buffer, begin, end, line, name)
    return columns


def _cut_out(
    path: Path,
    buffer: Bytes,
    begin: npt.NDArray[np.intp],
    end: npt.NDArray[np.intp],
    line: Ints,
    name: str,
) -> Text:
    """One field of each line, spaces around it left in, as zero-padded bytes."""
    length = end - begin
    width = int(length.max(initial=1)) or 1
    if width > LONGEST_FIELD:
        at = int(length.argmax())
        _refuse(path, int(line[at]), f"{name} is longer than {LONGEST_FIELD} characters")
    padded = np.concatenate((buffer, np.zeros(width, dtype=np.uint8)))
    letters = np.lib.stride_tricks.sliding_window_view(padded, width)[begin]
    letters[np.arange(width) >= length[:, None]] = 0
    return letters.view(f"S{width}")[:, 0]


def _quoted(
    path: Path,
    data: bytes,
    starts: npt.NDArray[np.intp],
    ends: npt.NDArray[np.intp],
    line: Ints,
    fields: int,
    places: Mapping[str, int],
) -> dict[str, Text]:
    """Fields of lines of which some have quotes: one line at a time, so that what is wrong has its number."""
    taken: dict[str, list[bytes]] = {name: [] for name in places}
    wrong: list[tuple[int, str]] = []
    for number, start, end in zip(line.tolist(), starts.tolist(), ends.tolist(), strict=True):
        try:
            values = next(csv.reader([data[start:end].decode("latin-1")], strict=True))
        except csv.Error:
            wrong.append((number, "a quote is not closed on its line; line ends inside a field are not read"))
            continue
        if len(values) != fields:
            wrong.append((number, _count_message(len(values), fields)))
            continue
        for name, place in places.items():
            if len(values[place]) > LONGEST_FIELD:
                wrong.append((number, f"{name} is longer than {LONGEST_FIELD} characters"))
            taken[name].append(values[place].encode("latin-1"))
    if wrong:
        refuse_lines(path, wrong)
    return {name: np.array(values, dtype=np.bytes_) for name, values in taken.items()}


def _count_message(found: int, fields: int) -> str:
    return f"has {found} field(s), the header {fields}"
