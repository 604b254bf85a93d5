"""The command line: one module per command."""

from __future__ import annotations

import sys
import tempfile
import traceback
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from analysis.exit_codes import ExitCode
from loadtests.cli import export, gateway, judge, learn, listing, plan, report, run, worker
from scenarios.errors import DeclarationError, RunFolderError, SlagateError, TargetUnreachableError

app = typer.Typer(
    name="slagate",
    help="Decides whether a healthcare payment gateway answers 90 % of its transactions within 10 seconds under load.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"slagate {version('slagate')}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option("--version", help="Show the version and exit.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    pass


app.command("run")(run.run)
app.command("plan")(plan.plan)
app.command("judge")(judge.judge)
app.command("report")(report.report)
# its options, --help included, are the gateway's own
_passed_on = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
app.command("gateway", context_settings=_passed_on)(gateway.gateway)
app.command("worker")(worker.worker)
app.command("export")(export.export)
app.command("learn")(learn.learn)
app.command("list")(listing.list_shipped)


def main() -> None:
    """The console script. Exit codes as in the contract; no traceback reaches the terminal."""
    try:
        app()
    except (DeclarationError, TargetUnreachableError, RunFolderError) as error:
        print(error, file=sys.stderr)
        sys.exit(ExitCode.WRONG_INPUT)
    except BrokenPipeError:
        sys.exit(ExitCode.OWN_FAILURE)
    except SlagateError as error:
        print(error, file=sys.stderr)
        sys.exit(ExitCode.OWN_FAILURE)
    except Exception as error:
        print(
            f"slagate itself failed: {type(error).__name__}: {error} ({_keep_traceback()})", file=sys.stderr
        )
        sys.exit(ExitCode.OWN_FAILURE)


def _keep_traceback() -> str:
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="slagate-traceback-", suffix=".txt", delete=False, encoding="utf-8"
        ) as file:
            file.write(traceback.format_exc())
        return f"traceback in {Path(file.name)}"
    except OSError:
        return "the traceback could not be kept: no room for it"
