"""`slagate list`: what is shipped under a name."""

from __future__ import annotations

import typer

from scenarios.journeys import JOURNEY_NAMES
from scenarios.loading import load_scenario, load_sla, load_target, shipped_names


def list_shipped() -> None:
    """Name the shipped scenarios, SLAs and targets, and the journeys a scenario can weigh."""
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
