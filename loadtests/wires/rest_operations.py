"""The other payments over InstaMed's REST: authorization, capture, void, refund, token save, sale with a token.

As with the sale, TransactionStatus decides, and where the gateway repeats something of the request, it must be ours.
Capture has no public evidence; void, refund, token save and sale with a token are as clients are seen to send them.
"""

from __future__ import annotations

import json
from typing import Any

from loadtests.transaction import Call, Classified, Earlier, Reply, Transaction
from loadtests.wires.amounts import cents_of, dollars
from loadtests.wires.credentials import Credentials
from scenarios.kinds import AnyKind, Kind
from scenarios.observation import Outcome
from scenarios.target import Target

_PATHS: dict[AnyKind, str] = {
    Kind.CARD_AUTHORIZATION: "auth",
    Kind.CARD_CAPTURE: "capture",
    Kind.VOID: "void",
    Kind.REFUND: "refund-simple",
    Kind.TOKEN_SAVE: "paymentplan",
    Kind.TOKEN_SALE: "sale",
}
_CHANGES = frozenset({Kind.CARD_CAPTURE, Kind.VOID, Kind.REFUND})
_DECLINED = "D"
_VOIDED = "V"
_APPROVED: dict[AnyKind, tuple[object, ...]] = {
    Kind.CARD_AUTHORIZATION: ("A",),
    Kind.CARD_CAPTURE: ("C",),
    Kind.VOID: ("C", _VOIDED),
    Kind.REFUND: ("C",),
    Kind.TOKEN_SAVE: ("O", "C", None),  # of a token save only the PaymentPlanID is sure
    Kind.TOKEN_SALE: ("C",),
}


def build_call(transaction: Transaction, target: Target, credentials: Credentials) -> Call:
    """`POST <rest>/<operation>`. Raises ValueError where the transaction lacks what its kind needs."""
    reference, person = transaction.identifiers.reference, transaction.person
    content: dict[str, Any] = {
        "Outlet": {
            "MerchantID": target.outlet.merchant_id,
            "StoreID": target.outlet.store_id,
            "TerminalID": target.outlet.terminal_id,
        },
        **_details(transaction),
        "Patient": {"AccountNumber": reference, "FirstName": person.first_name, "LastName": person.last_name},
        "AdditionalInfo1": reference,
    }
    return Call(
        url=f"{target.endpoints.rest}/{_PATHS[transaction.kind]}",
        headers={
            "api-key": credentials.rest_api_key,
            "api-secret": credentials.rest_api_secret,
            "Content-Type": "application/json",
            "Accept": "application/json",
        },
        body=json.dumps(content, separators=(",", ":")).encode(),
    )


def _details(transaction: Transaction) -> dict[str, Any]:
    """What tells one operation from another."""
    amount = {"Amount": dollars(transaction.asked_cents)}
    match transaction.kind:
        case Kind.VOID:
            return {"TransactionID": _earlier(transaction).transaction_id}
        case Kind.CARD_CAPTURE | Kind.REFUND:
            return {"TransactionID": _earlier(transaction).transaction_id, **amount}
        case Kind.TOKEN_SALE:
            return {"PaymentMethod": "OnFile", "PaymentMethodID": _earlier(transaction).token, **amount}
        case Kind.TOKEN_SAVE:
            return {"PaymentPlanType": "SaveOnFile", **_card(transaction)}
        case Kind.CARD_AUTHORIZATION:
            return {**_card(transaction), **amount}
    raise ValueError(f"{transaction.kind.text} does not travel over REST")


def _card(transaction: Transaction) -> dict[str, Any]:
    if transaction.charge is None:
        raise ValueError(f"a {transaction.kind.text} needs a charge")
    card = transaction.charge.card
    return {
        "PaymentMethod": "Card",
        "Card": {
            "EntryMode": "key",
            "CardNumber": card.number,
            "Expiration": card.expiration,
            "CVN": card.verification,
        },
    }


def _earlier(transaction: Transaction) -> Earlier:
    if transaction.earlier is None:
        raise ValueError(f"a {transaction.kind.text} needs an earlier transaction")
    return transaction.earlier


