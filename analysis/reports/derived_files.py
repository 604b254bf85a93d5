"""What is derived from a recording, written beside it: verdict.json, summary.md, junit.xml. One function writes all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from analysis.reports.junit_xml import render_junit
from analysis.reports.summary_md import render_summary
from analysis.reports.verdict_json import render_json
from analysis.verdict import Verdict
from scenarios.run_folder import write_text


def _json_text(verdict: Verdict) -> str:
    return json.dumps(render_json(verdict), indent=1, ensure_ascii=False) + "\n"


DERIVED: dict[str, Callable[[Verdict], str]] = {
    "verdict.json": _json_text,
    "summary.md": render_summary,
    "junit.xml": render_junit,
}


def write_derived(verdict: Verdict, folder: Path) -> list[str]:
    """Write every derived file into a folder, each whole or not at all; a line for each that could not be written.

    Never raises: a verdict that cannot be written still holds.
    """
    problems = []
    for name, render in DERIVED.items():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_text(folder / name, render(verdict))
        except OSError as error:
            problems.append(f"{name} could not be written ({error.strerror}); the verdict holds")
        except Exception as error:  # a renderer's own mistake must not cost the verdict or the other files
            problems.append(f"{name} could not be made ({type(error).__name__}: {error}); the verdict holds")
    return problems
