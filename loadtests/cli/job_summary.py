"""What a GitHub job shows of a verdict beside the log: annotations, and the job's summary."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from analysis.reports.github_lines import render_annotations
from analysis.reports.summary_md import render_summary
from analysis.verdict import Verdict


def tell_job(verdict: Verdict, console: Console, environment: Mapping[str, str], *, as_json: bool) -> None:
    """Annotate where GITHUB_ACTIONS is `true`; append the summary to GITHUB_STEP_SUMMARY where that is set.

    With --json, standard output is the verdict's alone and annotations go to standard error, which GitHub reads too.
    """
    if environment.get("GITHUB_ACTIONS") == "true":
        for line in render_annotations(verdict):
            print(line, file=sys.stderr if as_json else sys.stdout)
    path = environment.get("GITHUB_STEP_SUMMARY")
    if path:
        try:
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(f"{render_summary(verdict)}\n")
        except OSError as error:
            console.print(
                f"the job's summary could not be written ({error.strerror}); the verdict holds",
                highlight=False,
                markup=False,
            )
