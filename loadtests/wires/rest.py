"""Card sale over InstaMed's REST: JSON with PascalCase keys; a decline is HTTP 200.

A reply is judged by TransactionStatus, never by its HTTP status or its response text, which the gateway declares to
be context only.
"""

from __future__ import annotations

import json
from typing import Any

from loadtests.transaction import Call, Classified, Reply, Transaction
from loadtests.wires.amounts import cents_of, dollars
from loadtests.wires.credentials import Credentials
from scenarios.observation import Outcome
from scenarios.target import Target


def build_call(transaction: Transaction, target: Target, credentials: Credentials) -> Call:
    """A card sale as `POST <rest>/sale`."""
    charge, person, reference = transaction.charge, transaction.person, transaction.identifiers.reference
    if charge is None:
        raise ValueError(f"a {transaction.kind.text} needs a charge")
    content = {
        "Outlet": {
            "MerchantID": target.outlet.merchant_id,
            "StoreID": target.outlet.store_id,
            "TerminalID": target.outlet.terminal_id,
        },
        "PaymentMethod": "Card",
        "Amount": dollars(charge.amount_cents),
        "Card": {
            "EntryMode": "key",
            "CardNumber": charge.card.number,
            "Expiration": charge.card.expiration,
            "CVN": charge.card.verification,
        },
        "Patient": {"AccountNumber": reference, "FirstName": person.first_name, "LastName": person.last_name},
        "AdditionalInfo1": reference,
    }
    return Call(
        url=f"{target.endpoints.rest}/sale",
        headers={
            "api-key": credentials.rest_api_key,
            "api-secret": credentials.rest_api_secret,
            "Content-Type": "application/json",
            "Accept": "application/json",
        },
        body=json.dumps(content, separators=(",", ":")).encode(),
    )


def classify_reply(transaction: Transaction, reply: Reply) -> Classified:
    """What the gateway said of a card sale, after checking that it speaks of this sale."""
    if not 200 <= reply.status < 300:
        return _error(f"HTTP {reply.status}")
    try:
        content = json.loads(reply.body, parse_float=str)  # an amount is read from its own digits
    except (ValueError, RecursionError):
        return _error("reply is not JSON")
    if not isinstance(content, dict):
        return _error("reply is not a JSON object")
    status = content.get("TransactionStatus")
    identity = content.get("TransactionID")
    if status not in ("C", "D") or not isinstance(identity, str) or not identity:
        return _error(f"TransactionStatus {str(status)[:8]!r}")
    if "Amount" in content and cents_of(content["Amount"]) is None:
        return _error("unreadable Amount")
    stranger = _stranger(transaction, content)
    if stranger:
        return Classified(outcome=Outcome.WRONG_REPLY, transaction_id=identity, detail=stranger)
    if status == "D":
        return Classified(outcome=Outcome.DECLINED, transaction_id=identity)
    approved = _approved_cents(transaction, content)
    if approved is None:
        return _error("unreadable PartialApprovalAmount")
    if not 0 < approved <= _asked_cents(transaction):
        return Classified(
            outcome=Outcome.WRONG_REPLY, transaction_id=identity, detail="approved more than was asked"
        )
    return Classified(outcome=Outcome.COMPLETED, approved_cents=approved, transaction_id=identity)


def _stranger(transaction: Transaction, content: dict[str, Any]) -> str:
    """How a reply shows that it answers another sale; empty when nothing in it does.

    The amount, the account and the card's last four digits are compared where the gateway repeats them.
    """
    if "Amount" in content and cents_of(content["Amount"]) not in (None, _asked_cents(transaction)):
        return "another amount"
    reference = transaction.identifiers.reference
    patient = content.get("Patient")
    account = patient.get("AccountNumber") if isinstance(patient, dict) else None
    if any(told not in (None, reference) for told in (account, content.get("AdditionalInfo1"))):
        return "another account"
    card = content.get("CardResult")
    last_four = card.get("LastFour") if isinstance(card, dict) else None
    if transaction.charge and last_four not in (None, transaction.charge.card.number[-4:]):
        return "another card"
    return ""


def _approved_cents(transaction: Transaction, content: dict[str, Any]) -> int | None:
    if content.get("IsPartiallyApproved") in (True, "true", "True"):
        return cents_of(content.get("PartialApprovalAmount"))
    return _asked_cents(transaction)


def _asked_cents(transaction: Transaction) -> int:
    return transaction.charge.amount_cents if transaction.charge else 0


def _error(detail: str) -> Classified:
    return Classified(outcome=Outcome.ERROR, detail=detail)
