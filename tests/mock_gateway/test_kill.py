"""Killed at any moment under load, the gateway loses no acknowledged payment and invents none."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.mock_gateway.conftest import StartGateway
from tests.mock_gateway.payment_stream import Memory, PaymentStream
from tests.mock_gateway.running import RunningGateway

KILLS = 20
CALLERS = 16
LEAST_PER_S = 200
BEFORE_COMMIT, AFTER_COMMIT = 6, 13
PLANTED = {BEFORE_COMMIT: "crash_before_commit", AFTER_COMMIT: "crash_after_commit"}


@dataclass(frozen=True)
class Death:
    """How fast payments flowed until the end, and how many requests it left without an answer."""

    answers: int
    flowed_s: float
    unanswered: int


async def pay_until_killed(gateway: RunningGateway, memory: Memory, name: str, kill_after_s: float) -> Death:
    stream = PaymentStream(memory, gateway.announcement["port"], name)
    unanswered = memory.unanswered
    load = asyncio.create_task(stream.run(CALLERS))
    while not stream.answers:
        await asyncio.sleep(0.005)
    started, had = time.monotonic(), stream.answers
    await asyncio.wait([load], timeout=kill_after_s)
    if gateway.process.poll() is None and not load.done():
        os.kill(gateway.process.pid, signal.SIGKILL)
    answers, flowed_s = stream.answers - had, time.monotonic() - started
    await asyncio.wait_for(load, timeout=10)
    return Death(answers=answers, flowed_s=flowed_s, unanswered=memory.unanswered - unanswered)


@dataclass(frozen=True)
class Account:
    """What the ledger holds, by merchant reference."""

    sales: dict[str, dict[str, Any]]
    voids: Counter[str]


def read_account(gateway: RunningGateway) -> Account:
    rows = gateway.ledger()
    sales = {row["merchant_reference"]: row for row in rows if row["action"] == "sale"}
    assert len(sales) == sum(row["action"] == "sale" for row in rows), "no payment is stored twice"
    voids = Counter(row["merchant_reference"] for row in rows if row["action"] == "void")
    return Account(sales=sales, voids=voids)


def check(account: Account, memory: Memory) -> None:
    for reference, row in account.sales.items():
        assert row["asked_cents"] == memory.asked_cents[reference], "what is stored was asked for"
        cents = row["asked_cents"] % 100
        approved = {0: row["asked_cents"], 5: 0, 10: row["asked_cents"] - 10}[cents]
        assert row["approved_cents"] == approved
        assert row["status"] == ("D" if cents == 5 else "V" if account.voids[reference] else "C")
    for reference, told in memory.told.items():
        stored = account.sales[reference]
        assert stored["transaction_id"] == told["TransactionID"]
        assert stored["asked_cents"] == round(float(told["Amount"]) * 100)
        assert (stored["status"] == "D") == (told["TransactionStatus"] == "D")
    assert set(account.voids.values()) <= {1}, "nothing is voided twice"
    assert memory.void_told <= set(account.voids) <= memory.void_asked


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_twenty_deaths_under_load_leave_exactly_what_was_acknowledged(
    start_gateway: StartGateway, tmp_path: Path
) -> None:
    path, memory, random = str(tmp_path / "ledger.sqlite"), Memory(), Random(20)
    deaths, left_behind = [], {}
    for number in range(KILLS):
        planted = PLANTED.get(number)
        toml = f'[[faults]]\nkind = "{planted}"\nat = "300ms"\ncount = 1\n' if planted else ""
        gateway = start_gateway(toml, "--ledger", path)
        check(read_account(gateway), memory)
        sent_before = set(memory.asked_cents)
        name = f"round{number}"
        kill_after_s = 10.0 if planted else random.uniform(0.3, 0.8)
        deaths.append(asyncio.run(pay_until_killed(gateway, memory, name, kill_after_s)))
        assert gateway.process.wait(timeout=5) == (1 if planted else -signal.SIGKILL)
        left_behind[number] = set(memory.asked_cents) - sent_before - set(memory.told)
    survivor = start_gateway("", "--ledger", path)
    account = read_account(survivor)
    check(account, memory)
    unanswered_but_stored = {n: sum(r in account.sales for r in left_behind[n]) for n in left_behind}
    print(
        f"\n{len(memory.told)} payments acknowledged over {KILLS} deaths,"
        f" slowest {min(death.answers / death.flowed_s for death in deaths):.0f}/s;"
        f" in flight at each {[death.unanswered for death in deaths]};"
        f" of these stored {list(unanswered_but_stored.values())}"
    )
    assert all(death.answers / death.flowed_s >= LEAST_PER_S for death in deaths)
    assert all(death.unanswered > 0 for death in deaths), "something was in flight each time"
    assert unanswered_but_stored[AFTER_COMMIT] > 0, "committed, and nobody was told"
    assert unanswered_but_stored[BEFORE_COMMIT] < len(left_behind[BEFORE_COMMIT]), "asked, and never stored"
