"""Every row that a worker wrote is with the master exactly once, whatever the line between them does."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from loadtests import shipping
from loadtests.batches import Batch
from loadtests.collecting import Collector
from loadtests.health import RateTable
from loadtests.later_accounts import LaterAccounts
from loadtests.shipping import Shipper
from scenarios.observation import PAYMENT_RECORD, Rows
from scenarios.run_folder import RunFolder
from tests.loadtests.builders import run_plan
from tests.loadtests.test_batches import T0_NS, by_plan, in_order, usual_rows

WORKER = 1


class Line:
    """A worker and a master on a line that loses, repeats and delays what goes over it."""

    def __init__(
        self, path: Path, rows: Rows, planned: Any, *, treat: Callable[[list[Any]], list[Any]]
    ) -> None:
        self.worker, self.master = RunFolder(path / "worker"), RunFolder(path / "master")
        self.worker.create()
        self.master.create()
        self._rows, self._written = rows, 0
        self._treat = treat
        self._to_master: list[dict[str, Any]] = []
        self._to_worker: list[tuple[int, int]] = []
        rate = RateTable(np.arange(3, dtype=np.int64), 3)
        self.collector = Collector(
            self.master,
            planned=2 * len(rows),
            workers=2,
            planned_of=planned,
            rate=rate,
            later=LaterAccounts(run_plan()),
        )
        self.collector.t0_ns = T0_NS
        self.shipper = Shipper(self.worker, planned, self._to_master.append)

    def write(self, count: int) -> None:
        part = self._rows[self._written : self._written + count]
        self._written += len(part)
        with (self.worker.observations / "0000.rows").open("ab") as file:
            file.write(part.tobytes())
        payments = np.zeros(len(part), dtype=PAYMENT_RECORD)
        payments["arrival"] = part["arrival"]
        with (self.worker.payments / "0000.rows").open("ab") as file:
            file.write(payments.tobytes())

    def turn(self) -> None:
        """One round of messages both ways."""
        going, self._to_master[:] = self._treat(list(self._to_master)), []
        for message in going:
            batch = Batch.from_message(message)
            self._to_worker.append((int(batch.stream), self.collector.store(WORKER, batch)))
        coming, self._to_worker[:] = self._treat(list(self._to_worker)), []
        for stream, number in coming:
            self.shipper.held(stream, number)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipping, "CUT_EVERY_S", 0.0)
    monkeypatch.setattr(shipping, "_SEND_AGAIN_AFTER_S", 0.0)


def lossy(share: float, seed: int) -> Callable[[list[Any]], list[Any]]:
    chance = random.Random(seed)

    def treat(messages: list[Any]) -> list[Any]:
        kept = [each for each in messages if chance.random() >= share]
        kept += [each for each in kept if chance.random() < 0.3]  # some come twice, late
        chance.shuffle(kept)
        return kept

    return treat


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("seed", range(5))
def test_half_of_all_messages_lost_and_others_repeated_leave_every_row_once(
    tmp_path: Path, seed: int
) -> None:
    rows, offsets = usual_rows(1000)
    line = Line(tmp_path, rows, by_plan(offsets), treat=lossy(0.5, seed))
    turns = 0
    while line.collector.rows(WORKER) < len(rows) or line.shipper.left:
        line.write(50)
        line.shipper.ship()
        line.turn()
        turns += 1
        assert turns < 5000
    recording = line.master.read_observations()
    assert recording.torn == 0
    assert np.array_equal(in_order(recording.rows), in_order(rows))
    assert line.collector.recorded.sum() == len(rows)
    assert line.collector.repeated > 0
    assert line.collector.early > 0
    paid = line.master.read_payments().rows["arrival"]
    assert np.array_equal(np.sort(paid), np.sort(rows["arrival"]))


@pytest.mark.usefixtures("hurried")
def test_a_row_that_cannot_be_written_is_never_said_to_be_held(tmp_path: Path) -> None:
    rows, offsets = usual_rows(100)
    line = Line(tmp_path, rows, by_plan(offsets), treat=lambda messages: messages)
    (line.master.observations / f"{WORKER:04d}.rows").mkdir()  # in the way
    line.write(100)
    for _ in range(5):
        line.shipper.ship()
        line.turn()
    assert line.collector.failure is not None
    assert line.shipper.left >= 100
    assert not line.collector.recorded.any()


@pytest.mark.usefixtures("hurried")
def test_a_damaged_batch_is_sent_again(tmp_path: Path) -> None:
    rows, offsets = usual_rows(100)
    damaged: list[int] = []

    def damage_first(messages: list[Any]) -> list[Any]:
        for message in messages:
            if isinstance(message, dict) and message["stream"] == 1 and not damaged:
                damaged.append(1)
                message["data"] = message["data"][:-1] + b"?"
        return messages

    line = Line(tmp_path, rows, by_plan(offsets), treat=damage_first)
    line.write(100)
    for _ in range(5):
        line.shipper.ship()
        line.turn()
    assert line.collector.damaged == 1
    assert line.shipper.left == 0
    assert len(line.master.read_observations().rows) == 100


def test_little_is_under_way_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipping, "CUT_EVERY_S", 0.0)
    rows, offsets = usual_rows(300)
    line = Line(tmp_path, rows, by_plan(offsets), treat=lambda _: [])  # the master hears nothing
    for _ in range(30):
        line.write(10)
        line.shipper.ship()
    assert line.shipper.batches_sent == 2 * 4
