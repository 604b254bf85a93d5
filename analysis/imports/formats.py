"""Formats: which of the files that slagate reads this one is, by its first line, and reading it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from analysis.imports import jmeter, k6_points, locust_requests
from analysis.imports.foreign_rows import Account, ForeignRow
from analysis.imports.foreign_samples import gather_foreign
from analysis.observation_file import BINARY, OPTIONAL, REQUIRED, read_observation_file
from analysis.samples import Samples
from scenarios.errors import DeclarationError, Problem
from scenarios.kind_names import KindNames

LONGEST_HEADER = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One format of another tool. `resolution_ns`: how much shorter than recorded a time can have been."""

    name: str
    read_rows: Callable[[Path, Account], Iterator[ForeignRow]]
    resolution_ns: int = 0


JTL = Format(
    name="JMeter JTL (CSV)",
    read_rows=jmeter.read_rows,
    resolution_ns=jmeter.RESOLUTION_NS,
)
LOCUST = Format(
    name="Locust CsvRequestLogger",
    read_rows=locust_requests.read_rows,
    resolution_ns=locust_requests.RESOLUTION_NS,
)
K6_CSV = Format(name="k6 CSV (--out csv)", read_rows=k6_points.read_csv_rows)
K6_JSON = Format(name="k6 JSON (--out json)", read_rows=k6_points.read_json_rows)

ACCEPTED = (
    "accepted are a run folder, an observation file (CSV with started_ns, ended_ns, kind, outcome, or npz or Parquet), "
    "a JMeter JTL as CSV, k6's --out csv or --out json, and the file of Locust's CsvRequestLogger"
)
_PACKED = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
}
_SUMMARIES = {  # first columns of files that hold no requests
    ("Label", "# Samples"): "JMeter's aggregate report",
    ("Type", "Name", "Request Count"): "Locust's statistics (--csv)",
    ("Timestamp", "User Count", "Type"): "Locust's statistics over time (--csv)",
    ("Method", "Name", "Error"): "Locust's list of failures (--csv)",
}


def read_file(path: Path, names: KindNames | None = None) -> Samples:
    """The samples of an observation file, or of another tool's, whose names `names` explains.

    Raises DeclarationError where it is none of the accepted formats, or not as its format has it.
    """
    found = None if path.suffix in BINARY else detect_format(path)
    if found is None:
        return read_observation_file(path)
    return gather_foreign(
        path, found.read_rows, tool=found.name, resolution_ns=found.resolution_ns, names=names
    )


def detect_format(path: Path) -> Format | None:
    """The format of another tool's file; None for an observation file. Raises DeclarationError for anything else."""
    first = _first_line(path)
    for magic, packing in _PACKED.items():
        if first.startswith(magic):
            raise _not_accepted(path, f"is packed ({packing}): unpack it first")
    try:
        text = first.decode("utf-8-sig").strip("\r\n")
    except UnicodeDecodeError as error:
        raise _not_accepted(path, f"is not UTF-8 text; {ACCEPTED}") from error
    if not text.strip():
        raise _not_accepted(path, f"is empty, or its first line is; {ACCEPTED}")
    if text.lstrip().startswith("<"):
        raise _not_accepted(
            path, "is XML or HTML; save a JTL as CSV (jmeter.save.saveservice.output_format=csv)"
        )
    if text.lstrip().startswith(("{", "[")):
        return _detect_json(path, text)
    return _detect_csv(path, text)


def _detect_json(path: Path, text: str) -> Format:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict) and found.get("type") in ("Metric", "Point") and "metric" in found:
        return K6_JSON
    message = "is JSON, but not k6's points, one a line (k6 run --out json=FILE); k6's end-of-test summary holds none"
    raise _not_accepted(path, f"{message}; {ACCEPTED}")


def _detect_csv(path: Path, text: str) -> Format | None:
    header = [name.strip() for name in next(csv.reader([text]), [])]
    for start, what in _SUMMARIES.items():
        if tuple(header[: len(start)]) == start:
            raise _not_accepted(path, f"is {what}, which holds sums and no requests; {ACCEPTED}")
    if header[:3] == list(k6_points.CSV_COLUMNS):
        return K6_CSV
    if {"timeStamp", "elapsed"} & set(header):
        return JTL
    if {"request_type", "response_time_ms"} & set(header):
        return LOCUST
    if {*REQUIRED, *OPTIONAL} & set(header):
        return None
    if "timeStamp" in text and "elapsed" in text:
        raise _not_accepted(
            path, "is a JTL with another delimiter; set jmeter.save.saveservice.default_delimiter=,"
        )
    if header[0].isdecimal() and len(header[0]) == 13:
        hint = "if it is a JTL, it lacks its header: set jmeter.save.saveservice.print_field_names=true"
        raise _not_accepted(path, f"has no line that names its columns; {hint}; {ACCEPTED}")
    shown = text if len(text) <= 60 else f"{text[:57]}..."
    raise _not_accepted(path, f'has a first line that no known format has ("{shown}"); {ACCEPTED}')


def _first_line(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.readline(LONGEST_HEADER)
    except OSError as error:
        raise DeclarationError(
            str(path), [Problem(where="", message=f"cannot be read: {error.strerror}")]
        ) from error


def _not_accepted(path: Path, message: str) -> DeclarationError:
    return DeclarationError(str(path), [Problem(where="", message=message)])
