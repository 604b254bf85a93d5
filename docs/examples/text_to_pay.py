"""A kind of transaction that slagate does not know: a patient pays by answering a text message.

The gateway of this example takes it at `<rest>/sale`, with the message's number in AdditionalInfo2.
"""

from __future__ import annotations

import json

from loadtests.transaction import Call, Classified, Reply, Transaction
from loadtests.wires.credentials import Credentials
from scenarios.observation import Outcome
from scenarios.target import Target


def build_call(transaction: Transaction, target: Target, credentials: Credentials) -> Call:
    """The request. Everything in it comes from the transaction, so that each is unique and can be repeated."""
    charge, reference = transaction.charge, transaction.identifiers.reference
    if charge is None:
        raise ValueError("a text_to_pay is of class payment, so it has a charge")
    content = {
        "Outlet": {
            "MerchantID": target.outlet.merchant_id,
            "StoreID": target.outlet.store_id,
            "TerminalID": target.outlet.terminal_id,
        },
        "PaymentMethod": "Card",
        "Amount": f"{charge.amount_cents // 100}.{charge.amount_cents % 100:02d}",
        "Card": {
            "EntryMode": "key",
            "CardNumber": charge.card.number,
            "Expiration": charge.card.expiration,
        },
        "AdditionalInfo1": reference,
        "AdditionalInfo2": f"SMS-{transaction.arrival}",
    }
    headers = {
        "api-key": credentials.rest_api_key,
        "api-secret": credentials.rest_api_secret,
        "Content-Type": "application/json",
    }
    return Call(url=f"{target.endpoints.rest}/sale", headers=headers, body=json.dumps(content).encode())


def classify_reply(transaction: Transaction, reply: Reply) -> Classified:
    """What the reply says, judged by its content and only after it is seen to answer this transaction."""
    if reply.status != 200:
        return Classified(outcome=Outcome.ERROR, detail=f"HTTP {reply.status}")
    try:
        content = json.loads(reply.body)
        status, amount = content["TransactionStatus"], content["Amount"]
        identity = str(content["TransactionID"])
        cents = round(float(amount) * 100)
    except (ValueError, KeyError, TypeError):
        return Classified(outcome=Outcome.ERROR, detail="reply is not as documented")
    if cents != transaction.asked_cents:
        return Classified(outcome=Outcome.WRONG_REPLY, transaction_id=identity, detail="another amount")
    if status == "D":
        return Classified(outcome=Outcome.DECLINED, transaction_id=identity)
    if status != "C":
        return Classified(outcome=Outcome.ERROR, detail="neither approved nor declined")
    approved = cents
    if content.get("IsPartiallyApproved"):
        approved = round(float(content["PartialApprovalAmount"]) * 100)
    return Classified(outcome=Outcome.COMPLETED, approved_cents=approved, transaction_id=identity)
