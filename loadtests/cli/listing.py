"""`slagate list`: what is shipped under a name."""

from __future__ import annotations

from typing import Annotated

import typer

from scenarios.journeys import JOURNEY_NAMES
from scenarios.loading import load_scenario, load_sla, load_target, shipped_names
from scenarios.toml_schemas import MODELS, schema_path


def list_shipped(
    schemas: Annotated[
        bool, typer.Option("--schemas", help="Where the JSON schemas of the files are, for editors.")
    ] = False,
) -> None:
    """Name the shipped scenarios, SLAs and targets, and the journeys a scenario can weigh."""
    if schemas:
        for name in MODELS:
            typer.echo(f"{name:9} #:schema {schema_path(name)}")
        return
    typer.echo("scenarios:")
    for name in shipped_names("traffic"):
        typer.echo(f"  {name:21} {load_scenario(name).purpose}")
    typer.echo("SLAs:")
    for name in shipped_names("slas"):
        sla = load_sla(name)
        for clause in sla.clauses:
            typer.echo(f"  {name:12} {clause.id}: {clause.describe()}")
    typer.echo("targets:")
    for name in shipped_names("targets"):
        target = load_target(name)
        what = (
            "embedded mock gateway"
            if target.embedded_gateway
            else ", ".join(target.endpoints.declared().values())
        )
        typer.echo(f"  {name:12} {what}")
    typer.echo("journeys:")
    typer.echo(f"  {', '.join(sorted(JOURNEY_NAMES))}")
