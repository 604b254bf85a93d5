"""`slagate run`: plan, send, record, judge."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from loadtests.cli.embedded_gateway import EmbeddedGatewayRun
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
    resolve_plan,
)
from loadtests.cli.plan import describe_plan
from loadtests.cli.probe import probe
from loadtests.cli.secrets import resolve_credentials
from loadtests.cli.sending import send
from loadtests.cli.verdicts import deliver
from loadtests.run_plan import RunPlan
from scenarios.errors import RunFolderError
from scenarios.observation import OBSERVATION, PAYMENT_RECORD
from scenarios.run_folder import RunFolder

_ROOM_FOR_THE_REST = 16 * 1024 * 1024


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
    json: Annotated[bool, typer.Option("--json", help="Print verdict.json and nothing else.")] = False,
) -> None:
    """Plan, send, record and judge; the exit code is the verdict."""
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
    )
    console = Console(stderr=json)
    if not json:
        for sentence in describe_plan(plan):
            console.print(sentence, highlight=False, soft_wrap=True)
    folder = RunFolder.at(run_dir or out / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{plan.scenario.name}")
    with EmbeddedGatewayRun(plan) as gateway:
        plan = gateway.plan
        credentials = resolve_credentials(plan.target, gateway.environment)
        probe(plan.target)
        _prepare(folder, plan)
        ending = send(plan, credentials, folder, console, silent=json)
        gateway.keep_account(folder)
    if run_dir is None:
        _point_latest(folder)
    raise typer.Exit(deliver(folder, console, as_json=json, interrupted=ending.interrupted))


def _prepare(folder: RunFolder, plan: RunPlan) -> None:
    """Make the run folder and see that the rows will fit. Raises RunFolderError."""
    folder.create()
    rows = len(plan.arrivals) * (OBSERVATION.itemsize + PAYMENT_RECORD.itemsize)
    free = shutil.disk_usage(folder.path).free
    if free < rows + _ROOM_FOR_THE_REST:
        raise RunFolderError(
            f"run folder {folder.path}: {free // 2**20} MiB free, the recording may take "
            f"{(rows + _ROOM_FOR_THE_REST) // 2**20} MiB; nothing was sent"
        )


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
