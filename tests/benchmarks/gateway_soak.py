"""`python -m tests.benchmarks.gateway_soak`: does the mock's memory stay flat over a million transactions?"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
import urllib.request
from pathlib import Path
from statistics import median

from tests.benchmarks.pinned import run_wrk, start_gateway

_MOST_GROWTH = 0.10
_EVERY_S = 2.0
_ROUND_S = 20.0
_SCRIPT = Path(__file__).with_name("soak.lua")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--transactions", type=int, default=1_000_000)
    parser.add_argument("--settle", type=float, default=60.0, help="seconds before memory counts")
    parser.add_argument("--sales", action="store_true", help="card sales too, which the ledger has to keep")
    options = parser.parse_args()
    with start_gateway("--profile", "instant") as gateway:
        samples = _Samples(gateway.pid)
        samples.start()
        while (done := _transactions(gateway.url)) < options.transactions:
            rate = run_wrk(
                gateway.url,
                seconds=_ROUND_S,
                script=_SCRIPT,
                arguments=["sales"] if options.sales else [],
            )
            print(f"{done} transactions, {rate:.0f}/s, {samples.latest_mb():.1f} MB", flush=True)
        samples.stop()
    return judge(samples.taken, options.settle)


def judge(taken: list[tuple[float, float]], settle_s: float) -> int:
    """Print the growth after the first minute; gives the exit code."""
    counted = [size_mb for moment_s, size_mb in taken if moment_s >= settle_s]
    if len(counted) < 10:
        print(f"too short: only {len(counted)} samples after {settle_s:g} s")
        return 1
    # Medians of the first and the last tenth: one sample may catch a buffer at its fullest.
    tenth = max(1, len(counted) // 10)
    first, last = median(counted[:tenth]), median(counted[-tenth:])
    growth = last / first - 1
    verdict = "ok" if growth <= _MOST_GROWTH else "GROWS"
    print(
        f"memory {first:.1f} MB after {settle_s:g} s, {last:.1f} MB at the end: "
        f"{growth:+.1%} (at most {_MOST_GROWTH:+.0%}): {verdict}"
    )
    return 0 if growth <= _MOST_GROWTH else 1


class _Samples:
    """Resident memory of a process, looked at every two seconds."""

    def __init__(self, pid: int) -> None:
        self._status = Path(f"/proc/{pid}/status")
        self._begun_s = time.monotonic()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.taken: list[tuple[float, float]] = []

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def latest_mb(self) -> float:
        return self.taken[-1][1] if self.taken else 0.0

    def _watch(self) -> None:
        while not self._stopped.wait(_EVERY_S):
            text = self._status.read_text()
            kilobytes = int(text.split("VmRSS:", 1)[1].split()[0])
            self.taken.append((time.monotonic() - self._begun_s, kilobytes / 1024))


def _transactions(url: str) -> int:
    with urllib.request.urlopen(f"{url}/_control/stats") as answer:
        rows: int = json.load(answer)["truth_rows"]
    return rows


if __name__ == "__main__":
    sys.exit(main())
