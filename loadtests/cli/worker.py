"""`slagate worker`: send a share of a run that is conducted elsewhere."""

from __future__ import annotations

import os
import queue
import signal
from types import FrameType
from typing import Annotated

import typer

from loadtests.cli.fleet import parse_address, start_worker


def worker(
    master: Annotated[
        str, typer.Option("--master", metavar="HOST:PORT", help="Where `slagate run --distributed` listens.")
    ],
) -> None:
    """Send a share of a run for the master at HOST:PORT; secrets come from this host's environment.

    Ends with 0 when its share was sent and handed over, 2 when the master refuses it, 70 when the master is lost,
    130 when interrupted: what was recorded is handed over first.
    """
    host, port = parse_address(master, "--master")
    child = start_worker(host, port, "", None, os.environ)
    signals: list[int] = []
    connected = False

    def stop(number: int, _: FrameType | None) -> None:
        signals.append(number)
        child.tell({"command": "stop", "reason": f"{signal.Signals(number).name} to slagate worker"})

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    typer.echo(f"worker of {master}: waiting for its share")
    code = 0
    while True:
        try:
            report = child.next_report(0.2)
        except queue.Empty:
            if signals and (not connected or len(signals) > 1):
                break  # nothing to hand over yet, or no patience
            continue
        if report is None:
            break
        connected = connected or report["event"] == "connected"
        if report["event"] == "left":
            code = int(report["code"])
    ended = child.end()
    raise typer.Exit(130 if signals else code or (70 if ended else 0))
