"""The attempts at a run: one, or with --retry-invalid as many as it takes to get a verdict other than INVALID."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from analysis.doubts import Severity
from analysis.exit_codes import ExitCode, InconclusiveAs
from analysis.verdict import Verdict
from loadtests.auth import resolve_credentials
from loadtests.cli.embedded_gateway import EmbeddedGatewayRun
from loadtests.cli.fleet import Crew
from loadtests.cli.live_report import View
from loadtests.cli.probe import probe
from loadtests.cli.sending import send
from loadtests.cli.verdicts import deliver
from loadtests.room import make_room
from loadtests.run_plan import RunPlan, new_nonce
from scenarios.errors import RunFolderError
from scenarios.run_folder import RunFolder, write_once


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where run folders go: below `out` with a name by date and scenario, or exactly at `run_dir`."""

    out: Path
    run_dir: Path | None

    def folder(self, plan: RunPlan, attempt: int) -> RunFolder:
        """The folder of an attempt, counted from 0; repetitions of a given `run_dir` lie beside it, as `-retry1`."""
        if self.run_dir is not None:
            suffix = f"-retry{attempt}" if attempt else ""
            return RunFolder.at(self.run_dir.with_name(f"{self.run_dir.name}{suffix}"))
        return RunFolder.at(self.out / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{plan.scenario.name}")

    def check_free(self, plan: RunPlan, retries: int) -> None:
        """Raise RunFolderError before any load where a repetition would meet a folder with something in it."""
        for attempt in range(1, retries + 1) if self.run_dir is not None else ():
            path = self.folder(plan, attempt).path
            if path.is_dir() and any(path.iterdir()):
                raise RunFolderError(f"run folder {path} is not empty; --retry-invalid would need it")


def run_attempts(
    plan: RunPlan,
    console: Console,
    *,
    crew: Crew,
    place: Place,
    open_views: Callable[[], Sequence[View]],
    early_stop: bool,
    as_json: bool,
    as_line: bool,
    retries: int,
    inconclusive_as: InconclusiveAs | None,
) -> ExitCode:
    """Run, and run again while the verdict is INVALID and retries are left. The exit code is the last verdict's.

    A FAIL, an interruption and whatever ends with an exception are never repeated. Every attempt keeps its folder and
    sends the same traffic under new identifiers.
    """
    place.check_free(plan, retries)
    earlier: list[dict[str, Any]] = []
    for attempt in range(retries + 1):
        folder = place.folder(plan, attempt)
        interrupted = _run_once(plan, folder, crew=crew, views=open_views(), early_stop=early_stop)
        _keep_earlier(folder, earlier, console)
        if place.run_dir is None:
            _point_latest(folder)
        verdict = deliver(
            folder,
            console,
            as_json=as_json,
            as_line=as_line,
            interrupted=interrupted,
            inconclusive_as=inconclusive_as,
            repeat_invalid=attempt < retries,
        )
        if verdict.exit_code is not ExitCode.INVALID or attempt == retries:
            break
        reasons = list(_reasons(verdict))
        earlier.append({"run_dir": folder.path.name, "verdict": verdict.verdict.value, "doubts": reasons})
        console.print(
            f"attempt {attempt + 1} is INVALID ({', '.join(reasons)}) and kept in {folder.path}; "
            f"attempt {attempt + 2} of at most {retries + 1} begins",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
        plan = replace(plan, nonce=new_nonce())  # a gateway must not take a repetition for duplicates
    return verdict.exit_code


def _run_once(
    plan: RunPlan, folder: RunFolder, *, crew: Crew, views: Sequence[View], early_stop: bool
) -> bool:
    """Send and record; whether it was interrupted. An embedded gateway lives as long as the attempt."""
    with EmbeddedGatewayRun(plan) as gateway:
        resolve_credentials(gateway.plan.target, gateway.environment)  # each sender does so again, in its own
        probe(gateway.plan.target)
        make_room(folder, gateway.plan.transactions_at_most)
        ending = send(
            gateway.plan,
            folder,
            crew=crew,
            environment=gateway.environment,
            views=views,
            early_stop=early_stop,
        )
        gateway.keep_account(folder)
    return ending.interrupted


def _keep_earlier(folder: RunFolder, earlier: list[dict[str, Any]], console: Console) -> None:
    """Write attempts.json; what hinders it must not cost the verdict."""
    try:
        if earlier:
            write_once(folder.attempts_file, {"earlier": earlier})
    except OSError as error:
        console.print(
            f"attempts.json could not be written ({error.strerror or error}); the verdict names no earlier attempt",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )


def _reasons(verdict: Verdict) -> Iterator[str]:
    """Codes of the doubts that made it INVALID, each once."""
    codes = [each.code.text for each in verdict.validity if each.severity is Severity.INVALID]
    yield from dict.fromkeys(codes)


def _point_latest(folder: RunFolder) -> None:
    """Let `latest` beside the run folder point at it; a convenience, so what hinders it is no failure of the run."""
    link = folder.path.parent / "latest"
    new = folder.path.parent / f".latest.{os.getpid()}"
    try:
        if link.is_symlink() or not link.exists():
            new.symlink_to(folder.path.name)
            new.replace(link)
    except OSError:
        new.unlink(missing_ok=True)
