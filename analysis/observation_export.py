"""A run folder as an observation file: its rows in chunks, and beside them what rows cannot say about themselves."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from analysis.doubts import DoubtCode, Severity
from analysis.judgement import judge_run
from analysis.observation_meta import meta_path
from analysis.parquet_file import ParquetTarget
from analysis.run_facts import RunFacts, read_run_facts
from scenarios.duration import duration_text
from scenarios.errors import RunFolderError
from scenarios.kinds import Kind
from scenarios.observation import Outcome, Rows, map_rows
from scenarios.run_folder import RunFolder, write_json

CHUNK_ROWS = 1 << 15
# None: text. Everything else as the row has it.
COLUMNS: dict[str, npt.DTypeLike | None] = {
    "arrival": "<u8",
    "attempt": "u1",
    "planned_ns": "<i8",
    "started_ns": "<i8",
    "ended_ns": "<i8",
    "kind": None,
    "outcome": None,
    "status": "<u2",
    "payer": None,
    "worker": "<u2",
}


class Format(Enum):
    """What a run can be exported to."""

    CSV = "csv"
    PARQUET = "parquet"


class _Target(Protocol):
    def write(self, columns: Mapping[str, npt.NDArray[Any]]) -> None: ...

    def close(self) -> None: ...


class _CsvTarget:
    """A CSV file with a header, written in chunks."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", newline="", encoding="utf-8")
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._writer.writerow(COLUMNS)

    def write(self, columns: Mapping[str, npt.NDArray[Any]]) -> None:
        self._writer.writerows(zip(*(columns[name].tolist() for name in COLUMNS), strict=True))

    def close(self) -> None:
        self._file.close()


def export_run(folder: RunFolder, to: Format, out: Path) -> int:
    """Write every whole row of a run folder to `out`, and `<out>.meta.json`; how many rows there are.

    A reader sees no file or a whole one. Memory stays bounded. Raises RunFolderError where a row cannot be named in
    words, DeclarationError where Parquet is asked for without its extra.
    """
    parts, torn = map_rows(folder.observations)
    facts = read_run_facts(folder, torn=torn)
    names = _Names(folder, facts)
    with _whole_file(out) as path:
        target: _Target = _CsvTarget(path) if to is Format.CSV else ParquetTarget(path, COLUMNS)
        try:
            for part in parts:
                for first in range(0, part.size, CHUNK_ROWS):
                    target.write(names.columns(part[first : first + CHUNK_ROWS]))
        finally:
            target.close()
        meta = _meta(facts, _latest(parts, facts))
        write_json(meta_path(out), meta | {"doubts": _known_doubts(folder)})
    return sum(int(part.size) for part in parts)


class _Names:
    """Kinds, outcomes and payers of a run by their numbers in rows."""

    def __init__(self, folder: RunFolder, facts: RunFacts) -> None:
        self._folder = folder
        self._kinds = {int(each): each.text for each in (*Kind, *facts.custom_kinds)}
        self._outcomes = {int(each): each.text for each in Outcome}
        payers = folder.read_plan().get("payers", ())
        self._payers = {0: "", **{place: str(name) for place, name in enumerate(payers, 1)}}

    def columns(self, rows: Rows) -> dict[str, npt.NDArray[Any]]:
        """Some rows as columns."""
        named = {"kind": self._kinds, "outcome": self._outcomes, "payer": self._payers}
        return {
            name: self._texts(name, rows[name], named[name]) if name in named else rows[name]
            for name in COLUMNS
        }

    def _texts(
        self, column: str, numbers: npt.NDArray[Any], names: Mapping[int, str]
    ) -> npt.NDArray[np.str_]:
        found, inverse = np.unique(numbers, return_inverse=True)
        unknown = [number for number in found.tolist() if number not in names]
        if unknown:
            message = f"a row has {column} {unknown[0]}, which nobody declared; an observation file could not name it"
            raise RunFolderError(f"run folder {self._folder.path}: {message}")
        texts = np.array([names[number] for number in found.tolist()], dtype=np.str_)
        return texts[inverse]


def _meta(facts: RunFacts, ended_ns: int) -> dict[str, Any]:
    """What `slagate judge` needs to count the rows of the file as it counts those of the folder.

    A smoke run leaves out its longest stall: a file that declares one is held to 100 times of it.
    """
    meta: dict[str, Any] = {
        "planned_span": [facts.t0_ns, facts.t0_ns + facts.length_ns],
        "warmup_ns": facts.warm_up_ns,
        "cutoff_ns": ended_ns,
        "drained": True,
        "maintenance": [list(window) for window in facts.maintenance],
        "kind_class": {each.text: each.group for each in facts.custom_kinds},
    }
    if facts.longest_stall_s is not None and not facts.smoke:
        meta["longest_stall"] = duration_text(facts.longest_stall_s)
    if facts.cycle_s is not None:
        meta["load_cycle"] = duration_text(facts.cycle_s)
    return meta


def _known_doubts(folder: RunFolder) -> list[dict[str, Any]]:
    """Doubts about the run under its own SLAs that no row shows: an INVALID run does not PASS for being exported."""
    return [
        {
            "code": each.code.text,
            "severity": each.severity.value,
            "population": each.population,
            "message": each.message,
        }
        for each in judge_run(folder).validity
        if each.code in _NOT_IN_ROWS and each.severity is not Severity.NOTE
    ]


_NOT_IN_ROWS = frozenset(
    {
        DoubtCode.ROWS_MISSING,
        DoubtCode.WORKER_LOST,
        DoubtCode.RECORDER_FAILED,
        DoubtCode.ENDED_EARLY,
        DoubtCode.GENERATOR_LATE,
        DoubtCode.NOT_STARTED,
        DoubtCode.RATE_NOT_ACHIEVED,
        DoubtCode.NOT_AUTHORISED,
        DoubtCode.TIME_OUT_BELOW_LIMIT,
        DoubtCode.GENERATOR_SATURATED,
        DoubtCode.GATEWAY_HOST_SATURATED,
    }
)


def _latest(parts: list[Rows], facts: RunFacts) -> int:
    """When recording ended; of a run that was killed before it could say so, the latest stamp of its rows."""
    if facts.end is not None:
        return facts.end.ended_ns
    stamps = (part[name] for part in parts for name in ("planned_ns", "started_ns", "ended_ns"))
    return max(facts.t0_ns, *(int(each.max(initial=facts.t0_ns)) for each in stamps))


@contextmanager
def _whole_file(path: Path) -> Iterator[Path]:
    """A place to write to that becomes `path` when all went well, and is removed when not."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
