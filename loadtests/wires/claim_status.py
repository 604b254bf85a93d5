"""Claim status as X12 in SOAP, one string in, one string out, like the eligibility inquiry.

No real-time operation for it has been seen at InstaMed: its name is the target's to say, the argument's is inferred.
"""

from __future__ import annotations

from datetime import UTC, datetime

from loadtests.transaction import Call, Classified, Reply, Transaction
from loadtests.wires.credentials import Credentials
from loadtests.wires.soap_envelope import NoSoapAnswerError, element, operation_call, read_answer
from loadtests.wires.x12_claim import build_276, classify_claim_interchange
from scenarios.observation import Outcome
from scenarios.target import Target


def build_call(transaction: Transaction, target: Target, credentials: Credentials) -> Call:
    """A 276 in a SOAP envelope of the target's version."""
    if target.endpoints.soap_edi is None:
        raise ValueError("the target declares no soap_edi endpoint")
    inquiry = element("requestEDI", build_276(transaction, datetime.now(UTC)))
    return operation_call(
        target.endpoints.soap_edi, target, credentials, target.claim_status_operation, inquiry
    )


def classify_reply(transaction: Transaction, reply: Reply) -> Classified:
    """Three layers, each classed apart: HTTP, SOAP, X12."""
    try:
        result = read_answer(reply).result()
    except NoSoapAnswerError as error:
        return Classified(outcome=Outcome.ERROR, detail=str(error))
    if result is None:
        return Classified(outcome=Outcome.ERROR, detail="reply has no result")
    return classify_claim_interchange(transaction, result)
