"""Card sales over REST: the request as documented, and what each kind of reply is worth."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from loadtests.transaction import Classified
from loadtests.wires import rest
from loadtests.wires.rest import dollars
from scenarios.kinds import Kind
from scenarios.observation import Outcome
from scenarios.target import Outlet
from tests.loadtests.builders import CHARGE, CREDENTIALS, reply, target, transaction

SALE = transaction()
REFERENCE = SALE.identifiers.reference
APPROVAL: dict[str, Any] = {
    "TransactionStatus": "C",
    "TransactionID": "T-1",
    "Amount": 123.45,
    "IsPartiallyApproved": False,
    "Patient": {"AccountNumber": REFERENCE},
    "AdditionalInfo1": REFERENCE,
    "CardResult": {"LastFour": "1111"},
}


def classified(content: object, status: int = 200) -> Classified:
    return rest.classify_reply(SALE, reply(json.dumps(content), status))


def test_a_sale_is_posted_as_documented() -> None:
    call = rest.build_call(SALE, target("http://127.0.0.1:9"), CREDENTIALS)
    assert call.url == "http://127.0.0.1:9/rest/payment/sale"
    assert call.headers == {
        "api-key": "the-key",
        "api-secret": "the-secret",
        "Content-Type": "application/json",
        "Accept": "application/json",
    }
    assert json.loads(call.body) == {
        "Outlet": {"MerchantID": "TESTMERCH", "StoreID": "0001", "TerminalID": "0001"},
        "PaymentMethod": "Card",
        "Amount": "123.45",
        "Card": {
            "EntryMode": "key",
            "CardNumber": "4111111111111111",
            "Expiration": "12/29",
            "CVN": "123",
        },
        "Patient": {"AccountNumber": REFERENCE, "FirstName": "ALEX", "LastName": "BIRCH"},
        "AdditionalInfo1": REFERENCE,
    }


def test_the_outlet_is_the_targets_with_its_leading_zeros() -> None:
    outlet = Outlet(merchant_id="007", store_id="00", terminal_id="01")
    call = rest.build_call(SALE, target(outlet=outlet), CREDENTIALS)
    assert json.loads(call.body)["Outlet"] == {"MerchantID": "007", "StoreID": "00", "TerminalID": "01"}


def test_a_transaction_without_a_charge_is_no_sale() -> None:
    with pytest.raises(ValueError, match=r"^a eligibility_inquiry needs a charge$|needs a charge$"):
        rest.build_call(transaction(Kind.ELIGIBILITY_INQUIRY), target(), CREDENTIALS)


@pytest.mark.parametrize(
    ("cents", "text"), [(0, "0.00"), (5, "0.05"), (12_310, "123.10"), (100_000, "1000.00")]
)
def test_an_amount_has_two_decimals(cents: int, text: str) -> None:
    assert dollars(cents) == text


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({}, id="as-documented"),
        pytest.param({"Amount": "123.45"}, id="amount-as-text"),
        pytest.param({"Amount": "123.450"}, id="amount-with-a-third-decimal-of-nothing"),
        pytest.param({"Patient": None, "AdditionalInfo1": None}, id="nothing-repeated"),
        pytest.param({"Patient": "x", "CardResult": []}, id="odd-shapes-say-nothing"),
        pytest.param({"ResponseText": "DECLINED", "ResponseCode": "999"}, id="text-is-context-only"),
    ],
)
def test_an_approval_is_completed_with_the_amount_asked(change: dict[str, Any]) -> None:
    assert classified(APPROVAL | change) == Classified(
        outcome=Outcome.COMPLETED, approved_cents=12_345, transaction_id="T-1"
    )


def test_an_approval_that_repeats_nothing_is_completed() -> None:
    assert classified({"TransactionStatus": "C", "TransactionID": "T-1"}).outcome is Outcome.COMPLETED


def test_a_whole_number_of_dollars_may_come_without_decimals() -> None:
    sale = replace(SALE, charge=replace(CHARGE, amount_cents=5000))
    said = rest.classify_reply(sale, reply(json.dumps(APPROVAL | {"Amount": 50})))
    assert (said.outcome, said.approved_cents) == (Outcome.COMPLETED, 5000)


def test_a_decline_is_an_answer_and_approves_nothing() -> None:
    assert classified(APPROVAL | {"TransactionStatus": "D"}) == Classified(
        outcome=Outcome.DECLINED, transaction_id="T-1"
    )


@pytest.mark.parametrize("flag", [True, "true", "True"], ids=repr)
def test_a_partial_approval_is_completed_with_the_part(flag: object) -> None:
    said = classified(APPROVAL | {"IsPartiallyApproved": flag, "PartialApprovalAmount": "100.01"})
    assert said == Classified(outcome=Outcome.COMPLETED, approved_cents=10_001, transaction_id="T-1")


@pytest.mark.parametrize("part", ["123.46", 1000, "0", -5], ids=repr)
def test_a_part_that_is_no_part_of_what_was_asked_is_a_wrong_reply(part: object) -> None:
    said = classified(APPROVAL | {"IsPartiallyApproved": True, "PartialApprovalAmount": part})
    assert said == Classified(outcome=Outcome.WRONG_REPLY, transaction_id="T-1")


@pytest.mark.parametrize("part", [None, "", "ten", "1.005", [1], True], ids=repr)
def test_a_part_that_cannot_be_read_is_an_error(part: object) -> None:
    said = classified(APPROVAL | {"IsPartiallyApproved": True, "PartialApprovalAmount": part})
    assert said == Classified(outcome=Outcome.ERROR)


@pytest.mark.parametrize("status", ["C", "D"])
@pytest.mark.parametrize(
    ("change", "detail"),
    [
        pytest.param({"Amount": "123.46"}, "another amount", id="amount"),
        pytest.param({"Amount": -123.45}, "another amount", id="negative-amount"),
        pytest.param({"Amount": 1234500}, "another amount", id="amount-in-cents"),
        pytest.param({"Patient": {"AccountNumber": "k3x9ab-6-0-0"}}, "another account", id="account"),
        pytest.param({"AdditionalInfo1": "k3x9ab-6-0-0"}, "another account", id="reference"),
        pytest.param({"CardResult": {"LastFour": "0004"}}, "another card", id="card"),
    ],
)
def test_another_sales_answer_is_a_wrong_reply(status: str, change: dict[str, Any], detail: str) -> None:
    said = classified(APPROVAL | {"TransactionStatus": status} | change)
    assert said == Classified(outcome=Outcome.WRONG_REPLY, transaction_id="T-1")
    assert said.detail == detail


@pytest.mark.parametrize("amount", ["1e9999", "NaN", "Infinity", "-Infinity"], ids=repr)
def test_what_is_no_amount_is_unreadable_and_accuses_nobody(amount: str) -> None:
    for body in (json.dumps(APPROVAL | {"Amount": amount}), json.dumps(APPROVAL).replace("123.45", amount)):
        assert rest.classify_reply(SALE, reply(body)).outcome is Outcome.ERROR


@pytest.mark.parametrize(
    "amount",
    [
        pytest.param("1e999999", id="overflows-when-multiplied"),
        pytest.param("1e99999999999999999999", id="overflows-when-read"),
        pytest.param("-1e-99999999999999999999", id="underflows-when-read"),
    ],
)
@pytest.mark.parametrize("quote", ['"', ""], ids=["text", "number"])
def test_an_amount_beyond_all_arithmetic_is_a_miss_and_not_a_crash(amount: str, quote: str) -> None:
    body = json.dumps(APPROVAL).replace("123.45", f"{quote}{amount}{quote}")
    assert rest.classify_reply(SALE, reply(body)).outcome in (Outcome.WRONG_REPLY, Outcome.ERROR)


def test_an_absurd_amount_does_not_hold_up_the_sending_of_others() -> None:
    """All users share one processor: half a second spent on one reply is lag for every arrival of that time."""
    body = json.dumps(APPROVAL).replace("123.45", '"1e200000"')
    began = time.process_time()
    assert rest.classify_reply(SALE, reply(body)).outcome is Outcome.ERROR
    assert time.process_time() - began < 0.25


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"TransactionStatus": "U"}, id="unknown-status"),
        pytest.param({"TransactionStatus": "c"}, id="status-in-small-letters"),
        pytest.param({"TransactionStatus": None}, id="no-status"),
        pytest.param({"TransactionStatus": ["C"]}, id="status-is-a-list"),
        pytest.param({"TransactionID": ""}, id="empty-identity"),
        pytest.param({"TransactionID": None}, id="no-identity"),
        pytest.param({"TransactionID": 7}, id="identity-is-a-number"),
    ],
)
def test_a_reply_without_a_known_status_or_identity_is_an_error(change: dict[str, Any]) -> None:
    assert classified(APPROVAL | change) == Classified(outcome=Outcome.ERROR)


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 429, 500, 503, 0, 199])
def test_any_other_status_than_success_is_an_error_whatever_the_body_says(status: int) -> None:
    assert classified(APPROVAL, status) == Classified(outcome=Outcome.ERROR)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<html>busy</html>", id="html"),
        pytest.param(b'{"TransactionStatus": "C"', id="cut-off"),
        pytest.param(b"\xff\xfe\x00", id="not-text"),
        pytest.param(b"[]", id="list"),
        pytest.param(b'"C"', id="text"),
        pytest.param(b"null", id="null"),
        pytest.param(b'{"errorCode": "E1", "message": "no"}', id="error-code"),
        pytest.param(b"[" * 100_000, id="deep-and-open"),
        pytest.param(b"[" * 100_000 + b"]" * 100_000, id="deep-and-closed"),
        pytest.param(b'{"Amount": ' + b"9" * 5000 + b"}", id="number-too-long"),
    ],
)
def test_success_with_garbage_is_an_error(body: bytes) -> None:
    assert rest.classify_reply(SALE, reply(body)) == Classified(outcome=Outcome.ERROR)


@pytest.mark.parametrize("depth", range(850, 1000, 10))
def test_no_depth_of_nesting_in_a_status_is_a_crash(depth: int) -> None:
    body = json.dumps(APPROVAL).replace('"C"', "[" * depth + "]" * depth)
    assert rest.classify_reply(SALE, reply(body)) == Classified(outcome=Outcome.ERROR)


def test_nothing_personal_gets_into_the_detail_of_an_error() -> None:
    assert len(classified({"TransactionStatus": "ALEX BIRCH 4111111111111111"}).detail) < 40


@given(st.binary(max_size=300), st.sampled_from([200, 204, 299, 401, 500]))
def test_no_bytes_make_a_reply_crash_or_count_as_an_answer(body: bytes, status: int) -> None:
    assert rest.classify_reply(SALE, reply(body, status)).outcome is Outcome.ERROR


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["C", "D"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*APPROVAL, "PartialApprovalAmount"]), json_values))
def test_no_json_makes_a_reply_crash(changes: dict[str, Any]) -> None:
    said = classified(APPROVAL | changes)
    assert 0 <= said.approved_cents <= 12_345
    assert (said.approved_cents > 0) == (said.outcome is Outcome.COMPLETED)
