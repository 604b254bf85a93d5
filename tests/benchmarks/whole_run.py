"""A run as a user starts it, `slagate run` with all its processes, against the canned gateway."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from scenarios.run_folder import RunFolder
from tests.end_to_end.declared import NEVER_CERTAIN

_SALES = "[journeys]\ncard_sale_only = 1\n[money]\ndeclined_share = 0\npartial_share = 0\n"
_AUTH = ("rest_api_key", "rest_api_secret", "basic_user", "basic_password")


def constant(rate_per_s: float, seconds: float, arrivals: str = "poisson") -> str:
    """The phase of a scenario."""
    return (
        f'[[phases]]\nshape = "constant"\nrate_per_s = {rate_per_s:g}\nduration = "{seconds:g}s"\n'
        f'arrivals = "{arrivals}"\n'
    )


def command(
    folder: Path, url: str, phase: str, run: str, *, workers: int = 1, limit: str = "1s"
) -> list[str]:
    """`slagate run` of card sales in this course, into the folder `run` below `folder`."""
    head = 'name = "bench"\npurpose = "A bench."\nassurance = "smoke"\nseed = 1\n'
    (folder / "traffic.toml").write_text(f"{head}{phase}{_SALES}", encoding="utf-8")
    (folder / "sla.toml").write_text(
        'name = "bench"\nsource = "a bench"\n[[clause]]\nid = "time"\nstrength = "target"\nquote = "in time"\n'
        f'measure = "share_within"\nlimit = "{limit}"\nat_least = 0.9\nclasses = ["payment"]\n{NEVER_CERTAIN}',
        encoding="utf-8",
    )
    secrets = "".join(f'{name} = {{ env = "BENCH_SECRET" }}\n' for name in _AUTH)
    (folder / "target.toml").write_text(
        f'name = "canned"\n[endpoints]\nrest = "{url}/rest/payment"\n[auth]\n{secrets}', encoding="utf-8"
    )
    given = ["--sla", "sla.toml", "--target", "target.toml", "--run-dir", run, "--json"]
    own = [sys.executable, "-m", "loadtests", "run", "traffic.toml", *given]
    return [*own, "--workers", str(workers)]


def start(arguments: list[str], folder: Path, core: int) -> subprocess.Popen[str]:
    """Start it; every process of it on one core."""
    root = str(Path(__file__).parents[2])
    return subprocess.Popen(
        ["taskset", "-c", str(core), *arguments],
        cwd=folder,
        env={**os.environ, "BENCH_SECRET": "secret", "PYTHONPATH": root},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str], folder: Path, run: str) -> tuple[RunFolder, dict[str, Any]]:
    """Wait for it: the run folder and end.json, after checking that all that was planned was sent and answered."""
    said, errors = process.communicate()
    here = RunFolder.at(folder / run)
    end = here.read_end()
    if end is None:
        raise SystemExit(f"the run failed:\n{errors[-3000:]}{said[-1000:]}")
    done = json.loads(said)["clauses"][0]["populations"][0]
    assert end["ended"] == "completed", end["reason"]
    assert end["recorded"] == end["planned"], "rows are missing"
    assert done["misses"].get("error", 0) == done["misses"].get("connection", 0) == 0, done["misses"]
    return here, end
