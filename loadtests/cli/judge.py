"""`slagate judge`: judge a recording again, under its own service level or another."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from analysis.calendar_month import parse_month
from analysis.judgement import judge_together
from analysis.policy import under_policy
from loadtests.cli.job_summary import tell_job
from loadtests.cli.options import DEFAULT_SLA, InconclusiveOption
from loadtests.cli.verdicts import deliver, keep, show
from scenarios.errors import DeclarationError, Problem
from scenarios.loading import load_kind_names, load_sla
from scenarios.run_folder import RunFolder
from scenarios.sla import Sla

DEFAULT_ZONE = "UTC"


def judge(
    recordings: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN_OR_FILE...",
            help="Run folders, observation files, or results of JMeter, k6 or Locust; several are merged.",
        ),
    ],
    sla: Annotated[
        list[str] | None,
        typer.Option(
            "--sla", metavar="S", help="Another SLA than the run's, or several; for a file: instamed."
        ),
    ] = None,
    kinds: Annotated[
        Path | None,
        typer.Option(
            "--kinds", metavar="FILE", help="Which name in another tool's file is what transaction."
        ),
    ] = None,
    month: Annotated[
        str | None,
        typer.Option(
            "--month", metavar="YYYY-MM", help="Judge what was planned in a calendar month, by day."
        ),
    ] = None,
    zone: Annotated[
        str | None, typer.Option("--zone", metavar="ZONE", help="Time zone of the month; UTC without it.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where to write what is derived.")
    ] = None,
    inconclusive_as: InconclusiveOption = None,
    json: Annotated[bool, typer.Option("--json", help="Print verdict.json and nothing else.")] = False,
) -> None:
    """Judge run folders, observation files or other tools' results; the exit code is the verdict."""
    console = Console(stderr=json)
    slas = tuple(load_sla(each) for each in sla or ())
    names = None if kinds is None else load_kind_names(kinds)
    if zone is not None and month is None:
        raise DeclarationError("--zone", [Problem(where="", message="is the zone of a --month; give both")])
    calendar = None if month is None else parse_month(month, zone or DEFAULT_ZONE)
    if len(recordings) == 1 and recordings[0].is_dir() and names is None and calendar is None:
        folder = RunFolder.at(recordings[0])
        keep_own_verdict(folder, slas, out)
        verdict = deliver(folder, console, as_json=json, slas=slas, out=out, inconclusive_as=inconclusive_as)
        raise typer.Exit(verdict.exit_code)
    whole_runs = all(each.is_dir() for each in recordings)
    default = () if whole_runs else (load_sla(DEFAULT_SLA),)
    together = judge_together(recordings, slas or default, names=names, month=calendar)
    judged = replace(together, verdict=under_policy(together.verdict, inconclusive_as))
    verdict = judged.verdict
    show(verdict, console, as_json=json)
    if out is not None:
        keep(judged, out, console, silent=json)
    tell_job(verdict, console, os.environ, as_json=json)
    raise typer.Exit(verdict.exit_code)


def keep_own_verdict(folder: RunFolder, slas: Sequence[Sla], out: Path | None) -> None:
    """Raise DeclarationError where the verdict under other SLAs would replace the run's own."""
    planned = folder.read_plan()["slas"]
    if slas and out is None and [each.model_dump(mode="json", by_alias=True) for each in slas] != planned:
        message = "judging under another SLA than the run's needs --out DIR; the run keeps its own verdict"
        named = ", ".join(each.name for each in slas)
        raise DeclarationError(f"--sla {named}", [Problem(where="", message=message)])
