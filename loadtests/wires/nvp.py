"""Payments over InstaMed's NVP: name-value pairs out, name-value pairs back, `errorCode` with HTTP 200 for an error.

Card and eCheck sale, sale with a token, authorization, capture, token save, void, refund, and the look at a receipt.
"""

from __future__ import annotations

from urllib.parse import urlencode

from loadtests.transaction import Call, Classified, Earlier, Reply, Transaction
from loadtests.wires.amounts import cents_of, dollars
from loadtests.wires.credentials import Credentials
from loadtests.wires.nvp_form import read_pairs
from scenarios.kinds import AnyKind, Kind
from scenarios.observation import Outcome
from scenarios.target import Target

_ACTIONS: dict[AnyKind, str] = {
    Kind.CARD_SALE: "AuthCapt",
    Kind.ECHECK_SALE: "AuthCapt",
    Kind.TOKEN_SALE: "AuthCapt",
    Kind.CARD_AUTHORIZATION: "Auth",
    Kind.CARD_CAPTURE: "Capt",
    Kind.TOKEN_SAVE: "SaveOnFile",
    Kind.VOID: "Void",
    Kind.REFUND: "SimpleRefund",
    Kind.RECEIPT_LOOKUP: "ViewReceipt",
}
_CARD_PRESENT = "NotPresentInternet"
_CHANGES = frozenset({Kind.CARD_CAPTURE, Kind.VOID, Kind.REFUND})
_DECLINED, _VOIDED = "D", "V"
_APPROVED: dict[AnyKind, tuple[str, ...]] = {
    Kind.CARD_AUTHORIZATION: ("A",),
    Kind.TOKEN_SAVE: ("O", "C"),
}


def build_call(transaction: Transaction, target: Target, credentials: Credentials) -> Call:
    """`POST <nvp>`. Raises ValueError where the transaction lacks what its kind needs."""
    if target.endpoints.nvp is None:
        raise ValueError("the target declares no nvp endpoint")
    reference, person = transaction.identifiers.reference, transaction.person
    is_lookup = transaction.kind == Kind.RECEIPT_LOOKUP
    pairs = {
        "transactionAction": _ACTIONS[transaction.kind],
        "MerchantID": target.outlet.merchant_id,
        "StoreID": target.outlet.store_id,
        "TerminalID": target.outlet.terminal_id,
        **_details(transaction),
    }
    if not is_lookup:
        pairs |= {
            "patientID": reference,
            "patientFirstName": person.first_name,
            "patientLastName": person.last_name,
            "additionalInfo1": reference,
        }
    return Call(
        url=target.endpoints.nvp,
        headers={
            "Authorization": credentials.basic_header(),
            "Content-Type": "application/x-www-form-urlencoded",
        },
        body=urlencode(pairs).encode(),
    )


def _details(transaction: Transaction) -> dict[str, str]:
    """What tells one action from another."""
    amount = {"amount": dollars(transaction.asked_cents)}
    match transaction.kind:
        case Kind.RECEIPT_LOOKUP:
            token = _earlier(transaction).transaction_id
            return {"singleSignOnToken": token, "requestToken": "false", "allowPartialPayment": "false"}
        case Kind.ECHECK_SALE:
            account = transaction.check
            if account is None:
                raise ValueError("an echeck_sale needs an account")
            return {
                "transactionType": "eCheck",
                "routingNumber": account.routing_number,
                "accountNumber": account.account_number,
                "accountType": "Checking",
                **amount,
            }
    credit: dict[str, str] = {"transactionType": "CreditCard"}
    if transaction.kind in _CHANGES:
        primary = {
            "primaryTransactionID": _earlier(transaction).transaction_id,
            "primaryCardPresentStatus": _CARD_PRESENT,
        }
        return {**credit, **primary, **({} if transaction.kind == Kind.VOID else amount)}
    credit["cardPresentStatus"] = _CARD_PRESENT
    if transaction.kind == Kind.TOKEN_SALE:
        return {**credit, "paymentMethodID": _earlier(transaction).token, **amount}
    return {**credit, **_card(transaction), **({} if transaction.kind == Kind.TOKEN_SAVE else amount)}


def _card(transaction: Transaction) -> dict[str, str]:
    if transaction.charge is None:
        raise ValueError(f"a {transaction.kind.text} needs a charge")
    card = transaction.charge.card
    return {
        "cardNumber": card.number,
        "cardExpDate": card.expiration.replace("/", "-"),
        "cardVerificationNumber": card.verification,
    }


def _earlier(transaction: Transaction) -> Earlier:
    if transaction.earlier is None:
        raise ValueError(f"a {transaction.kind.text} needs an earlier transaction")
    return transaction.earlier


