"""The fleet: an order that comes while the engine is being started is not lost, nor taken for its first one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from loadtests.cli import fleet as module
from loadtests.cli.fleet import Crew, Fleet
from scenarios.run_folder import RunFolder
from tests.loadtests.builders import run_plan


class Engine:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []

    def tell(self, order: dict[str, Any]) -> None:
        self.told.append(order)


def test_an_order_that_comes_while_the_engine_starts_follows_its_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = {"command": "stop", "reason": "SIGINT to slagate run"}
    engine = Engine()
    fleet = Fleet(Crew(), run_plan(), RunFolder.at(tmp_path), tmp_path / "engine.log", {})

    def start(*_: object) -> Engine:
        fleet.tell(stop)  # a signal in the middle of it
        return engine

    monkeypatch.setattr(module, "start_locust", start)
    fleet.start()
    fleet.tell({"command": "cut"})
    assert [each.get("role") or each["command"] for each in engine.told] == ["solo", "stop", "cut"]
