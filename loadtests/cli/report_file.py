"""Writing report.html: derived from a verdict that stands already, so no failure here changes it."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from analysis.judgement import Judged
from analysis.reports.page.report import render_report
from scenarios.run_folder import write_text


def write_report(judged: Judged, path: Path, console: Console, *, silent: bool = False) -> bool:
    """Render and write the report, and say where it is; where that fails, say so in one line. True: it is there."""
    try:
        text = render_report(judged.verdict, judged.recordings)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text)
    except OSError as error:
        return _not_written(path, error.strerror or str(error), console)
    except KeyboardInterrupt:
        return _not_written(path, "interrupted", console)
    except Exception as error:  # whatever goes wrong here, the verdict has been given
        return _not_written(path, f"{type(error).__name__}: {error}", console)
    if not silent:
        console.print(f"report: {path}", soft_wrap=True, highlight=False, markup=False)
    return True


def _not_written(path: Path, why: str, console: Console) -> bool:
    said = f"{path.name} could not be written ({why}); the verdict holds"
    console.print(said, soft_wrap=True, highlight=False, markup=False)
    return False
