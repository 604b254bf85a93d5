"""A verdict for the side that sends: asked of a child process, because judging and sending share no code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from scenarios.run_folder import RunFolder

_WITHIN_S = 300.0
_OWN_FAILURE = 70


def ask_for_verdict(folder: RunFolder, *, so_far: bool = False) -> dict[str, Any] | None:
    """verdict.json of a run folder; None where no verdict can be formed. `so_far`: of a run that still goes on; at
    low priority, and nothing is written."""
    command = [sys.executable, "-m", "analysis", str(folder.path)]
    command = ["nice", "-n", "19", *command] if so_far else [*command, "--keep"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_WITHIN_S, check=False, env=environment
        )
        content: dict[str, Any] = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return content


def exit_code_of(verdict: dict[str, Any] | None) -> int:
    """The exit code of a verdict, or of none."""
    return _OWN_FAILURE if verdict is None else int(verdict["exit_code"])
