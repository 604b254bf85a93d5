"""A trace: a log of when transactions arrived and what they were, as a CSV file. Read in order of time, in blocks.

Columns, by the names in the header; others are never looked at:
    timestamp      ISO 8601 with a zone, or a number since the epoch; the first line's form holds for all
    kind, journey  one of both: what the arrival is, as a transaction kind or as a journey
    payer          optional: id of the payer, empty where unknown
    amount_class   optional: small, medium or large, empty where unknown

Logs are written when a transaction ends and by several hands, so lines may be out of order by up to a window: within
it they are sorted, and a stamp that is earlier than the window allows is an error.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import numpy as np
import numpy.typing as npt

from scenarios.amount_class import AmountClass
from scenarios.csv_columns import Block, Ints, Text, read_columns, read_header, refuse_lines, shown
from scenarios.errors import DeclarationError, Problem
from scenarios.journeys import JOURNEY_NAMES, STEPS, Journey
from scenarios.spelling import did_you_mean
from scenarios.trace_stamps import WHAT_WOULD_DO, StampUnit, parse_stamps, unit_of, zone_of

SORTED_WITHIN_NS = 5_000_000_000
_OPTIONAL = ("payer", "amount_class")
_AMOUNTS: dict[str, IntEnum] = {amount.text: amount for amount in AmountClass}


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceLines:
    """Lines in order of time: shapes (n,). Without their columns, payers are None and amount classes all 0."""

    line: Ints
    stamp_ns: Ints
    journey: npt.NDArray[np.uint8]
    payer: Text | None
    amount_class: npt.NDArray[np.uint8]  # 0 = not said

    def __len__(self) -> int:
        return len(self.line)

    def at(self, chosen: slice | Ints | npt.NDArray[np.bool_]) -> TraceLines:
        """Some of the lines."""
        return TraceLines(
            line=self.line[chosen],
            stamp_ns=self.stamp_ns[chosen],
            journey=self.journey[chosen],
            payer=None if self.payer is None else self.payer[chosen],
            amount_class=self.amount_class[chosen],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceForm:
    """What the header and the first line of a trace say about all of it."""

    columns: tuple[str, ...]
    says_kind: bool  # else it says the journey
    unit: StampUnit
    zone_s: int  # seconds east of Greenwich of the first stamp


def kind_journeys() -> dict[str, Journey]:
    """The journey that stands for a kind in a trace: the one that does nothing else."""
    first_of: dict[str, Journey] = {}
    for journey, steps in STEPS.items():
        if len(steps) == 1:
            first_of.setdefault(
                steps[0].text, journey
            )  # the journey that a person makes, not a nightly sweep
    return first_of


def trace_digest(path: Path) -> str:
    """SHA-256 of the file's bytes. Raises DeclarationError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        message = (
            "no such file" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"
        )
        raise DeclarationError(str(path), [Problem(where="", message=message)]) from error


def read_form(path: Path) -> TraceForm:
    """How this trace is written. Raises DeclarationError with every problem of its header."""
    header = read_header(path)
    problems = [
        f'column "{name}" stands there {header.count(name)} times'
        for name in ("timestamp", "kind", "journey", *_OPTIONAL)
        if header.count(name) > 1
    ]
    if "timestamp" not in header:
        problems.append(f'has no column "timestamp"; {did_you_mean("timestamp", header)}')
    if ("kind" in header) == ("journey" in header):
        problems.append('needs one of the columns "kind" and "journey", and not both')
    if problems:
        raise DeclarationError(str(path), [Problem(where="line 1", message=text) for text in problems])
    what = "kind" if "kind" in header else "journey"
    columns = ("timestamp", what, *(name for name in _OPTIONAL if name in header))
    for block in read_columns(path, ["timestamp"]):
        first = bytes(block.columns["timestamp"][0])
        unit = unit_of(first)
        sound = bool(parse_stamps(np.array([first]), unit)[1][0])
        return TraceForm(
            columns=columns, says_kind=what == "kind", unit=unit, zone_s=zone_of(first) if sound else 0
        )
    raise DeclarationError(str(path), [Problem(where="", message="holds no line below its header")])


