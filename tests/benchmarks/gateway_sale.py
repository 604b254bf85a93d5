"""Card sales with durable ledger against a bare FastAPI route: `python -m tests.benchmarks.gateway_sale`.

Exit code 0 at half the bare rate or more, 1 below it, 2 if it could not be measured.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import urllib.request
from pathlib import Path

from tests.benchmarks.side_by_side import BenchmarkError, Load, Server, compare, pick_cores, report

BAR = 0.50
_LOAD = Load(script="card_sale.lua", path="/rest/payment/sale")


def main() -> int:
    options = _read_options()
    try:
        server_core, load_core = pick_cores()
        with tempfile.TemporaryDirectory() as folder:
            ledger = str(Path(folder) / "ledger.sqlite")
            gateway = ["-m", "mock_gateway", "--profile", "instant", "--ledger", ledger, "--exit-with-stdin"]
            with (
                Server(gateway, server_core) as ours,
                Server(["-m", "tests.benchmarks.bare_fastapi"], server_core) as bare,
            ):
                made = compare(
                    _LOAD, ours, bare, core=load_core, rounds=options.rounds, seconds=options.seconds
                )
                stored = _count_stored(ours.url)
    except BenchmarkError as failure:
        print(f"gateway_sale: {failure}", file=sys.stderr)
        return 2
    code = report("card sale with durable ledger", made, wanted=options.rounds, bar=BAR)
    print(f"  {stored:,} payments in the ledger")
    answered = sum(one.ours.per_s for one in made) * options.seconds
    if stored < answered * 0.99:
        print(
            f"  that is fewer than the {answered:,.0f} that were acknowledged: the figures count for nothing"
        )
        return 1
    return code


def _count_stored(url: str) -> int:
    with urllib.request.urlopen(f"{url}/_control/stats", timeout=10) as answer:
        return int(json.load(answer)["payments"]["count"])


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="how many undisturbed rounds (7)")
    parser.add_argument("--seconds", type=int, default=2, help="how long each side is loaded in a round (2)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
