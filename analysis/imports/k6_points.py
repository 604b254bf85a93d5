"""k6's points, from `--out csv` or `--out json`: each request as the several metrics that k6 writes of it.

The points of one request come one after the other with the same time (its end) and tags. Its time here is
`http_req_duration` (sending, waiting, receiving) and what k6 leaves out of that: `http_req_blocked`, from asking for a
connection to having one, which includes `http_req_connecting` and `http_req_tls_handshaking` (their sum is taken where
it is more). Times are nanoseconds. Checks, groups and iterations are no requests.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from analysis.imports.foreign_rows import STATUS_OF_ERRORS, Account, ForeignRow, outcome_of_status
from analysis.imports.lines import csv_rows, json_lines, refuse, refuse_cell
from analysis.wording import count_text
from scenarios.errors import Problem
from scenarios.observation import Outcome

CSV_COLUMNS = ("metric_name", "timestamp", "metric_value")
REQUEST_METRICS = frozenset(
    f"http_req_{name}"
    for name in (
        *("duration", "blocked", "connecting", "tls_handshaking"),
        *("sending", "waiting", "receiving", "failed"),
    )
) | {"http_reqs"}
_DROPPED = "dropped_iterations"
_TAGS = ("name", "url", "method", "status", "error_code", "expected_response")
_TIMED_OUT = 1050
_STATUS_CODES = range(1400, 1600)  # k6's error codes that repeat a status of HTTP
_LONGEST_MS = 1e9
_EARLIEST, _LATEST = 0, 4_000_000_000 * 10**9
_UNITS = ((10**11, 10**9), (10**14, 10**6), (10**17, 1000))  # below: seconds, milliseconds, microseconds


class Point(NamedTuple):
    """One value of one metric."""

    line: int
    metric: str
    ended_ns: int
    value: float
    tags: tuple[str, ...]  # as _TAGS


def read_csv_rows(path: Path, account: Account) -> Iterator[ForeignRow]:
    """The requests of a file of `--out csv`. Raises DeclarationError where it is not one."""
    return _requests(path, _csv_points(path, account), account)


def read_json_rows(path: Path, account: Account) -> Iterator[ForeignRow]:
    """The requests of a file of `--out json`. Raises DeclarationError where it is not one."""
    return _requests(path, _json_points(path, account), account)


def _csv_points(path: Path, account: Account) -> Iterator[Point]:
    lines = csv_rows(path, account)
    header, _ = next(lines)
    needed = (*CSV_COLUMNS, "name", "status")
    if missing := [name for name in needed if name not in header]:
        refuse(
            path,
            [Problem(where=each, message="the column is missing; keep k6's system tags") for each in missing],
        )
    metric, stamp, value = (header.index(name) for name in CSV_COLUMNS)
    tags = [header.index(name) if name in header else None for name in _TAGS]
    for row, line in lines:
        if row[metric] in REQUEST_METRICS or row[metric] == _DROPPED:
            yield Point(
                line=line,
                metric=row[metric],
                ended_ns=_moment_ns(path, line, row[stamp]),
                value=_value(path, line, row[value]),
                tags=tuple("" if place is None else row[place] for place in tags),
            )


def _json_points(path: Path, account: Account) -> Iterator[Point]:
    for found, line in json_lines(path, account):
        metric = found.get("metric")
        if found.get("type") != "Point" or (metric not in REQUEST_METRICS and metric != _DROPPED):
            continue
        data = found.get("data")
        if not isinstance(data, dict):
            refuse_cell(path, line, "data", data, "a Point needs its time, value and tags")
        tags = data.get("tags") or {}
        if not isinstance(tags, Mapping):
            refuse_cell(path, line, "data.tags", tags, "must be an object")
        yield Point(
            line=line,
            metric=str(metric),
            ended_ns=_moment_ns(path, line, str(data.get("time"))),
            value=_value(path, line, data.get("value")),
            tags=tuple(str(tags.get(name, "")) for name in _TAGS),
        )


def _requests(path: Path, points: Iterator[Point], account: Account) -> Iterator[ForeignRow]:
    """Points put together to requests. A new one begins where a metric comes again, or another moment or tag."""
    held: dict[str, float] = {}
    first: Point | None = None
    dropped = unconnected = 0.0
    for point in points:
        if point.metric == _DROPPED:
            dropped += point.value
            continue
        if (
            first is None
            or point.metric in held
            or (point.ended_ns, point.tags) != (first.ended_ns, first.tags)
        ):
            if first is not None:
                yield from _request(path, first, held, account)
                unconnected += "http_req_blocked" not in held
            held, first = {}, point
        held[point.metric] = point.value
    if first is not None:
        yield from _request(path, first, held, account)
        unconnected += "http_req_blocked" not in held
    else:
        account.remarks.append("It has no point of an HTTP request.")
    if dropped:
        account.remarks.append(
            f"k6 counts {count_text(round(dropped))} dropped iterations: due, never sent, and in no row."
        )
    if unconnected:
        account.remarks.append(
            f"{count_text(round(unconnected))} requests have no http_req_blocked, so their time leaves out connecting."
        )


def _request(path: Path, first: Point, held: Mapping[str, float], account: Account) -> Iterator[ForeignRow]:
    if "http_req_duration" not in held:
        account.left_out["without http_req_duration"] += 1
        return
    name, url, method, code, error_code, expected = first.tags
    connecting = held.get("http_req_connecting", 0.0) + held.get("http_req_tls_handshaking", 0.0)
    took_ns = sum(
        round(each * 1e6)
        for each in (held["http_req_duration"], max(held.get("http_req_blocked", 0.0), connecting))
    )
    status = _small(path, first.line, "status", code)
    failed = expected == "false" or held.get("http_req_failed", 0.0) > 0
    yield ForeignRow(
        line=first.line,
        started_ns=first.ended_ns - took_ns,
        took_ns=took_ns,
        name=name or url,
        method=method,
        outcome=_outcome(status, _small(path, first.line, "error_code", error_code), failed=failed),
        status=status,
        mark=hash((first.ended_ns, first.tags, *held.values())),
    )


def _outcome(status: int, error_code: int, *, failed: bool) -> Outcome:
    """By k6's error code where nothing answered: 1050 is a time-out; DNS, TCP, TLS and HTTP/2 are the connection."""
    if error_code == _TIMED_OUT:
        return Outcome.TIMEOUT
    if status >= STATUS_OF_ERRORS or error_code in _STATUS_CODES:
        return Outcome.ERROR
    if error_code or not status:
        return Outcome.CONNECTION
    return outcome_of_status(status, failed=failed)