def classify_reply(transaction: Transaction, reply: Reply) -> Classified:
    """What the gateway said, after checking that it speaks of this transaction."""
    if not 200 <= reply.status < 300:
        return _error(f"HTTP {reply.status}")
    try:
        content = json.loads(reply.body, parse_float=str)  # an amount is read from its own digits
    except (ValueError, RecursionError):
        return _error("reply is not JSON")
    if not isinstance(content, dict):
        return _error("reply is not a JSON object")
    return _classify(transaction, content)


def _classify(transaction: Transaction, content: dict[str, Any]) -> Classified:
    kind, status = transaction.kind, content.get("TransactionStatus")
    saves = kind == Kind.TOKEN_SAVE
    identity = content.get("PaymentPlanID" if saves else "TransactionID")
    identity = identity if isinstance(identity, str) else ""
    if content.get("Amount") is not None and cents_of(content["Amount"]) is None:
        return _error("unreadable Amount")
    stranger = _stranger(transaction, content)
    if stranger:
        return Classified(outcome=Outcome.WRONG_REPLY, transaction_id=identity, detail=stranger)
    if status == _DECLINED:
        return Classified(outcome=Outcome.DECLINED, transaction_id=identity)
    if not any(status is each or status == each for each in _APPROVED[kind]) or not identity:
        return _error(f"TransactionStatus {str(status)[:8]!r}")
    if kind == Kind.VOID and content.get("PrimaryTransactionStatus") not in (None, _VOIDED):
        return _error("the payment is not void")
    if saves:
        return Classified(outcome=Outcome.COMPLETED, transaction_id=identity, token=identity)
    approved = transaction.asked_cents
    if content.get("IsPartiallyApproved") in (True, "true", "True"):
        part = cents_of(content.get("PartialApprovalAmount"))
        if part is None:
            return _error("unreadable PartialApprovalAmount")
        approved = part
    if kind not in _CHANGES and not 0 < approved <= transaction.asked_cents:
        return Classified(
            outcome=Outcome.WRONG_REPLY, transaction_id=identity, detail="approved more than was asked"
        )
    return Classified(outcome=Outcome.COMPLETED, approved_cents=approved, transaction_id=identity)


def _stranger(transaction: Transaction, content: dict[str, Any]) -> str:
    """How a reply shows that it answers another request; empty when nothing in it does."""
    kind, earlier = transaction.kind, transaction.earlier
    amount = None if kind in (Kind.VOID, Kind.TOKEN_SAVE) else content.get("Amount")
    if amount is not None and cents_of(amount) != transaction.asked_cents:
        return "another amount"
    reference = transaction.identifiers.reference
    patient = content.get("Patient")
    account = patient.get("AccountNumber") if isinstance(patient, dict) else None
    if any(told not in (None, reference) for told in (account, content.get("AdditionalInfo1"))):
        return "another account"
    if kind in _CHANGES and earlier and _differs(content.get("PrimaryTransactionID"), earlier.transaction_id):
        return "another payment"
    if kind == Kind.TOKEN_SALE and earlier and _differs(content.get("PaymentMethodID"), earlier.token):
        return "another token"
    if kind in (Kind.CARD_AUTHORIZATION, Kind.TOKEN_SAVE) and transaction.charge:
        return _other_card(content.get("CardResult"), transaction.charge.card.number)
    return ""


def _differs(told: object, ours: str) -> bool:
    """Whether an identifier that is repeated is another; case varies between gateway and client."""
    return isinstance(told, str) and told != "" and told.lower() != ours.lower()


def _other_card(result: object, number: str) -> str:
    if not isinstance(result, dict):
        return ""
    first, last = result.get("BINNumber"), result.get("LastFour")
    is_ours = last in (None, number[-4:]) and (not isinstance(first, str) or number.startswith(first))
    return "" if is_ours else "another card"


def _error(detail: str) -> Classified:
    return Classified(outcome=Outcome.ERROR, detail=detail)
