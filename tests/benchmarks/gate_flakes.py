"""`python -m tests.benchmarks.gate_flakes`: how often does the shipped gate not PASS one unchanged, healthy gateway?

Every run is the shipped `gate` scenario scaled down in time by 6: 45 s of traffic after which up to 12 s of answers
are waited for, in place of 4 min 30 s, with 5 s of warm-up in place of 30 s. Nothing else is scaled: rate, mix, limit
and the gateway's latencies are the shipped ones, so that a run has a sixth of the gate's transactions and is the harder
to PASS. Each run has a seed of its own; all go to one process of the mock gateway (profile `steady`), which is started
once. Gateway and generator share two cores, whatever else the machine does; the load average stands beside each run.

Bar: at least 99 of 100 runs end with exit code 0.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCALE = 6
LENGTH_S, WARM_UP_S = 270, 30  # of the shipped scenario; a test holds them
AT_LEAST = 0.99
CREDENTIALS = {
    f"MOCK_GATEWAY_{name}": f"flakes-{name.lower()}" for name in ("API_KEY", "API_SECRET", "USER", "PASSWORD")
}
_TARGET = """name = "one_gateway"
[endpoints]
rest = "{url}/rest/payment"
soap_edi = "{url}/healthcare/service.asmx"
[auth]
rest_api_key = {{ env = "MOCK_GATEWAY_API_KEY" }}
rest_api_secret = {{ env = "MOCK_GATEWAY_API_SECRET" }}
basic_user = {{ env = "MOCK_GATEWAY_USER" }}
basic_password = {{ env = "MOCK_GATEWAY_PASSWORD" }}
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--scale", type=float, default=SCALE, help="shorter than the gate by this factor")
    parser.add_argument("--keep", type=Path, help="keep the run folders here")
    options = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    codes: list[int] = []
    with tempfile.TemporaryDirectory(prefix="slagate-flakes-") as room, gateway() as url:
        target = Path(room) / "one_gateway.toml"
        target.write_text(_TARGET.format(url=url), encoding="utf-8")
        for number in range(1, options.runs + 1):
            run_dir = (options.keep or Path(room)).absolute() / f"gate-{number}"
            code, said = gate_run(target, run_dir, seed=number, scale=options.scale)
            codes.append(code)
            print(f"run {number}: exit code {code}, load average {os.getloadavg()[0]:.1f}{said}", flush=True)
    print(counts_text(codes))
    return 0 if codes.count(0) >= AT_LEAST * len(codes) else 1


def counts_text(codes: list[int]) -> str:
    """How many runs ended with which exit code, and whether that is enough."""
    counted = ", ".join(f"{count} with exit code {code}" for code, count in sorted(Counter(codes).items()))
    enough = "ok" if codes.count(0) >= AT_LEAST * len(codes) else "BELOW"
    return f"{len(codes)} gate runs: {counted} (at least {AT_LEAST:.0%} with 0: {enough})"


@contextmanager
def gateway() -> Iterator[str]:
    """One mock gateway for all runs, and its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mock_gateway", "--profile", "steady", "--exit-with-stdin"],
        env={**os.environ, **CREDENTIALS},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["url"]
    finally:
        process.kill()
        process.communicate()


def gate_run(target: Path, run_dir: Path, *, seed: int, scale: float) -> tuple[int, str]:
    """The exit code of one scaled gate run, and what its verdict said where that is no PASS."""
    length = ["--duration", f"{LENGTH_S / scale:g}s", "--set", f"warm_up={WARM_UP_S / scale:g}s"]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "loadtests", "run", "gate", "--json"),
            *("--target", str(target), "--seed", str(seed), "--run-dir", str(run_dir), *length),
        ],
        env={**os.environ, **CREDENTIALS},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return 0, ""
    try:
        verdict: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        return done.returncode, f": {done.stderr.strip()}"
    return done.returncode, f": {verdict['verdict']}: {verdict['sentence']}"


if __name__ == "__main__":
    sys.exit(main())
