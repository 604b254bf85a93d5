"""Planted defects of the money: each happens, is counted, and shows to whoever compares with the ledger."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from mock_gateway.gateway_profile import parse_profile
from tests.mock_gateway.conftest import _PROFILE, StartGateway
from tests.mock_gateway.messages import sale_body
from tests.mock_gateway.payment_messages import CARD, NVP_CARD, ask_nvp, ask_rest, charge, nvp_form
from tests.mock_gateway.running import RunningGateway


def fault(kind: str, more: str = "") -> str:
    return f'[[faults]]\nkind = "{kind}"\n{more}'


def sell(gateway: RunningGateway, amount: str, invoice: str) -> dict[str, object]:
    reply: dict[str, object] = gateway.sale(sale_body(amount, invoice)).json()
    return reply


def test_double_posting_takes_the_money_twice_and_tells_once(start_gateway: StartGateway) -> None:
    gateway = start_gateway(fault("double_posting", "count = 1\n"))
    told = [
        sell(gateway, amount, invoice) for amount, invoice in [("9.05", "A"), ("10.00", "B"), ("7.00", "C")]
    ]
    ledger = gateway.ledger()
    assert [row["merchant_reference"] for row in ledger] == ["A", "B", "B", "C"]
    assert [row["approved_cents"] for row in ledger] == [0, 1000, 1000, 700]
    assert len({row["transaction_id"] for row in ledger}) == 4
    assert {reply["TransactionID"] for reply in told} < {row["transaction_id"] for row in ledger}
    assert gateway.stats()["faults_fired"] == {"double_posting": 1}, "a decline takes no money to take twice"


def test_acknowledged_not_stored_answers_like_any_other_sale(start_gateway: StartGateway) -> None:
    gateway = start_gateway(fault("acknowledged_not_stored", "count = 1\n"))
    lost, kept = sell(gateway, "10.00", "LOST"), sell(gateway, "10.00", "KEPT")
    assert lost.keys() == kept.keys()
    assert (lost["TransactionStatus"], lost["Amount"]) == ("C", "10.00")
    assert [row["transaction_id"] for row in gateway.ledger()] == [kept["TransactionID"]]
    assert gateway.stats()["payments"]["count"] == 1
    assert gateway.stats()["faults_fired"] == {"acknowledged_not_stored": 1}


def test_a_token_can_be_lost_too(start_gateway: StartGateway) -> None:
    gateway = start_gateway(fault("acknowledged_not_stored", 'route = "token"\n'))
    saved = ask_rest(gateway, "paymentplan", PaymentPlanType="SaveOnFile", PaymentMethod="Card", Card=CARD)
    body = {"PaymentMethod": "OnFile", "PaymentMethodID": saved["PaymentPlanID"], "Amount": "1.00"}
    assert ask_rest(gateway, "sale", 400, **body)["ResponseCode"] == "014"


def test_a_stale_answer_is_word_for_word_an_earlier_one_and_takes_no_money(
    start_gateway: StartGateway,
) -> None:
    gateway = start_gateway(fault("stale_idempotent_answer", "count = 2\nat = '0s'\n"))
    first = sell(gateway, "10.00", "A")
    assert sell(gateway, "10.00", "B") == first
    assert sell(gateway, "12.00", "C") == first, "with no equal sale before, the latest"
    assert sell(gateway, "12.00", "D") != first
    assert [row["merchant_reference"] for row in gateway.ledger()] == ["A", "D"]
    assert gateway.stats()["faults_fired"] == {"stale_idempotent_answer": 2}, (
        "the first had nothing before it"
    )


def test_of_several_earlier_answers_the_one_to_an_equal_sale_comes_back(start_gateway: StartGateway) -> None:
    gateway = start_gateway(fault("stale_idempotent_answer", "share = 1.0\nroute = 'auth'\n"))
    sold = {amount: sell(gateway, amount, amount) for amount in ("10.00", "12.00", "14.00")}
    stale = ask_rest(gateway, "auth", PaymentMethod="Card", Card=CARD, Amount="12.00")
    assert stale == sold["12.00"]


@pytest.mark.parametrize(
    ("kind", "stored"), [("double_posting", 2), ("acknowledged_not_stored", 0), ("amount_changed", 1)]
)
def test_the_defects_befall_nvp_as_well(start_gateway: StartGateway, kind: str, stored: int) -> None:
    gateway = start_gateway(fault(kind))
    reply = ask_nvp(gateway, nvp_form("AuthCapt", amount="10.00", **NVP_CARD))
    assert reply["transactionStatus"] == "C"
    assert reply["amount"] == ("11.00" if kind == "amount_changed" else "10.00")
    assert len(gateway.ledger()) == stored


def test_voids_and_refunds_are_spared(start_gateway: StartGateway) -> None:
    gateway = start_gateway(fault("double_posting", 'route = "any"\n'))
    sold = charge(gateway)
    ask_rest(gateway, "refund-simple", TransactionID=sold, Amount="1.00")
    assert [row["action"] for row in gateway.ledger()] == ["sale", "sale", "refund"]
    assert gateway.stats()["faults_fired"] == {"double_posting": 1}


def test_a_defect_of_money_on_another_route_is_refused() -> None:
    for kind in ("double_posting", "stale_idempotent_answer", "crash_after_commit"):
        with pytest.raises(ValueError, match=f"{kind} happens to auth, .*sale.* only"):
            parse_profile(_PROFILE + fault(kind, 'route = "eligibility"\n'), source="test")


@pytest.mark.parametrize(
    ("kind", "stored"), [("crash_before_commit", []), ("crash_after_commit", ["NEVER-ANSWERED"])]
)
def test_a_crash_beside_the_commit_decides_what_is_stored(
    start_gateway: StartGateway, tmp_path: Path, kind: str, stored: list[str]
) -> None:
    path = str(tmp_path / "ledger.sqlite")
    gateway = start_gateway(fault(kind, 'route = "sale"\n'), "--ledger", path)
    charge(gateway, "auth", invoice="ANSWERED")
    with pytest.raises(httpx.HTTPError):
        sell(gateway, "10.00", "NEVER-ANSWERED")
    assert gateway.process.wait(timeout=5) == 1
    after = start_gateway("", "--ledger", path)
    assert [row["merchant_reference"] for row in after.ledger()] == ["ANSWERED", *stored]
