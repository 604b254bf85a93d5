"""`slagate judge`: judge a recording again, under its own service level or another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from analysis.exit_codes import ExitCode
from analysis.judgement import judge_together
from loadtests.cli.options import DEFAULT_SLA
from loadtests.cli.report_file import write_report
from loadtests.cli.verdicts import deliver, keep, show
from scenarios.errors import DeclarationError, Problem
from scenarios.loading import load_sla
from scenarios.run_folder import RunFolder
from scenarios.sla import Sla


def judge(
    recordings: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN_OR_FILE...", help="Run folders or observation files; several are merged."
        ),
    ],
    sla: Annotated[
        list[str] | None,
        typer.Option(
            "--sla", metavar="S", help="Another SLA than the run's, or several; for a file: instamed."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where to write verdict.json and report.html.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print verdict.json and nothing else.")] = False,
) -> None:
    """Judge run folders or observation files again; the exit code is the verdict."""
    console = Console(stderr=json)
    slas = tuple(load_sla(each) for each in sla or ())
    if len(recordings) == 1 and recordings[0].is_dir():
        folder = RunFolder.at(recordings[0])
        keep_own_verdict(folder, slas, out)
        raise typer.Exit(deliver(folder, console, as_json=json, slas=slas, out=out))
    whole_runs = all(each.is_dir() for each in recordings)
    judged = judge_together(recordings, slas or (() if whole_runs else (load_sla(DEFAULT_SLA),)))
    show(judged.verdict, console, as_json=json)
    if out is not None:
        keep(judged.verdict, out / "verdict.json", console)
        write_report(judged, out / "report.html", console, silent=json)
    raise typer.Exit(ExitCode(judged.verdict.exit_code))


def keep_own_verdict(folder: RunFolder, slas: Sequence[Sla], out: Path | None) -> None:
    """Raise DeclarationError where the verdict under other SLAs would replace the run's own."""
    planned = folder.read_plan()["slas"]
    if slas and out is None and [each.model_dump(mode="json", by_alias=True) for each in slas] != planned:
        message = "judging under another SLA than the run's needs --out DIR; the run keeps its own verdict"
        named = ", ".join(each.name for each in slas)
        raise DeclarationError(f"--sla {named}", [Problem(where="", message=message)])
