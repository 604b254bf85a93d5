"""`slagate learn`: from a log of real traffic to a scenario."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from loadtests.learning import learn as learn_from
from scenarios.errors import DeclarationError, Problem

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}")


def learn(
    log: Annotated[
        Path,
        typer.Argument(metavar="LOG.csv", help="Columns timestamp, kind or journey; payer, if there is one."),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write the scenario here; must not exist yet."),
    ] = None,
) -> None:
    """Turn a log of traffic into a scenario: mix, course of the rate, burstiness, payers. No personal field is read."""
    if out is not None and (out.exists() or not _NAME.fullmatch(out.stem)):
        message = "stands already" if out.exists() else "name it with letters, digits, _ . and - only"
        raise DeclarationError(str(out), [Problem(where="", message=message)])
    learned = learn_from(log, name=out.stem if out is not None else "learned")
    for sentence in learned.sentences:
        typer.echo(sentence, err=True)
    if out is None:
        typer.echo(learned.toml, nl=False)
        return
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(learned.toml)
    except OSError as error:
        raise DeclarationError(
            str(out), [Problem(where="", message=f"cannot be written: {error.strerror}")]
        ) from error
    typer.echo(f"Written: {out}. Look at it with: slagate plan {out}", err=True)
