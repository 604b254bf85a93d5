"""Payments on their way through the gateway: they queue like everything else, meet faults, leave their truth."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from mock_gateway.faults import Fault
from mock_gateway.route_names import ALL_ROUTES, ANY, RouteName, routes_of
from mock_gateway.truth import ROW
from tests.mock_gateway.conftest import StartGateway
from tests.mock_gateway.messages import claim_276, inquiry_270, sale_body
from tests.mock_gateway.payment_messages import (
    CARD,
    NVP_CARD,
    ask_nvp,
    ask_rest,
    charge,
    nvp_form,
    post_nvp,
    post_rest,
)
from tests.mock_gateway.running import RunningGateway

ACTIONS = ["sale", "auth", "capture", "void", "refund", "token"]
CARD_SAVE = {"PaymentPlanType": "SaveOnFile", "PaymentMethod": "Card", "Card": CARD}
# As short as a queue can be and still be told from the noise of a busy machine.
SERVICE_S = 0.25
QUEUE = f"""
[gateway]
concurrency = 1
[card_network]
concurrency = 1
service_time = {{ distribution = "constant", value = "{SERVICE_S:g}s" }}
"""


def pay_over_rest(gateway: RunningGateway) -> None:
    charge(gateway)
    held = charge(gateway, "auth")
    ask_rest(gateway, "capture", TransactionID=held)
    ask_rest(gateway, "void", TransactionID=charge(gateway))
    ask_rest(gateway, "refund-simple", TransactionID=charge(gateway), Amount="1.00")
    ask_rest(gateway, "paymentplan", **CARD_SAVE)


def pay_over_nvp(gateway: RunningGateway) -> None:
    def pay(action: str, **fields: str) -> str:
        reply = ask_nvp(gateway, nvp_form(action, **fields))
        assert "errorCode" not in reply
        return reply.get("transactionID", "")

    pay("AuthCapt", amount="25.00", **NVP_CARD)
    pay("Capt", primaryTransactionID=pay("Auth", amount="25.00", **NVP_CARD), amount="25.00")
    pay("Void", primaryTransactionID=pay("AuthCapt", amount="25.00", **NVP_CARD))
    pay("SimpleRefund", primaryTransactionID=pay("AuthCapt", amount="25.00", **NVP_CARD), amount="1.00")
    pay("SaveOnFile", **NVP_CARD)


@pytest.mark.parametrize("pay", [pay_over_rest, pay_over_nvp])
def test_every_action_is_served_once_by_the_gateway_and_once_by_the_card_network(
    start_gateway: StartGateway, pay: Callable[[RunningGateway], None]
) -> None:
    gateway = start_gateway()
    pay(gateway)
    routes = [row["route"] for row in gateway.truth()]
    assert routes == ["sale", "auth", "capture", "sale", "void", "sale", "refund", "token"]
    assert [row["action"] for row in gateway.ledger()] == routes
    stats = gateway.stats()
    assert {name: station["served"] for name, station in stats["stations"].items()} == {
        "gateway": len(routes),
        "card_network": len(routes),
    }
    assert stats["requests"] == {route: {"200": routes.count(route)} for route in dict.fromkeys(routes)}
    assert {row["cause"] for row in gateway.truth()} == {"ok"}


def test_payments_of_every_kind_wait_in_one_queue_and_are_stored_when_served(
    start_gateway: StartGateway,
) -> None:
    gateway = start_gateway(QUEUE)
    sold = charge(gateway, invoice="FIRST")
    started = time.monotonic()
    calls: list[tuple[str, dict[str, Any]]] = [
        ("sale", sale_body(invoice="SECOND")),
        ("refund-simple", {"TransactionID": sold, "Amount": "1.00"}),
        ("paymentplan", CARD_SAVE),
    ]
    with ThreadPoolExecutor(len(calls)) as threads:
        answers = []
        for operation, body in calls:
            answers.append(threads.submit(post_rest, gateway, operation, body))
            time.sleep(SERVICE_S / 5)
        assert len(gateway.ledger()) == 1, "nothing is stored while it waits or is served"
        assert [answer.result().status_code for answer in answers] == [200] * 3
    assert time.monotonic() - started >= 3 * SERVICE_S
    rows = gateway.truth()[1:]
    begun = [(int(row["started_ns"]) - int(rows[0]["started_ns"])) / 1e9 for row in rows]
    due = [(int(row["due_ns"]) - int(rows[0]["started_ns"])) / 1e9 for row in rows]
    assert [row["route"] for row in rows] == ["sale", "refund", "token"]
    assert due == pytest.approx([SERVICE_S, 2 * SERVICE_S, 3 * SERVICE_S], abs=0.01)
    assert begun == pytest.approx([0, SERVICE_S, 2 * SERVICE_S], abs=0.01)
    assert [row["action"] for row in gateway.ledger()] == ["sale", "sale", "refund", "token"]


def test_a_receipt_is_looked_up_by_the_gateway_itself(start_gateway: StartGateway) -> None:
    gateway = start_gateway(QUEUE)
    sold = charge(gateway)
    started = time.monotonic()
    assert ask_nvp(gateway, nvp_form("ViewReceipt", singleSignOnToken=sold))["transactionStatus"] == "C"
    assert time.monotonic() - started < SERVICE_S
    served = {name: station["served"] for name, station in gateway.stats()["stations"].items()}
    assert served == {"gateway": 2, "card_network": 1}
    assert [row["route"] for row in gateway.truth()] == ["sale", "receipt"]


def test_a_refusal_is_told_from_an_answer_whatever_its_status(start_gateway: StartGateway) -> None:
    gateway = start_gateway('[payments]\nduplicate_window = "1h"\n')
    sold = charge(gateway)
    post_rest(gateway, "sale", {"PaymentMethod": "Card", "Card": CARD, "Amount": "x"})
    sale = nvp_form("AuthCapt", amount="25.00", additionalInfo1="INV", **NVP_CARD)
    assert ask_nvp(gateway, sale)["errorCode"] == "094", "one window for both wires"
    assert "errorCode" in ask_nvp(gateway, nvp_form("AuthCapt", amount="x", **NVP_CARD))
    assert "errorCode" in ask_nvp(gateway, "what=ever")
    assert "errorCode" in ask_nvp(gateway, nvp_form("Void", primaryTransactionID="nonesuch"))
    ask_rest(gateway, "void", TransactionID=sold)
    ask_rest(gateway, "sale", PaymentMethod="Card", Card=CARD, Amount="25.05")
    assert [(row["route"], row["status"], row["cause"]) for row in gateway.truth()] == [
        ("sale", "200", "ok"),
        ("sale", "400", "refused"),
        ("sale", "200", "refused"),
        ("payment", "200", "refused"),
        ("payment", "200", "refused"),
        ("void", "200", "refused"),
        ("void", "200", "ok"),
        ("sale", "200", "ok"),
    ]


@pytest.mark.parametrize("kind", ["error_status", "malformed_reply", "malformed_envelope", "truncated_body"])
def test_what_befalls_the_sale_over_rest_befalls_every_action_over_nvp(
    start_gateway: StartGateway, kind: str
) -> None:
    gateway = start_gateway()
    sold = charge(gateway)
    gateway.add_fault(kind=kind, route="payment")
    forms = [
        nvp_form("AuthCapt", amount="25.00", **NVP_CARD),
        nvp_form("Void", primaryTransactionID=sold),
        nvp_form("SaveOnFile", **NVP_CARD),
        nvp_form("ViewReceipt", singleSignOnToken=sold),
    ]
    for form in forms:
        try:
            answer = post_nvp(gateway, form)
        except OSError:
            assert kind == "truncated_body"
        else:
            assert answer.status_code == (500 if kind == "error_status" else 200)
    assert gateway.inquire(inquiry_270()).status_code == 200
    rows = [(row["route"], row["cause"]) for row in gateway.truth()[1:]]
    assert rows == [
        *((route, kind) for route in ("sale", "void", "token", "receipt")),
        ("eligibility", "ok"),
    ]
    assert len(gateway.ledger()) == (1 if kind == "error_status" else 4), (
        "what replaces the work stores nothing"
    )


def test_a_window_closes_exactly_what_it_names(start_gateway: StartGateway) -> None:
    gateway = start_gateway('[[faults]]\nkind = "maintenance"\nroute = "void"\nfor = "1h"\n')
    gateway.add_fault(kind="maintenance", route="claim_status", **{"for": "1h"})
    sold = charge(gateway)
    closed = [
        post_rest(gateway, "void", {"TransactionID": sold}),
        post_nvp(gateway, nvp_form("Void", primaryTransactionID=sold)),
        gateway.ask_claim(claim_276()),
    ]
    assert [answer.status_code for answer in closed] == [503] * 3
    assert all(0 < int(answer.headers["retry-after"]) <= 3600 for answer in closed)
    assert gateway.inquire(inquiry_270()).status_code == 200
    ask_nvp(gateway, nvp_form("AuthCapt", amount="25.00", **NVP_CARD))
    gateway.add_fault(kind="maintenance", route="payment", **{"for": "1h"})
    assert post_nvp(gateway, "not even read").status_code == 503
    assert gateway.inquire(inquiry_270()).status_code == 200
    causes = [row["cause"] for row in gateway.truth()]
    assert causes == ["ok", *["maintenance"] * 3, "ok", "ok", "maintenance", "ok"]
    assert gateway.stats()["faults_fired"] == {"maintenance": 4}


def test_a_stall_of_payments_holds_them_on_both_wires(start_gateway: StartGateway) -> None:
    gateway = start_gateway()
    charge(gateway)
    gateway.add_fault(kind="stall", route="payment", **{"for": "600ms"})
    started = time.monotonic()
    assert gateway.inquire(inquiry_270()).status_code == 200
    assert time.monotonic() - started < 0.5
    with ThreadPoolExecutor(2) as threads:
        answers = [
            threads.submit(ask_nvp, gateway, nvp_form("AuthCapt", amount="25.00", **NVP_CARD)),
            threads.submit(charge, gateway),
        ]
        assert len(gateway.ledger()) == 1, "held before anything is stored"
        for answer in answers:
            answer.result()
    assert time.monotonic() - started >= 0.6
    assert [row["cause"] for row in gateway.truth()] == ["ok", "ok", "stall", "stall"]


def test_the_names_of_routes_are_one_list() -> None:
    named = set(RouteName.__args__)  # type: ignore[attr-defined]
    assert named == ALL_ROUTES | {ANY}
    assert routes_of("any") == routes_of("payment") | routes_of("healthcare")
    assert not routes_of("payment") & routes_of("healthcare")


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"kind": "payer_outage", "route": "payment"}, "payer_outage happens to claim_status, eligibility"),
        ({"kind": "amount_changed", "route": "healthcare"}, "amount_changed happens to auth, sale only"),
        ({"kind": "another_patients_answer", "route": "void"}, "another_patients_answer happens to auth"),
        ({"kind": "crash_before_commit", "route": "receipt"}, "crash_before_commit happens to auth, capture"),
        ({"kind": "reset", "route": "payment", "payer": "P"}, "a payment has no payer"),
        ({"kind": "double_posting", "payer": "P"}, "a payment has no payer"),
    ],
)
def test_a_fault_that_could_never_happen_is_refused(declared: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Fault.model_validate(declared)


@pytest.mark.parametrize("end", ["crash", "crash_after_commit", "terminate", "stdin"])
def test_every_end_keeps_the_truth_and_leaves_no_ledger_behind(
    start_gateway: StartGateway, tmp_path: Path, end: str
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    truth = tmp_path / "truth.rows"
    gateway = start_gateway("", "--truth", str(truth), TMPDIR=str(scratch))
    assert len(os.listdir(scratch)) == 1
    for number in range(3):
        charge(gateway, invoice=str(number))
    if end == "terminate":
        gateway.process.terminate()
    elif end == "stdin":
        gateway.close()
    else:
        _die_of(gateway, end)
    assert gateway.process.wait(timeout=8) == (1 if end.startswith("crash") else 0)
    rows = np.fromfile(truth, ROW)
    assert rows["status"].tolist() == [200] * 3
    assert os.listdir(scratch) == []


def _die_of(gateway: RunningGateway, kind: str) -> None:
    gateway.add_fault(kind=kind)
    try:
        gateway.sale(sale_body())
        gateway.process.wait(timeout=5)
    except httpx.HTTPError:
        pass
