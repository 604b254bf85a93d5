"""`slagate report`: make report.html again from what was recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from analysis.exit_codes import ExitCode
from analysis.judgement import judge_together
from analysis.reports.derived_files import REPORT, write_derived_file
from loadtests.cli.judge import keep_own_verdict
from loadtests.cli.options import DEFAULT_SLA
from scenarios.errors import DeclarationError, Problem
from scenarios.loading import load_sla
from scenarios.run_folder import RunFolder


def report(
    recordings: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN...", help="Run folders or observation files; several make one report of all of them."
        ),
    ],
    sla: Annotated[
        list[str] | None,
        typer.Option("--sla", metavar="S", help="Another SLA than the run's; for a file: instamed."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE_OR_DIR", help="Where to write it; by default into the run folder."
        ),
    ] = None,
) -> None:
    """Make report.html again from the recording alone. Ends 0 when it is written, whatever the verdict."""
    slas = tuple(load_sla(each) for each in sla or ())
    own = RunFolder.at(recordings[0]) if len(recordings) == 1 and recordings[0].is_dir() else None
    if own is not None:
        keep_own_verdict(own, slas, out)
    elif out is None and all(each.exists() for each in recordings):
        named = " and ".join(str(each) for each in recordings)
        message = "no run folder to write report.html into; name --out FILE_OR_DIR"
        raise DeclarationError(f"report on {named}", [Problem(where="", message=message)])
    whole_runs = all(each.is_dir() for each in recordings)
    judged = judge_together(recordings, slas or (() if whole_runs else (load_sla(DEFAULT_SLA),)))
    path = own.report_file if out is None and own is not None else _file(out or Path())
    problem = write_derived_file(judged, REPORT, path)
    Console().print(problem or f"report: {path}", highlight=False, markup=False, soft_wrap=True)
    if problem:
        raise typer.Exit(ExitCode.OWN_FAILURE)


def _file(out: Path) -> Path:
    """The file itself where one is named, else report.html in the folder."""
    return out if out.suffix in {".html", ".htm"} and not out.is_dir() else out / REPORT