def read_trace(path: Path, *, sorted_within_ns: int = SORTED_WITHIN_NS) -> Iterator[TraceLines]:
    """The lines of a trace in order of time, lines of equal time in order of the file.

    Raises DeclarationError that names line and value for what cannot be read, and for a stamp that is earlier than
    one above it by more than the window.
    """
    form = read_form(path)
    names: Mapping[str, IntEnum] = kind_journeys() if form.says_kind else JOURNEY_NAMES
    held: TraceLines | None = None
    latest_ns = -(2**62)
    for block in read_columns(path, form.columns):
        lines = _parsed(path, form, names, block)
        latest = np.maximum(np.maximum.accumulate(lines.stamp_ns), latest_ns)
        _check_order(path, lines, latest, sorted_within_ns)
        latest_ns = int(latest[-1])
        held = lines if held is None else _joined(held, lines)
        held = held.at(np.argsort(held.stamp_ns, kind="stable"))
        ready = int(np.searchsorted(held.stamp_ns, latest_ns - sorted_within_ns, side="left"))
        if ready:
            yield held.at(slice(0, ready))
            held = held.at(slice(ready, None))
    if held is not None and len(held):
        yield held


def _parsed(path: Path, form: TraceForm, names: Mapping[str, IntEnum], block: Block) -> TraceLines:
    wrong: list[tuple[int, str]] = []
    stamps = block.columns["timestamp"]
    stamp_ns, sound = parse_stamps(stamps, form.unit)
    for at in np.flatnonzero(~sound)[:99].tolist():
        wrong.append((int(block.line[at]), f"timestamp: {_stamp_message(bytes(stamps[at]), form.unit)}"))
    what = "kind" if form.says_kind else "journey"
    journey = _codes(block, what, names, wrong)
    amount = np.zeros(len(block.line), dtype=np.uint8)
    if "amount_class" in block.columns:
        amount = _codes(block, "amount_class", _AMOUNTS, wrong, may_be_empty=True)
    if wrong:
        refuse_lines(path, wrong)
    return TraceLines(
        line=block.line,
        stamp_ns=stamp_ns,
        journey=journey,
        payer=block.columns.get("payer"),
        amount_class=amount,
    )


def _stamp_message(stamp: bytes, unit: StampUnit) -> str:
    if stamp and unit_of(stamp) is not unit and parse_stamps(np.array([stamp]), unit_of(stamp))[1][0]:
        return f"is in {unit_of(stamp).value}, the first line in {unit.value} (got {shown(stamp)})"
    return f"{WHAT_WOULD_DO} (got {shown(stamp)})"


def _codes(
    block: Block,
    column: str,
    names: Mapping[str, IntEnum],
    wrong: list[tuple[int, str]],
    *,
    may_be_empty: bool = False,
) -> npt.NDArray[np.uint8]:
    """The numbers of the names in a column, 0 where it is empty; unknown ones are added to `wrong`."""
    known = sorted(names)
    table = np.array(known, dtype=np.bytes_)
    codes = np.array([int(names[name]) for name in known], dtype=np.uint8)
    text = block.columns[column]
    place = np.minimum(np.searchsorted(table, text), len(table) - 1)
    empty = text == b""
    bad = (table[place] != text) & ~(empty & may_be_empty)
    for at in np.flatnonzero(bad)[:99].tolist():
        value = bytes(text[at])
        hint = did_you_mean(value.decode("utf-8", "replace"), known)
        wrong.append((int(block.line[at]), f"{column}: unknown; {hint} (got {shown(value)})"))
    return np.where(empty, np.uint8(0), codes[place])


def _check_order(path: Path, lines: TraceLines, latest: Ints, window_ns: int) -> None:
    early = np.flatnonzero(lines.stamp_ns < latest - window_ns)
    if early.size:
        at = int(early[0])
        before_s = (int(latest[at]) - int(lines.stamp_ns[at])) / 1e9
        message = (
            f"timestamp: lies {before_s:g} s before a line above it; lines are sorted within {window_ns / 1e9:g} s, "
            "so sort the file by time, or raise sorted_within"
        )
        refuse_lines(path, [(int(lines.line[at]), message)])


def _joined(first: TraceLines, second: TraceLines) -> TraceLines:
    payers = None
    if first.payer is not None and second.payer is not None:
        payers = np.concatenate((first.payer, second.payer))
    return TraceLines(
        line=np.concatenate((first.line, second.line)),
        stamp_ns=np.concatenate((first.stamp_ns, second.stamp_ns)),
        journey=np.concatenate((first.journey, second.journey)),
        payer=payers,
        amount_class=np.concatenate((first.amount_class, second.amount_class)),
    )
