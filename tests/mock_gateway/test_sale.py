"""Card sales over REST: the documented test cases, validation, credentials, the ledger."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.mock_gateway.conftest import StartGateway
from tests.mock_gateway.messages import sale_body
from tests.mock_gateway.running import RunningGateway


def test_a_whole_dollar_amount_is_approved(instant: RunningGateway) -> None:
    answer = instant.sale(sale_body("99.00"))
    reply = answer.json()
    assert answer.status_code == 200
    assert (reply["TransactionStatus"], reply["ResponseCode"]) == ("C", "000")
    assert (reply["IsPartiallyApproved"], reply["PartialApprovalAmount"]) == (False, None)
    assert reply["Amount"] == "99.00"
    assert re.fullmatch(r"[0-9a-f]{32}", reply["TransactionID"])
    assert re.fullmatch(r"[0-9A-F]{6}", reply["AuthorizationNumber"])


def test_five_cents_are_declined_with_status_200(instant: RunningGateway) -> None:
    answer = instant.sale(sale_body("99.05"))
    assert answer.status_code == 200
    assert (answer.json()["TransactionStatus"], answer.json()["ResponseCode"]) == ("D", "005")


def test_ten_cents_are_approved_in_whole_dollars(instant: RunningGateway) -> None:
    reply = instant.sale(sale_body("99.10")).json()
    assert (reply["TransactionStatus"], reply["IsPartiallyApproved"]) == ("C", True)
    assert reply["PartialApprovalAmount"] == 99
    assert reply["Amount"] == "99.10"


@pytest.mark.parametrize("number", ["5500000000000004", "340000000000009", "6011000000000004"])
def test_every_documented_card_is_taken(instant: RunningGateway, number: str) -> None:
    card = {"EntryMode": "key", "CardNumber": number, "Expiration": "12/39"}
    assert instant.sale(sale_body(Card=card)).json()["TransactionStatus"] == "C"


@pytest.mark.parametrize(
    ("amount", "shown"),
    [(25, "25.00"), (25.1, "25.10"), ("25", "25.00"), ("25.1", "25.10"), (0.29, "0.29")],
    ids=repr,
)
def test_amounts_may_be_numbers_or_text(instant: RunningGateway, amount: Any, shown: str) -> None:
    assert instant.sale(sale_body(amount)).json()["Amount"] == shown


@pytest.mark.parametrize(
    "amount", ["0", "-1.00", "1.005", 1.005, "1e3", "", "٢٥", True, [], {}, "9" * 30, 1e300], ids=repr
)
def test_what_is_not_money_is_refused(instant: RunningGateway, amount: Any) -> None:
    answer = instant.sale(sale_body(amount))
    assert answer.status_code == 400
    assert [error["Field"] for error in answer.json()["FieldErrors"]] == ["Amount"]


def test_every_wrong_field_is_named_and_no_value_repeated(instant: RunningGateway) -> None:
    card = {"EntryMode": "swipe", "CardNumber": "4111111111111112", "Expiration": "01/20", "CVN": "x"}
    body = sale_body(
        Outlet={"MerchantID": "M", "StoreID": 1}, PaymentMethod="Cash", Card=card, Patient="Jane"
    )
    answer = instant.sale(body)
    fields = {error["Field"] for error in answer.json()["FieldErrors"]}
    assert answer.status_code == 400
    assert fields == {
        *("Outlet.StoreID", "Outlet.TerminalID", "PaymentMethod", "Patient"),
        *("Card.EntryMode", "Card.CardNumber", "Card.Expiration", "Card.CVN"),
    }
    assert "4111111111111112" not in answer.text


@pytest.mark.parametrize(
    "headers", [{}, {"api-key": "mock-key"}, {"api-key": "mock-key", "api-secret": "no"}]
)
def test_wrong_keys_are_unauthorized(instant: RunningGateway, headers: dict[str, str]) -> None:
    answer = instant.client.post("/rest/payment/sale", json=sale_body(), headers=headers)
    assert (answer.status_code, answer.json()) == (401, {"Message": "Unauthorized"})


def test_credentials_come_from_the_environment(start_gateway: StartGateway) -> None:
    gateway = start_gateway(MOCK_GATEWAY_API_KEY="k", MOCK_GATEWAY_API_SECRET="s")
    headers = {"Api-Key": "k", "Api-Secret": "s"}
    assert gateway.sale(sale_body()).status_code == 401
    assert gateway.client.post("/rest/payment/sale", json=sale_body(), headers=headers).status_code == 200


def test_the_ledger_holds_each_acknowledged_payment_once(start_gateway: StartGateway) -> None:
    gateway = start_gateway()
    replies = [
        gateway.sale(sale_body(amount, invoice)).json()
        for amount, invoice in [("10.00", "A"), ("10.05", "B"), ("10.10", "C"), ("bad", "D")]
    ]
    ledger = gateway.ledger()
    assert [payment["transaction_id"] for payment in ledger] == [r["TransactionID"] for r in replies[:3]]
    assert [payment["merchant_reference"] for payment in ledger] == ["A", "B", "C"]
    assert [payment["asked_cents"] for payment in ledger] == [1000, 1005, 1010]
    assert [payment["approved_cents"] for payment in ledger] == [1000, 0, 1000]
    assert [payment["status"] for payment in ledger] == ["C", "D", "C"]
    assert {payment["last_four"] for payment in ledger} == {"1111"}
    stats = gateway.stats()
    assert stats["payments"] == {
        "count": 3,
        "asked_cents": 3015,
        "approved_cents": 2000,
        "refunded_cents": 0,
        "rows": {"sale": 3},
    }
    assert stats["requests"]["sale"] == {"200": 3, "400": 1}
    assert (stats["in_flight"], stats["in_flight_max"]) == (0, 1)


def test_the_account_number_stands_in_for_a_missing_reference(instant: RunningGateway) -> None:
    body = sale_body(invoice="ONLY-ACCOUNT")
    del body["AdditionalInfo1"]
    transaction = instant.sale(body).json()["TransactionID"]
    stored = [payment for payment in instant.ledger() if payment["transaction_id"] == transaction]
    assert [payment["merchant_reference"] for payment in stored] == ["ONLY-ACCOUNT"]
