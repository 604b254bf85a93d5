"""Gateways for tests: one instant gateway for all, and fresh ones where a test needs its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.mock_gateway.running import RunningGateway

StartGateway = Callable[..., RunningGateway]

_PROFILE = """
name = "test"
[sale.service_time]
distribution = "constant"
value = "0s"
[eligibility.service_time]
distribution = "constant"
value = "0s"
[eligibility.answers]
inactive = 0
rejected = 0
"""


@pytest.fixture(scope="session")
def instant() -> Iterator[RunningGateway]:
    """One gateway that answers at once; tests share its ledger and look only for their own entries."""
    gateway = RunningGateway("--profile", "instant")
    yield gateway
    assert gateway.close() == "", "nothing that a caller sends makes the gateway complain"


@pytest.fixture
def start_gateway(tmp_path: Path) -> Iterator[StartGateway]:
    """Starts a gateway whose profile answers at once and ends in the given TOML."""
    running: list[RunningGateway] = []

    def start(toml: str = "", *arguments: str, **environment: str) -> RunningGateway:
        path = tmp_path / f"profile{len(running)}.toml"
        path.write_text(_PROFILE + toml)
        running.append(RunningGateway("--profile", str(path), *arguments, **environment))
        return running[-1]

    yield start
    for gateway in running:
        gateway.close()
