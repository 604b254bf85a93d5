"""Judging a run folder and handing the verdict over: terminal, verdict.json, exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from analysis.exit_codes import ExitCode
from analysis.judgement import judge_run
from analysis.reports.terminal import render_terminal
from analysis.reports.verdict_json import render_json
from analysis.verdict import Verdict
from loadtests.cli.json_lines import JsonLines
from scenarios.run_folder import RunFolder, write_json
from scenarios.sla import Sla


def deliver(
    folder: RunFolder,
    console: Console,
    *,
    as_json: bool,
    as_line: bool = False,
    interrupted: bool = False,
    slas: Sequence[Sla] = (),
    out: Path | None = None,
) -> ExitCode:
    """Judge a run folder, show the verdict, keep it as verdict.json; the exit code is the verdict's.

    A verdict that cannot be written still holds and is shown.
    """
    verdict = judge_run(folder, slas, interrupted=interrupted)
    show(verdict, console, as_json=as_json, as_line=as_line)
    keep(verdict, (out or folder.path) / "verdict.json", console)
    if not (as_json or as_line):
        console.print(f"run folder: {folder.path}", soft_wrap=True, highlight=False)
    return verdict.exit_code


def show(verdict: Verdict, console: Console, *, as_json: bool, as_line: bool = False) -> None:
    """Print the verdict, for people or as JSON on standard output; `as_line`: as the last event of --json-lines."""
    if as_line:
        JsonLines().emit({"event": "verdict", **render_json(verdict)})
    elif as_json:
        json.dump(render_json(verdict), sys.stdout, indent=1, ensure_ascii=False)
        sys.stdout.write("\n")
    else:
        console.print(render_terminal(verdict))


def keep(verdict: Verdict, path: Path, console: Console) -> None:
    """Write verdict.json; where that fails the verdict has gone to the terminal, and says so."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, render_json(verdict))
    except OSError as error:
        console.print(
            f"{path.name} could not be written ({error.strerror}); the verdict above holds", highlight=False
        )
