"""`slagate gateway`: the mock gateway on its own, for rehearsals; its options are its own (`--help` shows them)."""

from __future__ import annotations

import subprocess
import sys

import typer


def gateway(context: typer.Context) -> None:
    """Run the mock gateway until Ctrl-C; takes --profile, --port, --seed."""
    process = subprocess.Popen([sys.executable, "-m", "mock_gateway", *context.args])
    while True:
        try:
            raise typer.Exit(process.wait())
        except KeyboardInterrupt:
            continue  # the terminal told the gateway too; wait for its graceful end