def _moment_ns(path: Path, line: int, text: str) -> int:
    """A number since 1970, of which the size tells the unit (K6_CSV_TIME_FORMAT), or a date as in RFC 3339."""
    if text.isascii() and text.isdecimal() and len(text) <= 19:
        number = int(text)
        found = number * next((factor for below, factor in _UNITS if number < below), 1)
    else:
        found = _date_ns(text)
    if not _EARLIEST <= found <= _LATEST:
        refuse_cell(
            path, line, "timestamp", text, "must be a moment since 1970 or a date as 2026-11-02T01:00:00Z"
        )
    return found


def _date_ns(text: str) -> int:
    """-1 where it is no date with a zone. Python's own dates end at microseconds; k6 writes nanoseconds."""
    whole, dot, rest = text.partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    try:
        moment = datetime.fromisoformat(whole + rest[len(digits) :])
    except ValueError:
        return -1
    if moment.tzinfo is None or (dot and not digits):
        return -1
    seconds = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (seconds.days * 86_400 + seconds.seconds) * 10**9 + int(f"{digits[:9]:0<9}")


def _value(path: Path, line: int, written: Any) -> float:
    try:
        found = float(written)
    except (TypeError, ValueError):
        found = math.nan
    if not 0 <= found <= _LONGEST_MS:
        refuse_cell(path, line, "metric_value", written, f"must be a number between 0 and {_LONGEST_MS:g}")
    return found


def _small(path: Path, line: int, column: str, text: str) -> int:
    if not text:
        return 0
    if not text.isascii() or not text.isdecimal() or len(text) > 4:
        refuse_cell(path, line, column, text, "must be a whole number of at most 4 digits, or empty")
    return int(text)
