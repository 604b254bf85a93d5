"""Card sale over InstaMed's REST: JSON with PascalCase keys; a decline is HTTP 200.

A reply is judged by TransactionStatus, never by its HTTP status or its response text, which the gateway declares to
be context only.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from loadtests.transaction import Call, Classified, Reply, Transaction
from loadtests.wires.amounts import cents_of, dollars
from loadtests.wires.credentials import Credentials
from loadtests.wires.prepared import Prepared
from scenarios.observation import Outcome
from scenarios.target import Target


class _Common(NamedTuple):
    url: str
    headers: dict[str, str]
    opening: str  # of the body, up to the amount


def _common(target: Target, credentials: Credentials) -> _Common:
    outlet = {
        "MerchantID": target.outlet.merchant_id,
        "StoreID": target.outlet.store_id,
        "TerminalID": target.outlet.terminal_id,
    }
    return _Common(
        url=f"{target.endpoints.rest}/sale",
        headers={
            "api-key": credentials.rest_api_key,
            "api-secret": credentials.rest_api_secret,
            "Content-Type": "application/json",
            "Accept": "application/json",
        },
        opening=f'{{"Outlet":{json.dumps(outlet, separators=(",", ":"))},"PaymentMethod":"Card","Amount":"',
    )


_prepared = Prepared(_common)
_dollars = lru_cache(maxsize=4096)(dollars)


def build_call(transaction: Transaction, target: Target, credentials: Credentials) -> Call:
    """A card sale as `POST <rest>/sale`."""
    charge, person, reference = transaction.charge, transaction.person, transaction.identifiers.reference
    if charge is None:
        raise ValueError(f"a {transaction.kind.text} needs a charge")
    common, card = _prepared(target, credentials), charge.card
    # Written out rather than dumped, which would cost a third of the whole transaction. Cards and references consist
    # of digits, letters, hyphens and slashes; whatever else a name may hold is escaped.
    body = (
        f'{common.opening}{_dollars(charge.amount_cents)}","Card":{{"EntryMode":"key","CardNumber":"{card.number}",'
        f'"Expiration":"{card.expiration}","CVN":"{card.verification}"}},"Patient":{{"AccountNumber":"{reference}",'
        f'"FirstName":{_json_text(person.first_name)},"LastName":{_json_text(person.last_name)}}},'
        f'"AdditionalInfo1":"{reference}"}}'
    )
    return Call(common.url, common.headers, body.encode())


@lru_cache(maxsize=4096)
def _json_text(text: str) -> str:
    return json.dumps(text)


class _Patient(msgspec.Struct):
    AccountNumber: str | None = None


class _CardResult(msgspec.Struct):
    LastFour: str | None = None


class _SaleReply(msgspec.Struct):
    TransactionStatus: str
    TransactionID: str
    Amount: str | msgspec.UnsetType = msgspec.UNSET  # a number is read at leisure
    IsPartiallyApproved: bool | None = None
    Patient: _Patient | None = None
    AdditionalInfo1: str | None = None
    CardResult: _CardResult | None = None


_decode = msgspec.json.Decoder(_SaleReply).decode
_COMPLETED = Outcome.COMPLETED  # an attribute of an enum costs as much as building a small object
_USUAL_BYTES = 4000  # longer replies are read at leisure; no number in one can exceed what `json` takes


def classify_reply(transaction: Transaction, reply: Reply) -> Classified:
    """What the gateway said of a card sale, after checking that it speaks of this sale."""
    if not 200 <= reply.status < 300:
        return _error(f"HTTP {reply.status}")
    return _plain_answer(transaction, reply.body) or _any_answer(transaction, reply.body)


def _plain_answer(transaction: Transaction, body: bytes) -> Classified | None:
    """The answer in its usual form: approved in full or declined, and everything it repeats is ours.

    None for every other form, which `_any_answer` then reads at leisure; the two never differ.
    """
    charge = transaction.charge
    if charge is None or len(body) > _USUAL_BYTES or not body.isascii():
        return None
    try:
        said = _decode(body)
    except (ValueError, RecursionError):  # msgspec's own are ValueErrors
        return None
    reference, asked = transaction.identifiers.reference, _dollars(charge.amount_cents)
    if said.Amount is not msgspec.UNSET and said.Amount != asked:
        return None
    patient, card = said.Patient, said.CardResult
    if (
        said.IsPartiallyApproved
        or not said.TransactionID
        or said.AdditionalInfo1 not in (None, reference)
        or (patient is not None and patient.AccountNumber not in (None, reference))
        or (card is not None and card.LastFour not in (None, charge.card.number[-4:]))
    ):
        return None
    if said.TransactionStatus == "C" and charge.amount_cents > 0:
        return Classified(_COMPLETED, charge.amount_cents, said.TransactionID)
    if said.TransactionStatus == "D":
        return Classified(outcome=Outcome.DECLINED, transaction_id=said.TransactionID)
    return None


def _any_answer(transaction: Transaction, body: bytes) -> Classified:
    try:
        content = json.loads(body, parse_float=str)  # an amount is read from its own digits
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
