"""NVP: requests as in the documented samples, and replies in whatever spelling gateways use."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.transaction import Classified, Transaction
from loadtests.wires import nvp
from loadtests.wires.nvp_form import read_pairs
from scenarios.kinds import Kind, Wire
from scenarios.observation import Outcome
from tests.loadtests.builders import CREDENTIALS, reply
from tests.loadtests.wires.answers import asked, target_with

ID, TOKEN = f"{5:032x}", f"{505:032x}"
SALE = asked(Kind.CARD_SALE, Wire.NVP)
VOID = asked(Kind.VOID, Wire.NVP)
REFUND = asked(Kind.REFUND, Wire.NVP)
LOOKUP = asked(Kind.RECEIPT_LOOKUP, Wire.NVP)
COMMON = {
    "MerchantID": "TESTMERCH",
    "StoreID": "0001",
    "TerminalID": "0001",
    "patientID": "k3x9ab-5-0-0",
    "patientFirstName": SALE.person.first_name,
    "patientLastName": SALE.person.last_name,
    "additionalInfo1": "k3x9ab-5-0-0",
}


def sent(kind: Kind) -> dict[str, str]:
    call = nvp.build_call(asked(kind, Wire.NVP), target_with(kind, Wire.NVP), CREDENTIALS)
    assert call.headers == {
        "Authorization": "Basic am9lOnA6dw==",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    return dict(parse_qsl(call.body.decode(), strict_parsing=True))


def classified(body: str, transaction: Transaction = SALE) -> Classified:
    return nvp.classify_reply(transaction, reply(body))


def test_a_card_sale_is_posted_as_in_the_sample() -> None:
    assert SALE.charge
    assert sent(Kind.CARD_SALE) == {
        **COMMON,
        "transactionType": "CreditCard",
        "transactionAction": "AuthCapt",
        "cardPresentStatus": "NotPresentInternet",
        "cardNumber": SALE.charge.card.number,
        "cardExpDate": "12-29",
        "cardVerificationNumber": SALE.charge.card.verification,
        "amount": f"{SALE.charge.amount_cents // 100}.00",
    }


def test_an_echeck_sale_draws_on_an_account() -> None:
    made = sent(Kind.ECHECK_SALE)
    assert (made["transactionType"], made["transactionAction"]) == ("eCheck", "AuthCapt")
    assert (made["routingNumber"], made["accountType"]) == ("021000021", "Checking")
    assert made["accountNumber"].isdigit()
    assert "cardNumber" not in made


@pytest.mark.parametrize(
    ("kind", "action", "details"),
    [
        (Kind.VOID, "Void", {"primaryTransactionID": ID}),
        (Kind.REFUND, "SimpleRefund", {"primaryTransactionID": ID, "amount": "10.05"}),
        (Kind.CARD_CAPTURE, "Capt", {"primaryTransactionID": ID, "amount": "10.05"}),
    ],
)
def test_a_change_names_its_payment(kind: Kind, action: str, details: dict[str, str]) -> None:
    assert sent(kind) == {
        **COMMON,
        "transactionType": "CreditCard",
        "transactionAction": action,
        "primaryCardPresentStatus": "NotPresentInternet",
        **details,
    }


def test_a_sale_with_a_token_sends_no_card() -> None:
    made = sent(Kind.TOKEN_SALE)
    assert (made["transactionAction"], made["paymentMethodID"]) == ("AuthCapt", TOKEN)
    assert "cardNumber" not in made


def test_a_receipt_is_looked_up_without_patient_or_amount() -> None:
    assert sent(Kind.RECEIPT_LOOKUP) == {
        "transactionAction": "ViewReceipt",
        "MerchantID": "TESTMERCH",
        "StoreID": "0001",
        "TerminalID": "0001",
        "singleSignOnToken": ID,
        "requestToken": "false",
        "allowPartialPayment": "false",
    }


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("transactionStatus=C&transactionID=AB", id="plain"),
        pytest.param("transactionStatus=C&transactionID=AB&", id="trailing-ampersand"),
        pytest.param("TRANSACTIONSTATUS=c&TransactionId=AB\r\n", id="case-and-line-end"),
        pytest.param(
            "responseMessage=All went well, $5 & more&transactionStatus=C&transactionID=AB",
            id="raw-spaces-dollar-ampersand",
        ),
        pytest.param("transactionStatus=C&transactionStatus=D&transactionID=AB", id="the-first-counts"),
        pytest.param("transactionStatus=C&transactionID=AB&errorCode=", id="empty-error-code"),
        pytest.param("transactionStatus=C&transactionID=AB&partialApprovalAmount=0.00", id="no-part"),
        pytest.param("responseMessage=%ff%&transactionStatus=%43&transactionID=AB", id="odd-percents"),
    ],
)
def test_an_approval_is_read_in_any_spelling(body: str) -> None:
    assert SALE.charge
    assert classified(body) == Classified(
        outcome=Outcome.COMPLETED, approved_cents=SALE.charge.amount_cents, transaction_id="AB"
    )


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        pytest.param(
            "errorCode=400&errorMessage=An unexpected error occurred with Reference Number ABCDEFGHIJ",
            "errorCode '400'",
            id="documented-error-with-HTTP-200",
        ),
        pytest.param(
            "transactionStatus=C&transactionID=AB&errorcode=500", "errorCode '500'", id="error-beside-success"
        ),
        pytest.param("transactionID=AB", "reply has no transactionStatus", id="no-status"),
        pytest.param("", "reply has no transactionStatus", id="nothing"),
        pytest.param("<html>busy</html>", "reply has no transactionStatus", id="html"),
        pytest.param("transactionStatus=C", "reply has no identifier", id="no-identifier"),
        pytest.param("transactionStatus=A&transactionID=AB", "transactionStatus 'A'", id="only-authorized"),
        pytest.param(
            "transactionStatus=C&transactionID=AB&amount=many", "unreadable amount", id="unreadable-amount"
        ),
        pytest.param(
            "transactionStatus=C&transactionID=AB&partialApprovalAmount=x",
            "unreadable partialApprovalAmount",
            id="unreadable-part",
        ),
    ],
)
def test_what_is_no_approval_and_no_decline_is_an_error(body: str, detail: str) -> None:
    said = classified(body)
    assert (said.outcome, said.detail) == (Outcome.ERROR, detail)


def test_a_partial_approval_counts_its_part_with_or_without_a_dollar_sign() -> None:
    for part in ("5.00", "$5.00", "5"):
        said = classified(f"transactionStatus=C&transactionID=AB&partialApprovalAmount={part}")
        assert (said.outcome, said.approved_cents) == (Outcome.COMPLETED, 500)
    more = classified("transactionStatus=C&transactionID=AB&partialApprovalAmount=99999.00")
    assert more.outcome is Outcome.WRONG_REPLY


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (f"transactionStatus=C&primaryTransactionID={ID.upper()}&primaryTransactionStatus=V", "COMPLETED"),
        (f"transactionStatus=C&primaryTransactionID={ID}&primaryTransactionStatus=C", "ERROR"),
        (f"transactionStatus=C&primaryTransactionID={ID}", "ERROR"),
        (f"transactionStatus=V&primaryTransactionID={ID}&primaryTransactionStatus=V", "ERROR"),
        ("transactionStatus=C&primaryTransactionID=FF&primaryTransactionStatus=V", "WRONG_REPLY"),
        (f"transactionStatus=D&primaryTransactionID={ID}", "DECLINED"),
    ],
)
def test_a_void_is_judged_by_the_payments_new_status(body: str, expected: str) -> None:
    assert classified(body, VOID).outcome is Outcome[expected]


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        pytest.param(f"saveOnFileTransactionID={ID}&primaryTransactionID=FF", "COMPLETED", id="as-sampled"),
        pytest.param(f"primaryTransactionID={ID}", "COMPLETED", id="named-as-sent"),
        pytest.param(f"saveOnFileTransactionID={TOKEN}", "COMPLETED", id="the-token-it-was-paid-with"),
        pytest.param("", "COMPLETED", id="nothing-repeated"),
        pytest.param("saveOnFileTransactionID=EE&primaryTransactionID=FF", "WRONG_REPLY", id="neither"),
    ],
)
def test_a_refund_is_ours_where_either_name_is(named: str, expected: str) -> None:
    assert classified(f"transactionStatus=C&transactionID=AB&{named}", REFUND).outcome is Outcome[expected]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (f"transactionID={ID}&transactionStatus=V&amount=10.05", "COMPLETED"),
        (f"transactionID={ID}&transactionStatus=C&amount=99.10&partialApprovalAmount=10.05", "COMPLETED"),
        ("transactionID=FF&transactionStatus=C&amount=10.05", "WRONG_REPLY"),
        (f"transactionID={ID}&transactionStatus=C&amount=10.06", "WRONG_REPLY"),
        ("errorCode=012&errorMessage=none", "ERROR"),
    ],
)
def test_a_receipt_shows_the_payment_that_was_asked_for(body: str, expected: str) -> None:
    assert classified(body, LOOKUP).outcome is Outcome[expected]


@given(st.dictionaries(st.text(min_size=1), st.text(), max_size=6))
def test_pairs_of_any_text_survive_encoding(pairs: dict[str, str]) -> None:
    from urllib.parse import urlencode

    def is_encodable(text: str) -> bool:
        return not any("\ud800" <= letter <= "\udfff" for letter in text)

    sound = {name: value for name, value in pairs.items() if is_encodable(name + value)}
    expected: dict[str, str] = {}
    for name, value in sound.items():
        expected.setdefault(name.strip().lower(), value.strip())
    read = read_pairs(urlencode(sound).encode())
    assert {name: value for name, value in read.items() if name} == {
        name: value for name, value in expected.items() if name
    }
