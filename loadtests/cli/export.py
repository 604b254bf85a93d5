"""`slagate export`: a run's rows as an observation file, for other tools and for `slagate judge`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from analysis.observation_export import Format, export_run
from analysis.observation_meta import meta_path
from analysis.wording import count_text
from scenarios.errors import DeclarationError, Problem
from scenarios.run_folder import RunFolder


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    to: Annotated[Format, typer.Option("--to", metavar="csv|parquet", help="What to write.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Where to; by default the run's name, in this folder."),
    ] = None,
) -> None:
    """Write every recorded row to a file that `slagate judge` reads, and its description beside it."""
    folder = RunFolder.at(run)
    file = out or Path(f"{folder.path.resolve().name}.{to.value}")
    if file.suffix != f".{to.value}":
        message = f"the name must end in .{to.value}; `slagate judge` goes by it"
        raise DeclarationError(f"--out {file}", [Problem(where="", message=message)])
    try:
        rows = export_run(folder, to, file)
    except OSError as error:
        if error.strerror is None:  # one of ours, which says it all
            raise
        raise DeclarationError(
            f"--out {file}", [Problem(where="", message=f"cannot be written: {error.strerror}")]
        ) from error
    typer.echo(f"{count_text(rows)} rows in {file}, described in {meta_path(file)}")
