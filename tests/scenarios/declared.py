"""Declarations to start from: small sound ones, and what a test changes in them."""

from __future__ import annotations

from pathlib import Path

SCENARIO = """\
name = "clinic"
purpose = "A front desk."
assurance = "smoke"
seed = 7
warm_up = "5s"

[[phases]]
shape = "constant"
rate_per_s = 40
duration = "30s"
[[phases]]
shape = "constant"
rate_per_s = 10
duration = "1m"
arrivals = "even"

[journeys]
eligibility_only = 3
card_sale_only = 1
"""

SLA = """\
name = "A service level"
source = "a document"
[[clause]]
id = "transaction-time"
strength = "target"
quote = "most of them fast"
measure = "share_within"
limit = "10s"
at_least = 0.9
classes = ["healthcare", "payment"]
"""

TARGET = """\
name = "sandbox"
[endpoints]
rest = "https://pay.example.test/rest/payment"
soap_edi = "https://edi.example.test/healthcare/service.asmx"
[guard]
hosts = ["pay.example.test", "EDI.example.test"]
authorised = "agreed in writing, 2026-11-02"
max_rate_per_s = 20
max_total = 2000
"""


def written(folder: Path, text: str, name: str = "declared.toml") -> str:
    """The path of a file with this text in it."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)