def classify_reply(transaction: Transaction, reply: Reply) -> Classified:
    """What the gateway said, after checking that it speaks of this transaction."""
    if not 200 <= reply.status < 300:
        return _error(f"HTTP {reply.status}")
    pairs = read_pairs(reply.body)
    if pairs.get("errorcode"):
        return _error(f"errorCode {pairs['errorcode'][:8]!r}")
    status = pairs.get("transactionstatus", "").upper()
    if not status:
        return _error("reply has no transactionStatus")
    if pairs.get("amount") and _cents(pairs["amount"]) is None:
        return _error("unreadable amount")
    token = pairs.get("saveonfiletransactionid") or pairs.get("paymentplanid", "")
    identity = token if transaction.kind == Kind.TOKEN_SAVE else pairs.get("transactionid", "")
    stranger = _stranger(transaction, pairs)
    if stranger:
        return Classified(outcome=Outcome.WRONG_REPLY, transaction_id=identity, detail=stranger)
    if transaction.kind == Kind.RECEIPT_LOOKUP:
        return Classified(outcome=Outcome.COMPLETED, transaction_id=identity)  # whatever the payment's status
    if status == _DECLINED:
        return Classified(outcome=Outcome.DECLINED, transaction_id=identity)
    if status not in _APPROVED.get(transaction.kind, ("C",)):
        return _error(f"transactionStatus {status[:8]!r}")
    return _approved(transaction, pairs, identity, token)


def _approved(transaction: Transaction, pairs: dict[str, str], identity: str, token: str) -> Classified:
    kind = transaction.kind
    if kind == Kind.VOID:
        # A void has no transactionID of its own; the payment's new status is what shows that it happened.
        if pairs.get("primarytransactionstatus", "").upper() != _VOIDED:
            return _error("the payment is not void")
        identity = identity or pairs.get("primarytransactionid", "")
    if not identity:
        return _error("reply has no identifier")
    if kind == Kind.TOKEN_SAVE:
        return Classified(outcome=Outcome.COMPLETED, transaction_id=identity, token=token)
    approved: int | None = transaction.asked_cents
    if kind not in _CHANGES and pairs.get("partialapprovalamount"):
        part = _cents(pairs["partialapprovalamount"])
        approved = part if part != 0 else approved
    if approved is None:
        return _error("unreadable partialApprovalAmount")
    if kind not in _CHANGES and not 0 < approved <= transaction.asked_cents:
        return Classified(
            outcome=Outcome.WRONG_REPLY, transaction_id=identity, detail="approved more than was asked"
        )
    return Classified(
        outcome=Outcome.COMPLETED, approved_cents=approved, transaction_id=identity, token=token
    )


def _stranger(transaction: Transaction, pairs: dict[str, str]) -> str:
    """How a reply shows that it answers another request; empty when nothing in it does."""
    reference, kind = transaction.identifiers.reference, transaction.kind
    if kind == Kind.RECEIPT_LOOKUP:
        return _other_receipt(_earlier(transaction), pairs)
    if any(pairs.get(name, "") not in ("", reference) for name in ("additionalinfo1", "patientid")):
        return "another account"
    amount = "" if kind in (Kind.VOID, Kind.TOKEN_SAVE) else pairs.get("amount", "")
    if amount and _cents(amount) != transaction.asked_cents:
        return "another amount"
    if kind in _CHANGES:
        return _other_primary(_earlier(transaction), pairs)
    ours = ""
    if kind == Kind.ECHECK_SALE and transaction.check:
        ours = transaction.check.account_number
    elif kind != Kind.TOKEN_SALE and transaction.charge:
        ours = transaction.charge.card.number
    first, last = pairs.get("cardbinnumber", ""), pairs.get("lastfourdigits", "")[-4:]
    return "another card" if ours and not (ours.startswith(first) and ours.endswith(last)) else ""


def _other_primary(earlier: Earlier, pairs: dict[str, str]) -> str:
    """A refund repeats the payment as saveOnFileTransactionID and names another primaryTransactionID, so ours may
    stand in either; the reply is a stranger's only where what it names is neither of ours."""
    told = {pairs.get(name, "").lower() for name in ("primarytransactionid", "saveonfiletransactionid")} - {
        ""
    }
    ours = {earlier.transaction_id.lower(), earlier.token.lower()}
    return "another payment" if told and not told & ours else ""


def _other_receipt(earlier: Earlier, pairs: dict[str, str]) -> str:
    identity = pairs.get("transactionid", "").lower()
    if identity not in ("", earlier.transaction_id.lower()):
        return "another payment's receipt"
    shown = _cents(pairs.get("partialapprovalamount", "")) or _cents(pairs.get("amount", ""))
    return "another amount" if shown and earlier.amount_cents not in (0, shown) else ""


def _cents(text: str) -> int | None:
    """Whole cents of an amount, which may come with its raw dollar sign."""
    return cents_of(text.lstrip("$"))


def _error(detail: str) -> Classified:
    return Classified(outcome=Outcome.ERROR, detail=detail)
