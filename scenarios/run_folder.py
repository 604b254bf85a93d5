"""The run folder: all that crosses from sending to judging. Facts in it are written once."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scenarios.errors import RunFolderError
from scenarios.observation import OBSERVATION, PAYMENT_RECORD, Recording, read_rows


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Names and codecs of the files of one run."""

    path: Path

    @classmethod
    def at(cls, path: str | Path) -> RunFolder:
        """The folder at a path, made absolute."""
        return cls(Path(path).absolute())

    @property
    def plan_file(self) -> Path:
        return self.path / "plan.json"

    @property
    def end_file(self) -> Path:
        return self.path / "end.json"

    @property
    def gateway_file(self) -> Path:
        return self.path / "gateway.json"

    @property
    def attempts_file(self) -> Path:
        return self.path / "attempts.json"

    @property
    def verdict_file(self) -> Path:
        return self.path / "verdict.json"

    @property
    def report_file(self) -> Path:
        return self.path / "report.html"

    @property
    def engine_log(self) -> Path:
        return self.path / "engine.log"

    @property
    def observations(self) -> Path:
        return self.path / "observations"

    @property
    def payments(self) -> Path:
        return self.path / "payments"

    def create(self) -> None:
        """Make the folder. Raises RunFolderError where it exists with something in it, or cannot be made."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if any(self.path.iterdir()):
                raise RunFolderError(f"run folder {self.path} is not empty; a run never writes over another")
            self.observations.mkdir()
            self.payments.mkdir()
        except OSError as error:
            if isinstance(error, RunFolderError):
                raise
            raise RunFolderError(f"cannot make run folder {self.path}: {error.strerror}") from error

    def read_plan(self) -> dict[str, Any]:
        """plan.json. Raises RunFolderError when it is missing or unreadable."""
        return _read_json(self.plan_file)

    def read_end(self) -> dict[str, Any] | None:
        """end.json, or None when the run was killed before it could be written."""
        return _read_json(self.end_file) if self.end_file.exists() else None

    def read_gateway(self) -> dict[str, Any] | None:
        """The mock gateway's own account, or None against a real one."""
        return _read_json(self.gateway_file) if self.gateway_file.exists() else None

    def read_attempts(self) -> list[dict[str, Any]]:
        """The attempts before this one, where an INVALID run was repeated."""
        return list(_read_json(self.attempts_file)["earlier"]) if self.attempts_file.exists() else []

    def read_observations(self) -> Recording:
        """Every observation, torn last rows dropped and counted."""
        return read_rows(self.observations, OBSERVATION)

    def read_payments(self) -> Recording:
        """Every payment attempt, torn last rows dropped and counted."""
        return read_rows(self.payments, PAYMENT_RECORD)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file, whole or not at all."""
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old one or the new one, never half of either."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_once(path: Path, content: dict[str, Any]) -> None:
    """Write a fact of the run. Raises RunFolderError if it stands already."""
    if path.exists():
        raise RunFolderError(f"{path} stands already; facts of a run are written once")
    write_json(path, content)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RunFolderError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise RunFolderError(f"{path} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise RunFolderError(f"{path} holds no JSON object")
    return content
