"""Locust's requests as `locust.contrib.csv_request_logger.CsvRequestLogger` writes them: one line a request.

`timestamp` is the start in seconds, `response_time_ms` is rounded to 0.01 ms, so up to 5 us longer are taken. Locust's
own statistics (`--csv`) hold no requests and are refused by `formats`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

from analysis.imports.foreign_rows import Account, ForeignRow, outcome_of_status
from analysis.imports.lines import csv_rows, refuse, refuse_cell
from scenarios.errors import Problem
from scenarios.observation import Outcome

COLUMNS = (
    *("timestamp", "request_type", "name", "response_time_ms"),
    *("response_length", "status_code", "exception"),
)
LONGER_NS = 5_000
RESOLUTION_NS = 2 * LONGER_NS
_LATEST_S = 4e9  # in the year 2096
_LONGEST_MS = 1e9
_TIMED_OUT = re.compile(r"time-?d?\s?out", re.IGNORECASE)


def read_rows(path: Path, account: Account) -> Iterator[ForeignRow]:
    """The requests of such a file. Raises DeclarationError where it is not one."""
    lines = csv_rows(path, account)
    header, _ = next(lines)
    missing = [
        Problem(where=name, message=f"the column is missing; CsvRequestLogger writes {', '.join(COLUMNS)}")
        for name in COLUMNS
        if name not in header
    ]
    if missing:
        refuse(path, missing)
    place = [header.index(name) for name in COLUMNS]
    for row, line in lines:
        stamp, method, name, took, _, code, exception = (row[each] for each in place)
        started_s = _number(path, line, "timestamp", stamp, most=_LATEST_S)
        if not code.isascii() or not code.isdecimal() or len(code) > 3:
            refuse_cell(path, line, "status_code", code, "must be a status of HTTP, or 0")
        outcome = _outcome(int(code), exception)
        if not took and outcome is Outcome.COMPLETED:
            refuse_cell(path, line, "response_time_ms", took, "an answered request needs its time")
        took_ms = _number(path, line, "response_time_ms", took or "0", most=_LONGEST_MS)
        yield ForeignRow(
            line=line,
            started_ns=round(started_s * 1e6) * 1000,
            took_ns=round(took_ms * 1e6) + LONGER_NS,
            name=name,
            method=method,
            outcome=outcome,
            status=int(code),
            mark=hash(tuple(row)),
        )
    account.remarks.append("Its times are rounded to 0.01 ms: the longest is taken, and no FAIL rests on it.")


def _outcome(status: int, exception: str) -> Outcome:
    if status or not exception:
        return outcome_of_status(status, failed=bool(exception))
    return Outcome.TIMEOUT if _TIMED_OUT.search(exception) else Outcome.CONNECTION


def _number(path: Path, line: int, column: str, text: str, *, most: float) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 <= found <= most:
        refuse_cell(path, line, column, text, f"must be a number between 0 and {most:g}")
    return found
