"""POST /rest/payment/sale: card sales as JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mock_gateway.admission import has_api_key, read_body
from mock_gateway.card_network import CardAnswer, decide_sale
from mock_gateway.errors import BodyError
from mock_gateway.faults import FaultKind
from mock_gateway.gateway import SALE, Gateway
from mock_gateway.ledger import Payment
from mock_gateway.money import format_cents
from mock_gateway.routes.business import refuse_at_once
from mock_gateway.sale_request import FieldError, read_sale
from mock_gateway.visit import visit_of

_CHANGED_BY_CENTS = 100
_UNCHANGEABLE = frozenset({FaultKind.AMOUNT_CHANGED})


async def answer_sale(gateway: Gateway, request: Request) -> Response:
    """Check, decide, wait as long as the card network takes, store, acknowledge."""
    settings = gateway.settings
    if not has_api_key(request, settings.credentials):
        return JSONResponse({"Message": "Unauthorized"}, status_code=401)
    try:
        body = await read_body(request, max_bytes=settings.max_body_bytes, timeout_s=settings.body_timeout_s)
    except BodyError as failure:
        return JSONResponse({"Message": str(failure)}, status_code=failure.status)
    gateway.begin()
    sale = read_sale(body)
    if isinstance(sale, list):
        return _invalid(sale)
    answer = decide_sale(sale.asked_cents)
    effect = gateway.faults.choose(
        SALE, gateway.tally.elapsed_s(), impossible=frozenset() if answer.is_approved else _UNCHANGEABLE
    )
    refusal = refuse_at_once(effect)
    if refusal is not None:
        return refusal
    await gateway.serve(visit_of(request), effect)
    if effect.kind is FaultKind.AMOUNT_CHANGED:
        answer = replace(answer, approved_cents=answer.approved_cents + _CHANGED_BY_CENTS)
    payment = Payment(
        transaction_id=uuid4().hex,
        asked_cents=sale.asked_cents,
        approved_cents=answer.approved_cents,
        merchant_reference=sale.merchant_reference,
        last_four=sale.last_four,
        status=answer.status,
    )
    shown_id, shown = payment.transaction_id, answer
    if effect.kind is FaultKind.AMOUNT_CHANGED:
        shown = replace(answer, asked_cents=answer.asked_cents + _CHANGED_BY_CENTS)
    elif effect.kind is FaultKind.ANOTHER_PATIENTS_ANSWER:
        shown_id, shown = _somebody_elses(gateway, payment)
    # Stored before it is acknowledged: what the caller was told is in the ledger.
    gateway.ledger.record(payment)
    text = _write(shown_id, shown, echo_amount=gateway.profile.sale.echo_amount)
    if effect.kind is FaultKind.MALFORMED_REPLY:
        text = text[: len(text) // 2]
    return Response(text, media_type="application/json")


def _somebody_elses(gateway: Gateway, payment: Payment) -> tuple[str, CardAnswer]:
    """The last payment's id and amounts; made-up ones where those would look like ours."""
    other = gateway.ledger.latest()
    if other is None or other.asked_cents == payment.asked_cents:
        return uuid4().hex, decide_sale(payment.asked_cents + 7 * 100)
    return other.transaction_id, decide_sale(other.asked_cents)


def _write(transaction_id: str, answer: CardAnswer, *, echo_amount: bool) -> str:
    reply: dict[str, object] = {
        "TransactionID": transaction_id,
        "TransactionStatus": answer.status,
        "ResponseCode": answer.code,
        "ResponseMessage": answer.message,
        "AuthorizationNumber": transaction_id[:6].upper() if answer.is_approved else "",
        "IsPartiallyApproved": answer.is_partial,
        # Whole dollars by the rule of the card network, so a JSON integer says it exactly.
        "PartialApprovalAmount": answer.approved_cents // 100 if answer.is_partial else None,
    }
    if echo_amount:
        # [I] Inferred, in no public sample: the amount asked comes back, so that a caller can match it.
        reply["Amount"] = format_cents(answer.asked_cents)
    return json.dumps(reply)


def _invalid(errors: list[FieldError]) -> Response:
    # [I] The shape of FieldErrors is inferred; only its name has been seen.
    fields = [{"Field": error.place, "Message": error.message} for error in errors]
    return JSONResponse({"ResponseCode": "400", "FieldErrors": fields}, status_code=400)
