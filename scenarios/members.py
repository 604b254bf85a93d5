"""Members of a real sandbox, from a user's CSV: read strictly, named by line, copied into no recording.

```
member_id,first_name,last_name,birth_date,gender,payer_id
W000000001,JANE,DOE,1980-01-31,F,TEST1
```
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from scenarios.errors import DeclarationError, Problem
from scenarios.spelling import did_you_mean

COLUMNS = ("member_id", "first_name", "last_name", "birth_date", "gender", "payer_id")
MOST_BYTES = 64 * 1024 * 1024
MOST_PAYERS = 65_000  # a row has two bytes for the payer's place
_MOST_PROBLEMS = 20
# Printable ASCII without the separators of our X12 (`*` `^` `:` `~`).
_NAME = re.compile(r"[ !-)+-9;-\]_-}]{1,35}")
_MEMBER_ID = re.compile(r"[ !-)+-9;-\]_-}]{2,30}")
_PAYER_ID = re.compile(r"[A-Z0-9]{1,7}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One line of the file; `birth_date` is CCYYMMDD."""

    member_id: str = field(repr=False)
    first_name: str = field(repr=False)
    last_name: str = field(repr=False)
    birth_date: str = field(repr=False)
    gender: str = field(repr=False)
    payer_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """All lines of a file, its SHA-256, and its payers in the order in which they first occur."""

    members: tuple[Member, ...] = field(repr=False)
    sha256: str
    payer_ids: tuple[str, ...]


class MembersFile(BaseModel):
    """`members = "members.csv"`, and what was found in it: recordings keep count and digest, never a member."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str = Field(min_length=1)
    count: int | None = None
    sha256: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, raw: Any) -> Any:
        return {"file": raw} if isinstance(raw, str) else raw

    def read(self) -> Members:
        """The members. Raises DeclarationError where the file is not sound, or not the one that was planned with."""
        members = read_members(self.file)
        if self.sha256 not in (None, members.sha256):
            message = f"its contents have changed: planned with {self.sha256}, found {members.sha256}"
            raise DeclarationError(self.file, [Problem(where="", message=message)])
        return members

    def beside(self, folder: Path) -> MembersFile:
        """The file sought from this folder and read once: its full path, count and digest."""
        found = self.model_copy(update={"file": str(folder / self.file)})
        members = found.read()
        return found.model_copy(update={"count": len(members.members), "sha256": members.sha256})


@lru_cache(maxsize=4)
def _parse(source: str, content: bytes) -> Members:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DeclarationError(source, [Problem(where="", message=f"is not UTF-8 text: {error}")]) from error
    problems: list[Problem] = []
    members: list[Member] = []
    seen: dict[tuple[str, ...], int] = {}
    for line, row in _rows(source, text):
        found = list(_row_problems(line, row))
        cells = tuple(row)
        if not found and cells in seen:
            found = [Problem(where=f"line {line}", message=f"repeats line {seen[cells]}")]
        seen.setdefault(cells, line)
        problems += found
        if not found:
            values = dict(zip(COLUMNS, row, strict=True))
            members.append(Member(**values | {"birth_date": _day(values["birth_date"])}))
    if not members and not problems:
        problems = [Problem(where="", message="holds no member")]
    payer_ids = tuple(dict.fromkeys(member.payer_id for member in members))
    if len(payer_ids) > MOST_PAYERS:
        problems.append(Problem(where="payer_id", message=f"more than {MOST_PAYERS} different payers"))
    if problems:
        more = len(problems) - _MOST_PROBLEMS
        shown = problems[:_MOST_PROBLEMS]
        if more > 0:
            shown.append(Problem(where="", message=f"and {more} more"))
        raise DeclarationError(source, shown)
    return Members(members=tuple(members), sha256=hashlib.sha256(content).hexdigest(), payer_ids=payer_ids)


def read_members(path: str) -> Members:
    """The members of a CSV file. Raises DeclarationError with every problem, by line and value."""
    try:
        if Path(path).stat().st_size > MOST_BYTES:
            raise DeclarationError(path, [Problem(where="", message=f"larger than {MOST_BYTES >> 20} MB")])
        content = Path(path).read_bytes()
    except OSError as error:
        message = f"members file cannot be read: {error.strerror}"
        raise DeclarationError(path, [Problem(where="", message=message)]) from error
    return _parse(path, content)


def _rows(source: str, text: str) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells, in the order of COLUMNS, of each line below the header."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        problems = [
            Problem(where=f"column {name!r}", message=f"unknown column; {did_you_mean(name, COLUMNS)}")
            for name in header
            if name not in COLUMNS
        ]
        problems += [Problem(where=name, message="is required") for name in COLUMNS if name not in header]
        if not problems and len(header) != len(COLUMNS):
            problems = [Problem(where="line 1", message="names a column twice")]
        if problems:
            raise DeclarationError(source, problems)
        places = [header.index(name) for name in COLUMNS]
        for row in reader:
            if any(cell.strip() for cell in row):
                cells = [cell.strip() for cell in row]
                ordered = [cells[place] for place in places] if len(cells) == len(header) else cells
                yield reader.line_num, ordered
    except csv.Error as error:
        message = f"is not CSV: {error}"
        raise DeclarationError(source, [Problem(where=f"line {reader.line_num}", message=message)]) from error


def _row_problems(line: int, row: list[str]) -> Iterator[Problem]:
    if len(row) != len(COLUMNS):
        message = f"needs {len(COLUMNS)} cells ({', '.join(COLUMNS)}); it has {len(row)}"
        yield Problem(where=f"line {line}", message=message)
        return
    for name, value in zip(COLUMNS, row, strict=True):
        is_sound, accepted = _RULES[name]
        if not is_sound(value):
            shown = value if len(value) <= 40 else f"{value[:37]}..."
            yield Problem(where=f"line {line}, {name}", message=f'{accepted} (got "{shown}")')


def _day(text: str) -> str:
    """CCYYMMDD of `YYYY-MM-DD` or `YYYYMMDD`; empty where it is no day from 1900 on."""
    if not re.fullmatch(r"[0-9]{4}(-?)[0-9]{2}\1[0-9]{2}", text):
        return ""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return ""
    return f"{day:%Y%m%d}" if day.year >= 1900 else ""


_WITHOUT_SEPARATORS = "printable ASCII without * ^ : ~"
_RULES: dict[str, tuple[Callable[[str], object], str]] = {
    "member_id": (_MEMBER_ID.fullmatch, f"must be 2 to 30 characters, {_WITHOUT_SEPARATORS}"),
    "first_name": (_NAME.fullmatch, f"must be 1 to 35 characters, {_WITHOUT_SEPARATORS}"),
    "last_name": (_NAME.fullmatch, f"must be 1 to 35 characters, {_WITHOUT_SEPARATORS}"),
    "birth_date": (_day, "must be a day such as 1980-01-31"),
    "gender": (frozenset("FMU").__contains__, "must be F, M or U"),
    "payer_id": (_PAYER_ID.fullmatch, "must be 1 to 7 capital letters or digits"),
}
