"""Judging a run folder and handing the verdict over: terminal, derived files, exit code."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from analysis.exit_codes import ExitCode, InconclusiveAs
from analysis.judgement import Judged, judge_folder
from analysis.policy import under_policy
from analysis.reports.derived_files import REPORT, write_derived
from analysis.reports.terminal import render_terminal
from analysis.reports.verdict_json import render_json
from analysis.verdict import Verdict
from loadtests.cli.job_summary import tell_job
from loadtests.cli.json_lines import JsonLines
from scenarios.run_folder import RunFolder
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
    inconclusive_as: InconclusiveAs | None = None,
    repeat_invalid: bool = False,
) -> Verdict:
    """Judge a run folder, show the verdict, keep what is derived from it; its exit code is the verdict's.

    A verdict that cannot be written still holds and is shown. `repeat_invalid`: an INVALID one is not the last word, so
    that it goes to the terminal and its folder, and to nobody who waits for one verdict.
    """
    found = judge_folder(folder, slas, interrupted=interrupted)
    judged = replace(found, verdict=under_policy(found.verdict, inconclusive_as))
    verdict = judged.verdict
    last = not (repeat_invalid and verdict.exit_code is ExitCode.INVALID)
    show(verdict, console, as_json=as_json and last, as_line=as_line and last)
    keep(judged, out or folder.path, console, silent=as_json or as_line)
    if last:
        tell_job(verdict, console, os.environ, as_json=as_json or as_line)
    if not (as_json or as_line):
        console.print(f"run folder: {folder.path}", soft_wrap=True, highlight=False)
    return verdict


def show(verdict: Verdict, console: Console, *, as_json: bool, as_line: bool = False) -> None:
    """Print the verdict, for people or as JSON on standard output; `as_line`: as the last event of --json-lines."""
    if as_line:
        JsonLines().emit({"event": "verdict", **render_json(verdict)})
    elif as_json:
        json.dump(render_json(verdict), sys.stdout, indent=1, ensure_ascii=False)
        sys.stdout.write("\n")
    else:
        console.print(render_terminal(verdict))


def keep(judged: Judged, folder: Path, console: Console, *, silent: bool) -> None:
    """Write what is derived from a verdict, and say where the report is; what cannot be written is said in any case."""
    problems = write_derived(judged, folder)
    places = [] if silent or REPORT in problems else [f"report: {folder / REPORT}"]
    for line in (*problems.values(), *places):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
