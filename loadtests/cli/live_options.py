"""Options of `slagate run` about what is seen while it goes on and when it may end."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from analysis.stopping import too_short_for_early_stop
from loadtests.cli.json_lines import JsonLines
from loadtests.cli.live_report import View
from loadtests.cli.metrics_endpoint import MetricsEndpoint
from loadtests.cli.progress import Progress
from loadtests.run_plan import RunPlan
from scenarios.errors import DeclarationError, Problem

JsonLinesOption = Annotated[
    bool,
    typer.Option("--json-lines", help="Print progress and verdict as JSON, one event a line, nothing else."),
]
MetricsPortOption = Annotated[
    int | None,
    typer.Option(
        "--metrics-port",
        metavar="N",
        min=0,
        max=65_535,
        help="Serve live numbers to Prometheus on this port of loopback; 0: any that is free.",
    ),
]
EarlyStopOption = Annotated[
    bool,
    typer.Option("--early-stop", help="End after 15 minutes or more once the evidence suffices either way."),
]


def check_live_options(
    *, json: bool, json_lines: bool, early_stop: bool, port: int | None, web: bool
) -> None:
    """Raise DeclarationError for options that contradict each other."""
    if json and json_lines:
        raise _wrong("--json --json-lines", "each wants standard output for itself; choose one")
    given = {"--json-lines": json_lines, "--early-stop": early_stop, "--metrics-port": port is not None}
    for name, is_given in given.items():
        if web and is_given:
            raise _wrong(f"--web {name}", f"runs of the web UI are watched there; {name} goes without --web")


def open_views(console: Console, *, silent: bool, json_lines: bool, metrics_port: int | None) -> list[View]:
    """Everybody who is to be shown how the run goes. Raises DeclarationError where a port cannot be had."""
    views: list[View] = [JsonLines()] if json_lines else [] if silent else [Progress(console)]
    if metrics_port is not None:
        metrics = MetricsEndpoint(metrics_port)
        if json_lines:
            JsonLines().emit({"event": "metrics", "url": metrics.url})
        else:
            console.print(f"Live numbers for Prometheus: {metrics.url}", highlight=False, soft_wrap=True)
        views.insert(0, metrics)  # who has read a line finds no older numbers served
    return views


def useless_early_stop(plan: RunPlan) -> str | None:
    """Why --early-stop does nothing for this plan; None where it may."""
    scenario = plan.scenario
    if too_short_for_early_stop(scenario.length_s - scenario.warm_up, scenario.longest_stall):
        return (
            "--early-stop has no effect here: its rule decides nothing before 15 minutes and 100 times the longest "
            "stall are measured, and this plan ends by then."
        )
    return None


def _wrong(source: str, message: str) -> DeclarationError:
    return DeclarationError(source, [Problem(where="", message=message)])
