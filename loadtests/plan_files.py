"""Files that a plan names and a worker needs: traces and members travel to it in pieces, code must lie there already.

A worker on another machine may have none of them. It asks the master for each by digest and place, piece by piece,
with the reports that it repeats anyway, and checks the digest before it uses what came. A user's own module is code,
and the line to the master is not protected: it is never sent, and must be the very same file on both sides.
"""

from __future__ import annotations

import contextlib
import copy
import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loadtests.run_plan import RunPlan
from scenarios.errors import DeclarationError, Problem
from scenarios.trace_phase import TracePhase

MAX_TRAVEL_BYTES = 64 * 1024 * 1024
PIECE_BYTES = 256 * 1024  # of the file, before compression


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFile:
    """A file as the plan names it, and what it held when the plan was made."""

    path: str
    what: str  # trace | members | module
    sha256: str
    size: int

    @property
    def travels(self) -> bool:
        """Whether a worker that lacks it may have it sent."""
        return self.what != "module" and self.size <= MAX_TRAVEL_BYTES

    def lies_here(self) -> bool:
        """Whether the same file lies at the same place on this host."""
        path = Path(self.path)
        try:
            if not path.is_file() or path.stat().st_size != self.size:
                return False
            # whoever reads a trace checks its digest; one too large to travel is not read twice for that
            return self.size > MAX_TRAVEL_BYTES or _digest(path) == self.sha256
        except OSError:
            return False

    def missing(self) -> DeclarationError:
        """What to do about one that can neither be found nor sent."""
        reason = "it is code, and code is not sent to workers"
        if self.what != "module":
            reason = f"its {self.size / 1e6:.0f} MB are too much to be sent ({MAX_TRAVEL_BYTES / 1e6:.0f} MB at most)"
        message = (
            f"the {self.what} is not at this path on the worker, or differs, and {reason}; copy it there"
        )
        return DeclarationError(self.path, [Problem(where="", message=message)])


def files_of(plan: RunPlan) -> list[PlanFile]:
    """What a plan's traffic is read from. Raises DeclarationError where a file has gone since it was loaded."""
    named = [(each.file, "trace") for each in plan.scenario.phases if isinstance(each, TracePhase)]
    if plan.scenario.people.members is not None:
        named.append((plan.scenario.people.members.file, "members"))
    named += [(each.module, "module") for each in plan.target.custom]
    try:
        return [
            PlanFile(path=path, what=what, sha256=_digest(Path(path)), size=Path(path).stat().st_size)
            for path, what in dict.fromkeys(named)
        ]
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
        raise DeclarationError(str(error.filename), [Problem(where="", message=message)]) from error


def read_piece(files: list[PlanFile], wants: Mapping[str, Any]) -> dict[str, Any] | None:
    """The master's answer to `Fetching.wants`: the piece of that file from that place on; None for any other file.

    A file that has gone meanwhile gives an empty piece, so that the worker says what it could not have.
    """
    for each in files:
        if each.travels and each.sha256 == wants.get("sha256"):
            data = b""
            with contextlib.suppress(OSError), Path(each.path).open("rb") as file:
                file.seek(int(wants["at"]))
                data = file.read(PIECE_BYTES)
            return {"sha256": each.sha256, "at": int(wants["at"]), "data": zlib.compress(data, 1)}
    return None


class Fetching:
    """A worker's files of one plan: those that lie here, and those that are on their way into `folder`."""

    def __init__(self, message: Mapping[str, Any], folder: Path) -> None:
        """`message` is the plan's. Raises DeclarationError for a file that is neither here nor can be sent."""
        self._message = message
        self._folder = folder
        self._missing = [each for each in map(_from_json, message["files"]) if not each.lies_here()]
        self._places: dict[str, str] = {}  # as the plan names it -> where it was put
        self._have = 0
        for each in self._missing:
            if not each.travels:
                raise each.missing()

    @property
    def wants(self) -> dict[str, Any] | None:
        """The next piece to ask for; None once all is here."""
        return {"sha256": self._missing[0].sha256, "at": self._have} if self._missing else None

    def take(self, piece: Mapping[str, Any] | None) -> bool:
        """Store a piece if it is the one that was asked for. Raises DeclarationError where a file came out wrong."""
        if piece is None or {"sha256": piece["sha256"], "at": piece["at"]} != self.wants:
            return False
        file, data = self._missing[0], zlib.decompress(piece["data"])
        place = self._folder / f"{file.sha256}{Path(file.path).suffix}"
        with place.open("ab" if self._have else "wb") as written:
            written.write(data)
        self._have += len(data)
        if self._have >= file.size or not data:
            if _digest(place) != file.sha256:
                message = f"the {file.what} has changed on the master since the scenario was loaded"
                raise DeclarationError(file.path, [Problem(where="", message=message)])
            self._places[file.path] = str(place)
            del self._missing[0]
            self._have = 0
        return True

    def plan_message(self) -> dict[str, Any]:
        """The plan with the places of its files on this host."""
        message: dict[str, Any] = copy.deepcopy(dict(self._message))
        named = [phase for phase in message["scenario"]["phases"] if "file" in phase]
        named.append(message["scenario"]["people"].get("members") or {})
        for each in named:
            if each.get("file") in self._places:
                each["file"] = self._places[each["file"]]
        return message


def files_json(files: list[PlanFile]) -> list[dict[str, Any]]:
    """What `Fetching` is told of them."""
    return [
        {"path": each.path, "what": each.what, "sha256": each.sha256, "size": each.size} for each in files
    ]


def _from_json(content: Mapping[str, Any]) -> PlanFile:
    return PlanFile(**content)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
