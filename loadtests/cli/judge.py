"""`slagate judge`: judge a recording again, under its own service level or another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from analysis.exit_codes import ExitCode
from analysis.judgement import judge_file
from loadtests.cli.options import DEFAULT_SLA
from loadtests.cli.verdicts import deliver, keep, show
from scenarios.errors import DeclarationError, Problem
from scenarios.loading import load_sla
from scenarios.run_folder import RunFolder


def judge(
    recording: Annotated[
        Path, typer.Argument(metavar="RUN_OR_FILE", help="A run folder or an observation file.")
    ],
    sla: Annotated[
        str | None,
        typer.Option("--sla", metavar="S", help="Another SLA than the run's; for a file: instamed."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where to write verdict.json.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print verdict.json and nothing else.")] = False,
) -> None:
    """Judge a run folder or an observation file again; the exit code is the verdict."""
    console = Console(stderr=json)
    clauses = load_sla(sla) if sla is not None else None
    if recording.is_dir():
        folder = RunFolder.at(recording)
        if (
            clauses is not None
            and out is None
            and clauses.model_dump(mode="json", by_alias=True) not in folder.read_plan()["slas"]
        ):
            message = (
                "judging under another SLA than the run's needs --out DIR; the run keeps its own verdict"
            )
            raise DeclarationError(f"--sla {sla}", [Problem(where="", message=message)])
        raise typer.Exit(deliver(folder, console, as_json=json, sla=clauses, out=out))
    if not recording.is_file():
        raise DeclarationError(
            str(recording), [Problem(where="", message="no such run folder or observation file")]
        )
    verdict = judge_file(recording, clauses or load_sla(DEFAULT_SLA))
    show(verdict, console, as_json=json)
    if out is not None:
        keep(verdict, out / "verdict.json", console)
    raise typer.Exit(ExitCode(verdict.exit_code))
