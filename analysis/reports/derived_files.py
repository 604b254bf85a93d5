"""What is derived from a recording, written beside it: verdict, report, summary, JUnit. One function writes all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from analysis.judgement import Judged
from analysis.reports.junit_xml import render_junit
from analysis.reports.page.report import render_report
from analysis.reports.summary_md import render_summary
from analysis.reports.verdict_json import render_json
from scenarios.run_folder import write_text

REPORT = "report.html"


def _json_text(judged: Judged) -> str:
    return json.dumps(render_json(judged.verdict), indent=1, ensure_ascii=False) + "\n"


DERIVED: dict[str, Callable[[Judged], str]] = {
    "verdict.json": _json_text,
    "summary.md": lambda judged: render_summary(judged.verdict),
    "junit.xml": lambda judged: render_junit(judged.verdict),
    REPORT: lambda judged: render_report(judged.verdict, judged.recordings),
}


def write_derived(judged: Judged, folder: Path) -> dict[str, str]:
    """Write every derived file into a folder, each whole or not at all; a line for each that could not be, by name.

    Never raises: a verdict that cannot be written still holds.
    """
    said = {name: write_derived_file(judged, name, folder / name) for name in DERIVED}
    return {name: line for name, line in said.items() if line is not None}


def write_derived_file(judged: Judged, name: str, path: Path) -> str | None:
    """Write one of them, whole or not at all; where that fails, a line that says why. Never raises."""
    try:
        text = DERIVED[name](judged)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text)
    except OSError as error:
        return f"{path.name} could not be written ({error.strerror or error}); the verdict holds"
    except KeyboardInterrupt:  # the verdict has been given, and the exit code is its own
        return f"{path.name} could not be written (interrupted); the verdict holds"
    except Exception as error:  # a renderer's own mistake must not cost the verdict or the other files
        return f"{path.name} could not be made ({type(error).__name__}: {error}); the verdict holds"
    return None
