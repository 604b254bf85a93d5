"""The live line of a run: redrawn on a terminal, a plain line every few seconds elsewhere."""

from __future__ import annotations

import time
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from scenarios.duration import duration_text

_PLAIN_EVERY_S = 5.0


class Progress:
    """Shows the engine's progress reports; the last one stays visible."""

    def __init__(self, console: Console, planned_s: float, limit_s: float, *, silent: bool) -> None:
        self._planned_s = planned_s
        self._limit_s = limit_s
        self._silent = silent
        self._console = console
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal and not silent else None
        self._next_plain = 0.0

    def __enter__(self) -> Progress:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def say(self, sentence: str) -> None:
        """Print a sentence that stays."""
        if not self._silent:
            self._console.print(sentence, highlight=False, soft_wrap=True)

    def show_gathering(self, report: dict[str, Any]) -> None:
        """How many workers have come so far."""
        self._draw(f"{report['workers']} of {report['of']} workers are here")

    def show(self, report: dict[str, Any]) -> None:
        """Draw one report."""
        self._draw(progress_line(report, self._planned_s, self._limit_s))

    def _draw(self, line: str) -> None:
        if self._live is not None:
            self._live.update(Text(line), refresh=True)
        elif not self._silent and time.monotonic() >= self._next_plain:
            self._next_plain = time.monotonic() + _PLAIN_EVERY_S
            self._console.print(line, highlight=False, soft_wrap=True)


def progress_line(report: dict[str, Any], planned_s: float, limit_s: float) -> str:
    """Elapsed of planned, sent, in flight, share within the limit so far by class, late arrivals."""
    elapsed = max(0.0, report["elapsed_s"])
    if report["stopping"]:
        phase = f"stopping ({report['stopping']})"
    elif elapsed > planned_s:
        phase = "waiting for the last answers"
    else:
        phase = f"{elapsed:.0f} of {planned_s:.0f} s"
    shares = ", ".join(
        f"{name} {_percent(report['within'].get(name, 0), judged)} of {judged}"
        for name, judged in sorted(report["judged"].items())
        if judged
    )
    parts = [
        phase,
        f"{report['sent']} sent",
        f"{report['in_flight']} in flight",
        f"within {duration_text(limit_s)}: {shares or 'none judged yet'}",
        f"{report['late']} late",
    ]
    if report["waiting"]:
        parts.insert(3, f"{report['waiting']} waiting for a user")
    return " | ".join(parts)


def _percent(part: int, whole: int) -> str:
    """Rounded down, so that 100 % means all of them."""
    return f"{part * 1000 // whole / 10:.1f} %"
