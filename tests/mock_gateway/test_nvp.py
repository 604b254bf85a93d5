"""Payments as name-value pairs: the documented samples, spelling, states, and what is malformed."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.mock_gateway.conftest import StartGateway
from tests.mock_gateway.messages import BASIC
from tests.mock_gateway.payment_messages import (
    NVP_CARD,
    NVP_CHECK,
    NVP_PATH,
    ask_nvp,
    ask_rest,
    find,
    nvp_form,
    post_nvp,
)
from tests.mock_gateway.running import RunningGateway


def sell(gateway: RunningGateway, amount: str = "25.00", action: str = "AuthCapt") -> dict[str, str]:
    return ask_nvp(gateway, nvp_form(action, amount=amount, additionalInfo1="NVP-1", **NVP_CARD))


def test_a_sale_answers_as_the_sample_does(instant: RunningGateway) -> None:
    reply = sell(instant)
    assert (reply["transactionStatus"], reply["responseCode"]) == ("C", "000")
    assert (reply["cardBrand"], reply["lastFourDigits"], reply["cardBINNumber"]) == ("VISA", "1111", "411111")
    assert (reply["cardExpirationMonth"], reply["cardExpirationYear"]) == ("12", "2039")
    assert reply["primaryTransactionID"] == reply["transactionID"]
    assert re.fullmatch(r"[0-9a-f]{32}", reply["transactionID"])
    assert re.fullmatch(r"[0-9A-F]{6}", reply["authorizationNumber"])
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z", reply["transactionDate"])
    stored = find(instant, reply["transactionID"])
    assert (stored["action"], stored["merchant_reference"], stored["approved_cents"]) == (
        *("sale", "NVP-1"),
        2500,
    )


@pytest.mark.parametrize(("action", "approved"), [("AuthCapt", "C"), ("Auth", "A")])
def test_the_cents_decide(instant: RunningGateway, action: str, approved: str) -> None:
    assert sell(instant, "99.00", action)["transactionStatus"] == approved
    declined = sell(instant, "99.05", action)
    assert (declined["transactionStatus"], declined["responseCode"]) == ("D", "005")
    partial = sell(instant, "99.10", action)
    assert (partial["transactionStatus"], partial["partialApprovalAmount"]) == (approved, "99.00")
    assert partial["responseMessage"] == "Partially Approved $99.00"


def test_names_and_words_are_matched_without_case_and_a_trailing_ampersand_is_fine(
    instant: RunningGateway,
) -> None:
    form = nvp_form("authcapt", amount="25.00", **NVP_CARD)
    form |= {"transactionType": "CREDITCARD", "cardPresentStatus": "notpresentinternet"}
    text = urlencode({name.swapcase(): value for name, value in form.items()}) + "&"
    assert ask_nvp(instant, text)["transactionStatus"] == "C"


def test_the_sample_of_a_saved_card_can_pay(instant: RunningGateway) -> None:
    card = {**NVP_CARD, "cardNumber": "6011000990139424", "cardExpDate": "12/39"}
    saved = ask_nvp(instant, nvp_form("SaveOnFile", amount="1.00", **card))
    assert (saved["transactionStatus"], saved["cardBrand"]) == ("O", "DISCOVER")
    token = saved["saveOnFileTransactionID"]
    paid = ask_nvp(instant, nvp_form("AuthCapt", amount="25.00", paymentMethodID=token))
    assert (paid["transactionStatus"], paid["lastFourDigits"]) == ("C", "9424")
    over_rest = ask_rest(instant, "sale", PaymentMethod="OnFile", PaymentMethodID=token, Amount="2.00")
    assert over_rest["TransactionStatus"] == "C"


def test_an_echeck_sells_by_the_same_rules(instant: RunningGateway) -> None:
    for amount, status in [("25.00", "C"), ("25.05", "D"), ("25.10", "C")]:
        form = nvp_form("AuthCapt", amount=amount, **NVP_CHECK) | {"transactionType": "eCheck"}
        reply = ask_nvp(instant, form)
        assert reply["transactionStatus"] == status
        assert (reply["lastFourDigits"], reply["cardBrand"]) == ("6789", "eCheck")
    wrong = nvp_form("AuthCapt", amount="25.00", **{**NVP_CHECK, "routingNumber": "021000022"})
    assert "routingNumber" in ask_nvp(instant, wrong | {"transactionType": "eCheck"})["errorMessage"]


def test_a_void_has_no_id_of_its_own_and_says_what_became_of_the_payment(instant: RunningGateway) -> None:
    sold = sell(instant)["transactionID"]
    form = nvp_form("Void", primaryTransactionID=sold, primaryCardPresentStatus="PresentManualKey")
    assert ask_nvp(instant, form) == {
        "responseCode": "000",
        "responseMessage": "APPROVED",
        "transactionStatus": "C",
        "primaryTransactionID": sold,
        "primaryTransactionStatus": "V",
    }
    again = ask_nvp(instant, form)
    assert again["errorCode"] == "012"
    assert "transactionStatus" not in again


def test_a_refund_gives_the_sent_id_back_under_another_name(instant: RunningGateway) -> None:
    sold = sell(instant)["transactionID"]
    form = nvp_form("SimpleRefund", primaryTransactionID=sold.upper(), amount="20.00")
    reply = ask_nvp(instant, form)
    assert (reply["transactionStatus"], reply["amount"]) == ("C", "20.00")
    assert reply["saveOnFileTransactionID"] == sold
    assert reply["primaryTransactionID"] == reply["transactionID"] != sold
    assert ask_nvp(instant, form)["errorCode"] == "013", "only 5.00 are left"


def test_an_authorization_is_captured_once(instant: RunningGateway) -> None:
    form = nvp_form("Capt", primaryTransactionID=sell(instant, action="Auth")["transactionID"])
    assert ask_nvp(instant, form)["transactionStatus"] == "C"
    assert ask_nvp(instant, form)["errorCode"] == "012"


@pytest.mark.parametrize("amount", ["25.00", "25.05", "25.10"])
def test_a_receipt_shows_the_payment_again(instant: RunningGateway, amount: str) -> None:
    sold = sell(instant, amount)
    form = nvp_form("ViewReceipt", requestToken="false", allowPartialPayment="false")
    del form["transactionType"]
    receipt = ask_nvp(instant, form | {"singleSignOnToken": sold["transactionID"]})
    face = {"cardBINNumber", "cardExpirationMonth", "cardExpirationYear"}
    assert receipt == {name: value for name, value in sold.items() if name not in face}


def test_a_receipt_is_found_by_the_merchants_reference(instant: RunningGateway) -> None:
    sold = ask_nvp(instant, nvp_form("AuthCapt", amount="7.00", additionalInfo1="REF-ONCE", **NVP_CARD))
    form = nvp_form("ViewReceipt", singleSignOnToken="REF-ONCE")
    assert ask_nvp(instant, form)["transactionID"] == sold["transactionID"]
    assert ask_nvp(instant, nvp_form("ViewReceipt", singleSignOnToken="nonesuch"))["errorCode"] == "012"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"cardNumber": "4111111111111112"}, "cardNumber"),
        ({"cardNumber": "4111 1111 1111 1111"}, "cardNumber"),
        ({"cardExpDate": "13-39"}, "cardExpDate"),
        ({"cardExpDate": "01-20"}, "cardExpDate"),
        ({"cardVerificationNumber": "12"}, "cardVerificationNumber"),
        ({"cardPresentStatus": "NotPresentRecurring"}, "cardPresentStatus"),
        ({"amount": "0"}, "amount"),
        ({"amount": ""}, "amount"),
        ({"amount": "1,00"}, "amount"),
        ({"MerchantID": ""}, "MerchantID"),
        ({"transactionAction": "Steal"}, "transactionAction"),
        ({"transactionType": "Cash"}, "transactionType"),
        ({"additionalInfo1": "x" * 101}, "additionalInfo1"),
    ],
    ids=str,
)
def test_a_wrong_field_is_an_error_code_with_status_200(
    instant: RunningGateway, changes: dict[str, str], named: str
) -> None:
    reply = ask_nvp(instant, nvp_form("AuthCapt", amount="25.00", **NVP_CARD) | changes)
    assert reply["errorCode"] == "400"
    assert named in reply["errorMessage"]
    assert re.search(r"Reference Number [0-9A-F]{10}$", reply["errorMessage"])
    assert "4111" not in reply["errorMessage"]


@pytest.mark.parametrize(
    "body",
    [b"", b"&&&", b"\xff\xfe", b"a=%ff%fe", b'{"json": true}', b"a=1&a=2", b"x=1&" * 5000, b"=" * 100_000],
    ids=["empty", "only ampersands", "bad UTF-8", "bad percent", "JSON", "twice", "many", "equals"],
)
def test_what_is_no_form_is_an_error_code(instant: RunningGateway, body: bytes) -> None:
    assert ask_nvp(instant, body)["errorCode"] == "400"


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_form_always_gets_a_form_back(instant: RunningGateway, data: st.DataObject) -> None:
    form = urlencode(nvp_form("AuthCapt", amount="25.00", **NVP_CARD)).encode()
    start, length = data.draw(st.integers(0, len(form))), data.draw(st.integers(0, 30))
    reply = ask_nvp(instant, form[:start] + data.draw(st.binary(max_size=10)) + form[start + length :])
    assert ("errorCode" in reply) != ("transactionStatus" in reply)


def test_strangers_are_kept_out(instant: RunningGateway) -> None:
    form = nvp_form("AuthCapt", amount="25.00", **NVP_CARD)
    for auth in (None, ("mock-user", "wrong")):
        answer = httpx.post(instant.url + NVP_PATH, data=form, auth=auth)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Basic")
        assert "errorCode=401" in answer.text


def test_a_large_body_is_refused_in_the_same_words(instant: RunningGateway) -> None:
    answer = httpx.post(instant.url + NVP_PATH, content=b"a" * 2_000_000, auth=BASIC)
    assert answer.status_code == 413
    assert answer.text.startswith("errorCode=413")


def test_what_nobody_knows_is_a_setting(start_gateway: StartGateway) -> None:
    gateway = start_gateway(
        "[payments]\nnvp_error_status = 400\nnvp_encodes_values = false\nnvp_id_case = 'upper'\n"
        "nvp_void_message = 'VOIDED'\ncapture = false\n"
    )
    text = post_nvp(gateway, nvp_form("AuthCapt", amount="1.10", **NVP_CARD)).text
    assert "responseMessage=Partially Approved $1.00&" in text
    sold = sell(gateway)["transactionID"]
    assert sold == sold.upper()
    assert ask_nvp(gateway, nvp_form("Void", primaryTransactionID=sold))["responseMessage"] == "VOIDED"
    assert post_nvp(gateway, b"").status_code == 400
    refused = post_nvp(gateway, nvp_form("Capt", primaryTransactionID=sold))
    assert "must be one of" in refused.text
