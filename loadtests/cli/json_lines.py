"""`--json-lines`: how a run goes, for machines; one JSON object a line on standard output and nothing else there."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from loadtests.cli.live_report import LiveReport


class JsonLines:
    """Writes events as they come. Where nobody reads them any more, the run goes on without."""

    def __init__(self) -> None:
        self._gone = False

    def __enter__(self) -> JsonLines:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def say(self, sentence: str) -> None:
        """What a person would be told."""
        self.emit({"event": "message", "text": sentence})

    def show_gathering(self, report: Mapping[str, Any]) -> None:
        """How many workers have come so far."""
        self.emit({"event": "gathering", "workers": report["workers"], "of": report["of"]})

    def show(self, report: LiveReport) -> None:
        """One progress event."""
        self.emit(report.to_json())

    def emit(self, event: Mapping[str, Any]) -> None:
        """Write one line."""
        if self._gone:
            return
        try:
            sys.stdout.write(json.dumps(event, ensure_ascii=False) + "\n")
            sys.stdout.flush()
        except OSError:
            self._gone = True
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())  # what is left in the buffer must not fail at exit
            os.close(nowhere)
