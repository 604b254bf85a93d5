"""`slagate run`: plan, send, record, judge."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from loadtests.auth import resolve_credentials
from loadtests.cli.embedded_gateway import EmbeddedGatewayRun
from loadtests.cli.fleet import Crew
from loadtests.cli.options import (
    DEFAULT_SCENARIO,
    DEFAULT_TARGET,
    DurationOption,
    ProfileOption,
    RateOption,
    ScenarioArgument,
    SeedOption,
    SettingsOption,
    SlaOption,
    TagOption,
    TargetOption,
    WorkersOption,
    resolve_plan,
)
from loadtests.cli.plan import describe_plan
from loadtests.cli.probe import probe
from loadtests.cli.sending import send
from loadtests.cli.verdicts import deliver
from loadtests.cli.web import serve_web
from loadtests.room import make_room
from scenarios.run_folder import RunFolder


def run(
    scenario: ScenarioArgument = DEFAULT_SCENARIO,
    target: TargetOption = DEFAULT_TARGET,
    sla: SlaOption = None,
    rate: RateOption = None,
    duration: DurationOption = None,
    settings: SettingsOption = None,
    seed: SeedOption = None,
    gateway_profile: ProfileOption = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Parent of the run folder.")] = Path(
        "runs"
    ),
    run_dir: Annotated[
        Path | None, typer.Option("--run-dir", metavar="DIR", help="The run folder itself.")
    ] = None,
    tag: TagOption = None,
    workers: WorkersOption = None,
    distributed: Annotated[
        bool, typer.Option("--distributed", help="Send by workers elsewhere: `slagate worker`.")
    ] = False,
    expect_workers: Annotated[
        int | None, typer.Option("--expect-workers", metavar="N", min=1, help="How many; by default 1.")
    ] = None,
    master_bind: Annotated[
        str | None,
        typer.Option(
            "--master-bind", metavar="HOST:PORT", help="Where they find us; by default 127.0.0.1:5557."
        ),
    ] = None,
    web: Annotated[
        bool, typer.Option("--web", help="Open Locust's web UI and start runs from there.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print verdict.json and nothing else.")] = False,
) -> None:
    """Plan, send, record and judge; the exit code is the verdict."""
    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # before and after sending: as Ctrl-C, exit code 130
    crew = Crew.of(
        workers=workers, distributed=distributed, expect_workers=expect_workers, master_bind=master_bind
    )
    plan = resolve_plan(
        scenario=scenario,
        sla=sla,
        target=target,
        rate=rate,
        duration=duration,
        settings=settings,
        seed=seed,
        gateway_profile=gateway_profile,
        tags=tag,
        workers=crew.workers,
    )
    console = Console(stderr=json)
    if not json:
        for sentence in describe_plan(plan, crew.workers):
            console.print(sentence, highlight=False, soft_wrap=True)
    folder = RunFolder.at(run_dir or out / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{plan.scenario.name}")
    with EmbeddedGatewayRun(plan) as gateway:
        plan = gateway.plan
        resolve_credentials(plan.target, gateway.environment)  # each sender does so again, in its own
        probe(plan.target)
        if web:
            code = serve_web(
                plan,
                console,
                crew=crew,
                environment=gateway.environment,
                out=out,
                run_dir=run_dir,
                as_json=json,
            )
            raise typer.Exit(code)
        make_room(folder, plan.transactions_at_most)
        ending = send(plan, folder, console, crew=crew, environment=gateway.environment, silent=json)
        gateway.keep_account(folder)
    if run_dir is None:
        _point_latest(folder)
    raise typer.Exit(deliver(folder, console, as_json=json, interrupted=ending.interrupted))


def _point_latest(folder: RunFolder) -> None:
    """Let `latest` beside the run folder point at it; a convenience, so what hinders it is no failure of the run."""
    link = folder.path.parent / "latest"
    new = folder.path.parent / f".latest.{os.getpid()}"
    try:
        if link.is_symlink() or not link.exists():
            new.symlink_to(folder.path.name)
            new.replace(link)
    except OSError:
        new.unlink(missing_ok=True)
