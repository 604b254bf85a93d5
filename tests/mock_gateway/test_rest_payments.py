"""Authorizations, captures, voids, refunds and tokens over REST, and what their states forbid."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.mock_gateway.conftest import StartGateway
from tests.mock_gateway.messages import REST_HEADERS, sale_body
from tests.mock_gateway.payment_messages import CARD, OUTLET, ask_rest, charge, find, post_rest, refusal
from tests.mock_gateway.running import RunningGateway

PATHS = ["sale", "auth", "capture", "void", "refund-simple", "paymentplan"]


@pytest.mark.parametrize(
    ("amount", "status", "partial"), [("99.00", "A", None), ("99.05", "D", None), ("99.10", "A", 99)]
)
def test_the_cents_decide_an_authorization_as_they_do_a_sale(
    instant: RunningGateway, amount: str, status: str, partial: int | None
) -> None:
    reply = ask_rest(instant, "auth", PaymentMethod="Card", Card=CARD, Amount=amount)
    assert (reply["TransactionStatus"], reply["PartialApprovalAmount"]) == (status, partial)


def test_an_authorization_is_captured_once(instant: RunningGateway) -> None:
    authorized = charge(instant, "auth", "40.00")
    reply = ask_rest(instant, "capture", TransactionID=authorized)
    assert (reply["TransactionStatus"], reply["PrimaryTransactionStatus"]) == ("C", "C")
    assert reply["Amount"] == "40.00"
    assert refusal(instant, "capture", TransactionID=authorized) == ("012", "TransactionID")
    assert find(instant, authorized)["status"] == "C"


def test_a_part_can_be_captured_and_no_more_than_that_refunded(instant: RunningGateway) -> None:
    authorized = charge(instant, "auth", "40.00")
    assert refusal(instant, "capture", TransactionID=authorized, Amount="40.01") == ("013", "Amount")
    capture = ask_rest(instant, "capture", TransactionID=authorized, Amount=30)["TransactionID"]
    assert refusal(instant, "refund-simple", TransactionID=capture, Amount="30.01") == ("013", "Amount")
    ask_rest(instant, "refund-simple", TransactionID=capture, Amount="30.00")
    assert find(instant, authorized)["refunded_cents"] == 3000


def test_a_sale_has_nothing_to_capture(instant: RunningGateway) -> None:
    assert refusal(instant, "capture", TransactionID=charge(instant)) == ("012", "TransactionID")


def test_a_void_works_once(instant: RunningGateway) -> None:
    sold = charge(instant)
    reply = ask_rest(instant, "void", TransactionID=sold)
    assert (reply["TransactionStatus"], reply["PrimaryTransactionStatus"]) == ("C", "V")
    assert reply["TransactionID"] != sold
    assert refusal(instant, "void", TransactionID=sold) == ("012", "TransactionID")
    assert find(instant, sold)["status"] == "V"


def test_a_void_authorization_cannot_be_captured(instant: RunningGateway) -> None:
    authorized = charge(instant, "auth")
    ask_rest(instant, "void", TransactionID=authorized)
    assert refusal(instant, "capture", TransactionID=authorized) == ("012", "TransactionID")


def test_a_full_refund_works_and_a_second_one_does_not(instant: RunningGateway) -> None:
    sold = charge(instant)
    assert ask_rest(instant, "refund-simple", TransactionID=sold, Amount="25.00")["Amount"] == "25.00"
    assert refusal(instant, "refund-simple", TransactionID=sold, Amount="25.00") == ("012", "TransactionID")


def test_a_refund_above_the_original_is_refused(instant: RunningGateway) -> None:
    sold = charge(instant)
    assert refusal(instant, "refund-simple", TransactionID=sold, Amount="25.01") == ("013", "Amount")
    assert find(instant, sold)["refunded_cents"] == 0


def test_partial_refunds_end_at_what_was_approved(instant: RunningGateway) -> None:
    sold = charge(instant, amount="99.10")
    assert find(instant, sold)["approved_cents"] == 9900
    ask_rest(instant, "refund-simple", TransactionID=sold, Amount="60.00")
    assert refusal(instant, "refund-simple", TransactionID=sold, Amount="39.01") == ("013", "Amount")
    ask_rest(instant, "refund-simple", TransactionID=sold, Amount="39.00")
    assert find(instant, sold)["refunded_cents"] == 9900


def test_refunds_at_the_same_time_cannot_give_back_more_than_was_paid(instant: RunningGateway) -> None:
    sold = charge(instant)
    body = {"TransactionID": sold, "Amount": "10.00"}
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: post_rest(instant, "refund-simple", body), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, *[400] * 6]
    assert find(instant, sold)["refunded_cents"] == 2000


@pytest.mark.parametrize(
    ("operation", "body"), [("void", {}), ("refund-simple", {"Amount": "1.00"}), ("capture", {})]
)
def test_nothing_happens_to_an_unknown_void_or_declined_payment(
    instant: RunningGateway, operation: str, body: dict[str, Any]
) -> None:
    void = charge(instant, "auth" if operation == "capture" else "sale")
    ask_rest(instant, "void", TransactionID=void)
    declined = ask_rest(instant, "sale", PaymentMethod="Card", Card=CARD, Amount="9.05")["TransactionID"]
    for target in (void, declined, "0" * 32, "no id at all"):
        assert refusal(instant, operation, TransactionID=target, **body) == ("012", "TransactionID")


def test_an_authorization_is_refunded_only_after_its_capture(instant: RunningGateway) -> None:
    authorized = charge(instant, "auth")
    assert refusal(instant, "refund-simple", TransactionID=authorized, Amount="1.00")[0] == "012"


def test_a_refunded_sale_cannot_be_voided(instant: RunningGateway) -> None:
    sold = charge(instant)
    ask_rest(instant, "refund-simple", TransactionID=sold, Amount="1.00")
    assert refusal(instant, "void", TransactionID=sold) == ("012", "TransactionID")


def test_ids_are_found_in_capitals_too(instant: RunningGateway) -> None:
    sold = charge(instant)
    assert ask_rest(instant, "void", TransactionID=sold.upper())["PrimaryTransactionID"] == sold


def test_a_saved_card_pays_by_its_token(instant: RunningGateway) -> None:
    saved = ask_rest(instant, "paymentplan", PaymentPlanType="SaveOnFile", PaymentMethod="Card", Card=CARD)
    assert saved["CardResult"] == {
        "EntryMode": "key",
        "BINNumber": "411111",
        "ExpirationMonth": 12,
        "ExpirationYear": 2039,
        "LastFour": "1111",
        "Type": "VISA",
    }
    token = saved["PaymentPlanID"]
    for amount, status in [("25.00", "C"), ("25.05", "D"), ("25.10", "C")]:
        reply = ask_rest(instant, "sale", PaymentMethod="OnFile", PaymentMethodID=token, Amount=amount)
        assert reply["TransactionStatus"] == status
        assert find(instant, reply["TransactionID"])["last_four"] == "1111"
    auth = ask_rest(instant, "auth", PaymentMethod="OnFile", PaymentMethodID=token, Amount="25.00")
    assert auth["TransactionStatus"] == "A"


def test_what_is_no_token_does_not_pay(instant: RunningGateway) -> None:
    for token in ("f" * 32, charge(instant)):
        body = {"PaymentMethod": "OnFile", "PaymentMethodID": token, "Amount": "25.00"}
        assert refusal(instant, "sale", **body) == ("014", "PaymentMethodID")


def test_a_token_is_no_payment(instant: RunningGateway) -> None:
    saved = ask_rest(instant, "paymentplan", PaymentPlanType="SaveOnFile", PaymentMethod="Card", Card=CARD)
    assert refusal(instant, "void", TransactionID=saved["PaymentPlanID"]) == ("012", "TransactionID")


@pytest.mark.parametrize(
    ("operation", "fields"),
    [
        ("sale", {"Amount", "PaymentMethod", "Card"}),
        ("auth", {"Amount", "PaymentMethod", "Card"}),
        ("capture", {"TransactionID"}),
        ("void", {"TransactionID"}),
        ("refund-simple", {"TransactionID", "Amount"}),
        ("paymentplan", {"PaymentPlanType", "PaymentMethod", "Card"}),
    ],
)
def test_every_missing_field_is_named(instant: RunningGateway, operation: str, fields: set[str]) -> None:
    reply = requests.post(
        f"{instant.url}/rest/payment/{operation}", json={}, headers=REST_HEADERS, timeout=8
    ).json()
    assert reply["ResponseCode"] == "400"
    named = {error["Field"] for error in reply["FieldErrors"]}
    assert named == fields | {f"Outlet.{name}" for name in OUTLET}


@pytest.mark.parametrize("operation", PATHS)
@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"Amount": Infinity}', b"[" * 100_000, b'{"Outlet": 7}'],
    ids=["empty", "open", "list", "null", "bad UTF-8", "infinity", "deep", "no outlet"],
)
def test_broken_bodies_get_field_errors(instant: RunningGateway, operation: str, body: bytes) -> None:
    url = f"{instant.url}/rest/payment/{operation}"
    answer = requests.post(url, data=body, headers=REST_HEADERS, timeout=8)
    assert answer.status_code == 400
    assert answer.json()["FieldErrors"]


def test_half_a_surrogate_pair_is_not_text(instant: RunningGateway) -> None:
    body = json.dumps(sale_body(AdditionalInfo1="\ud800"))
    answer = instant.client.post("/rest/payment/sale", content=body, headers=REST_HEADERS)
    assert [error["Field"] for error in answer.json()["FieldErrors"]] == ["AdditionalInfo1"]


@pytest.mark.parametrize("operation", PATHS)
def test_every_operation_wants_the_keys_and_a_post(instant: RunningGateway, operation: str) -> None:
    url = f"{instant.url}/rest/payment/{operation}"
    assert requests.post(url, json={}, timeout=8).status_code == 401
    assert requests.get(url, headers=REST_HEADERS, timeout=8).status_code == 405


def test_what_nobody_knows_is_a_setting(start_gateway: StartGateway) -> None:
    gateway = start_gateway(
        "[payments]\ncapture = false\nrefusal_status = 422\ndecline_code = '051'\n"
        "absent_partial_amount = 'absent'\nrest_void_status = 'V'\n"
    )
    authorized = charge(gateway, "auth")
    assert post_rest(gateway, "capture", {"TransactionID": authorized}).status_code == 404
    assert post_rest(gateway, "void", {}).status_code == 422
    assert ask_rest(gateway, "void", TransactionID=authorized)["TransactionStatus"] == "V"
    declined = ask_rest(gateway, "sale", PaymentMethod="Card", Card=CARD, Amount="1.05")
    assert declined["ResponseCode"] == "051"
    assert "PartialApprovalAmount" not in declined


def test_a_void_comes_too_late_once_the_payment_is_settled(start_gateway: StartGateway) -> None:
    gateway = start_gateway("[payments]\nvoid_within = '1ms'\n")
    sold = charge(gateway)
    find(gateway, sold)
    assert refusal(gateway, "void", TransactionID=sold) == ("012", "TransactionID")
    ask_rest(gateway, "refund-simple", TransactionID=sold, Amount="25.00")
