"""Payments over REST beyond the sale: requests as clients are seen to send them, and what their replies are worth."""

from __future__ import annotations

import json
from typing import Any

import pytest

from loadtests.transaction import Classified
from scenarios.kinds import Kind, Wire
from scenarios.observation import Outcome
from tests.loadtests.builders import CREDENTIALS, reply
from tests.loadtests.wires.answers import asked, codec, rest_reply, target_with

ID, TOKEN = f"{5:032x}", f"{505:032x}"
KINDS = (
    Kind.CARD_AUTHORIZATION,
    Kind.CARD_CAPTURE,
    Kind.VOID,
    Kind.REFUND,
    Kind.TOKEN_SAVE,
    Kind.TOKEN_SALE,
)


def sent(kind: Kind) -> tuple[str, dict[str, Any]]:
    """Path below the endpoint, and the body without what every payment has."""
    call = codec(kind, Wire.REST).build_call(
        asked(kind, Wire.REST), target_with(kind, Wire.REST), CREDENTIALS
    )
    body = json.loads(call.body)
    assert body.pop("Outlet") == {"MerchantID": "TESTMERCH", "StoreID": "0001", "TerminalID": "0001"}
    assert body.pop("AdditionalInfo1") == body.pop("Patient")["AccountNumber"] == "k3x9ab-5-0-0"
    return call.url.removeprefix("http://127.0.0.1:9/rest/payment/"), body


def classified(kind: Kind, **changes: Any) -> Classified:
    transaction = asked(kind, Wire.REST)
    content = {
        name: value for name, value in (rest_reply(transaction) | changes).items() if value != "ABSENT"
    }
    return codec(kind, Wire.REST).classify_reply(transaction, reply(json.dumps(content)))


@pytest.mark.parametrize(
    ("kind", "path", "body"),
    [
        (Kind.CARD_CAPTURE, "capture", {"TransactionID": ID, "Amount": "10.05"}),
        (Kind.VOID, "void", {"TransactionID": ID}),
        (Kind.REFUND, "refund-simple", {"TransactionID": ID, "Amount": "10.05"}),
    ],
)
def test_a_change_names_the_payment_that_it_changes(kind: Kind, path: str, body: dict[str, str]) -> None:
    assert sent(kind) == (path, body)


def test_an_authorization_is_a_sale_at_another_address() -> None:
    path, body = sent(Kind.CARD_AUTHORIZATION)
    sale_path, sale = sent(Kind.CARD_SALE)
    assert (path, sale_path) == ("auth", "sale")
    assert body == sale


def test_a_token_save_sends_the_card_and_no_amount() -> None:
    path, body = sent(Kind.TOKEN_SAVE)
    assert path == "paymentplan"
    assert set(body) == {"PaymentPlanType", "PaymentMethod", "Card"}
    assert (body["PaymentPlanType"], body["PaymentMethod"]) == ("SaveOnFile", "Card")


def test_a_sale_with_a_token_sends_the_token_and_no_card() -> None:
    path, body = sent(Kind.TOKEN_SALE)
    assert path == "sale"
    assert set(body) == {"PaymentMethod", "PaymentMethodID", "Amount"}
    assert (body["PaymentMethod"], body["PaymentMethodID"]) == ("OnFile", TOKEN)


def test_the_token_of_a_save_is_what_the_next_sale_needs() -> None:
    assert classified(Kind.TOKEN_SAVE, PaymentPlanID="PLAN-7").token == "PLAN-7"
    assert classified(Kind.TOKEN_SAVE, TransactionStatus="ABSENT").outcome is Outcome.COMPLETED
    assert classified(Kind.TOKEN_SAVE, PaymentPlanID="ABSENT").outcome is Outcome.ERROR


@pytest.mark.parametrize(
    ("kind", "status", "expected"),
    [
        (Kind.CARD_AUTHORIZATION, "C", Outcome.ERROR),
        (Kind.CARD_CAPTURE, "A", Outcome.ERROR),
        (Kind.REFUND, "V", Outcome.ERROR),
        (Kind.VOID, "V", Outcome.COMPLETED),
        (Kind.TOKEN_SALE, "O", Outcome.ERROR),
        *((kind, None, Outcome.ERROR) for kind in KINDS if kind is not Kind.TOKEN_SAVE),
        *((kind, ["C"], Outcome.ERROR) for kind in KINDS),
    ],
)
def test_a_status_counts_for_the_operations_that_it_belongs_to(
    kind: Kind, status: object, expected: Outcome
) -> None:
    assert classified(kind, TransactionStatus=status).outcome is expected


@pytest.mark.parametrize(
    ("primary", "expected"),
    [
        ("V", Outcome.COMPLETED),
        ("ABSENT", Outcome.COMPLETED),
        ("C", Outcome.ERROR),
        ("S", Outcome.ERROR),
    ],
)
def test_a_void_is_judged_by_what_became_of_the_payment(primary: str, expected: Outcome) -> None:
    assert classified(Kind.VOID, PrimaryTransactionStatus=primary).outcome is expected


@pytest.mark.parametrize(
    "kind", [Kind.CARD_CAPTURE, Kind.VOID, Kind.REFUND], ids=["capture", "void", "refund"]
)
def test_a_change_of_another_payment_is_a_wrong_reply(kind: Kind) -> None:
    said = classified(kind, PrimaryTransactionID="f" * 32)
    assert (said.outcome, said.detail) == (Outcome.WRONG_REPLY, "another payment")
    assert classified(kind, PrimaryTransactionID=None).outcome is Outcome.COMPLETED
    assert classified(kind, PrimaryTransactionID=ID.upper()).outcome is Outcome.COMPLETED


def test_a_partial_approval_of_a_sale_with_a_token_counts_what_was_approved() -> None:
    said = classified(Kind.TOKEN_SALE, IsPartiallyApproved=True, PartialApprovalAmount=5)
    assert (said.outcome, said.approved_cents) == (Outcome.COMPLETED, 500)
    more = classified(Kind.TOKEN_SALE, IsPartiallyApproved=True, PartialApprovalAmount=99_999)
    assert more.outcome is Outcome.WRONG_REPLY
    odd = classified(Kind.TOKEN_SALE, IsPartiallyApproved=True, PartialApprovalAmount="lots")
    assert odd.outcome is Outcome.ERROR


@pytest.mark.parametrize("amount", ["lots", True, [], "NaN", "1e9999"])
def test_an_amount_that_nobody_can_read_is_a_miss_and_accuses_nobody(amount: object) -> None:
    assert classified(Kind.REFUND, Amount=amount).outcome is Outcome.ERROR
