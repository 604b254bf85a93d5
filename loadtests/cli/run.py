"""`slagate run`: plan, send, record, judge."""

from __future__ import annotations

import signal
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from loadtests.auth import resolve_credentials
from loadtests.cli.attempts import Place, run_attempts
from loadtests.cli.consent import YesOption, ask_before_load
from loadtests.cli.embedded_gateway import EmbeddedGatewayRun
from loadtests.cli.fleet import Crew
from loadtests.cli.live_options import (
    EarlyStopOption,
    JsonLinesOption,
    MetricsPortOption,
    check_live_options,
    open_views,
    useless_early_stop,
)
from loadtests.cli.options import (
    DEFAULT_SCENARIO,
    DEFAULT_TARGET,
    DurationOption,
    InconclusiveOption,
    ProfileOption,
    RateOption,
    RateScaleOption,
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
from loadtests.cli.web import serve_web
from scenarios.errors import DeclarationError, Problem


def run(
    scenario: ScenarioArgument = DEFAULT_SCENARIO,
    target: TargetOption = DEFAULT_TARGET,
    sla: SlaOption = None,
    rate: RateOption = None,
    rate_scale: RateScaleOption = None,
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
    inconclusive_as: InconclusiveOption = None,
    retry_invalid: Annotated[
        int,
        typer.Option(
            "--retry-invalid",
            metavar="N",
            min=0,
            max=10,
            help="Run again, N times at most, while the verdict is INVALID; every attempt is kept.",
        ),
    ] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print verdict.json and nothing else.")] = False,
    json_lines: JsonLinesOption = False,
    metrics_port: MetricsPortOption = None,
    early_stop: EarlyStopOption = False,
    yes: YesOption = False,
) -> None:
    """Plan, send, record and judge; the exit code is the verdict."""
    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # before and after sending: as Ctrl-C, exit code 130
    _check_retries(retry_invalid, web=web, distributed=distributed)
    check_live_options(json=json, json_lines=json_lines, early_stop=early_stop, port=metrics_port, web=web)
    crew = Crew.of(
        workers=workers, distributed=distributed, expect_workers=expect_workers, master_bind=master_bind
    )
    plan = resolve_plan(
        scenario=scenario,
        sla=sla,
        target=target,
        rate=rate,
        rate_scale=rate_scale,
        duration=duration,
        settings=settings,
        seed=seed,
        gateway_profile=gateway_profile,
        tags=tag,
        workers=crew.workers,
    )
    console = Console(stderr=json or json_lines)
    if early_stop and (why := useless_early_stop(plan)):
        console.print(why, highlight=False, soft_wrap=True)
    if not (json or json_lines):
        for sentence in describe_plan(plan, crew.workers):
            console.print(sentence, highlight=False, soft_wrap=True)
    ask_before_load(plan, yes=yes)
    if web:
        with EmbeddedGatewayRun(plan) as gateway:
            resolve_credentials(gateway.plan.target, gateway.environment)  # each sender does so again
            probe(gateway.plan.target)
            code = serve_web(
                gateway.plan,
                console,
                crew=crew,
                environment=gateway.environment,
                out=out,
                run_dir=run_dir,
                as_json=json,
                inconclusive_as=inconclusive_as,
                keep_account=gateway.keep_account,
            )
        raise typer.Exit(code)
    code = run_attempts(
        plan,
        console,
        crew=crew,
        place=Place(out=out, run_dir=run_dir),
        open_views=partial(
            open_views, console, silent=json, json_lines=json_lines, metrics_port=metrics_port
        ),
        early_stop=early_stop,
        as_json=json,
        as_line=json_lines,
        retries=retry_invalid,
        inconclusive_as=inconclusive_as,
    )
    raise typer.Exit(code)


def _check_retries(retries: int, *, web: bool, distributed: bool) -> None:
    """Raise DeclarationError where nobody would be there for a repetition."""
    if retries and (web or distributed):
        message = (
            "goes without --web: there a person starts each run"
            if web
            else "goes without --distributed: its workers leave when a run has ended"
        )
        raise DeclarationError("--retry-invalid", [Problem(where="", message=message)])
