"""`python -m tests.benchmarks.gateway_sale`: a card sale with durable ledger against a bare FastAPI route.

Exit code 0 at half of the bare rate or more, 1 below it or where the ledger lacks a payment.
"""

from __future__ import annotations

import json
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.pinned import Announced, compare_with_bare, start_gateway

BAR = 0.50
_PATH = "/rest/payment/sale"
_SCRIPT = Path(__file__).with_name("card_sale.lua")


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        ledger = Path(folder, "ledger.sqlite")

        @contextmanager
        def start() -> Iterator[Announced]:
            with start_gateway("--profile", "instant", "--ledger", str(ledger)) as gateway:
                before, _ = count(gateway.url)
                yield gateway
                check_ledger(gateway.url, before)

        return compare_with_bare("card sale with durable ledger", start, _PATH, _SCRIPT, bar=BAR)


def check_ledger(url: str, before: int) -> None:
    """Exits unless the ledger has a payment more for every sale that was answered."""
    stored, answered = count(url)
    if stored - before < answered:
        sys.exit(
            f"{answered} sales were acknowledged, {stored - before} are stored: the figures count for nothing"
        )


def count(url: str) -> tuple[int, int]:
    """Payments in the ledger, and sales that this process has answered."""
    with urllib.request.urlopen(f"{url}/_control/stats", timeout=10) as answer:
        stats = json.load(answer)
    return int(stats["payments"]["count"]), int(stats["requests"].get("sale", {}).get("200", 0))


if __name__ == "__main__":
    sys.exit(main())
