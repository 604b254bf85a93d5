"""POST /rest/payment/…: payments as JSON."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mock_gateway.admission import has_api_key
from mock_gateway.cashier import Done, Saved
from mock_gateway.errors import BodyError, RefusedError
from mock_gateway.field_errors import FieldError
from mock_gateway.gateway import Gateway
from mock_gateway.money import format_cents
from mock_gateway.payment import Action, Order
from mock_gateway.recent_charges import Charged
from mock_gateway.rest_request import read_rest_order
from mock_gateway.routes.payment_flow import answer_payment
from mock_gateway.transaction_ids import authorization_number

REST_PATHS = {
    Action.SALE: "/rest/payment/sale",
    Action.AUTH: "/rest/payment/auth",
    Action.CAPTURE: "/rest/payment/capture",
    Action.VOID: "/rest/payment/void",
    Action.REFUND: "/rest/payment/refund-simple",
    Action.TOKEN: "/rest/payment/paymentplan",
}


class RestWire:
    """How the REST interface spells one action."""

    def __init__(self, gateway: Gateway, action: Action) -> None:
        self._gateway = gateway
        self._action = action
        self._facts = gateway.profile.payments
        self._echoes_amount = gateway.profile.sale.echo_amount

    async def answer(self, gateway: Gateway, request: Request) -> Response:
        return await answer_payment(gateway, request, self)

    def refuse_stranger(self, request: Request) -> Response | None:
        if has_api_key(request, self._gateway.settings.credentials):
            return None
        return JSONResponse({"Message": "Unauthorized"}, status_code=401)

    def refuse_body(self, failure: BodyError) -> Response:
        return JSONResponse({"Message": str(failure)}, status_code=failure.status)

    def read(self, body: bytes) -> Order | list[FieldError]:
        return read_rest_order(self._action, body, card_key_of=self._gateway.duplicates.card_key)

    def refuse_fields(self, errors: list[FieldError]) -> Response:
        return self._refuse("400", "INVALID REQUEST", errors)

    def refuse_payment(self, refused: RefusedError) -> Response:
        error = FieldError(place=refused.place, message=str(refused))
        return self._refuse(refused.code, "REFUSED", [error])

    def _refuse(self, code: str, message: str, errors: list[FieldError]) -> Response:
        # [I] The shape of FieldErrors is inferred; only its name has been seen.
        fields = [{"Field": error.place, "Message": error.message} for error in errors]
        body = {"ResponseCode": code, "ResponseMessage": message, "FieldErrors": fields}
        return JSONResponse(body, status_code=self._facts.refusal_status)

    def fail(self) -> Response:
        return JSONResponse({"Message": "An unexpected error occurred"}, status_code=500)

    def acknowledge(self, done: Done) -> Response:
        return Response(json.dumps(self._describe(done)), media_type="application/json")

    def _describe(self, done: Done) -> dict[str, Any]:
        if isinstance(done, Charged):
            return self._charged(done)
        if isinstance(done, Saved):
            return _saved(done)
        row, is_void = done.row, done.row.action == Action.VOID
        reply: dict[str, Any] = {
            "TransactionID": row.transaction_id,
            "TransactionStatus": self._facts.rest_void_status if is_void else row.status,
            "ResponseCode": "000",
            "ResponseMessage": "APPROVAL",
            "PrimaryTransactionID": done.primary.transaction_id,
            "PrimaryTransactionStatus": done.primary.status,
        }
        if self._echoes_amount and not is_void:
            reply["Amount"] = format_cents(row.approved_cents)
        return reply

    def _charged(self, charged: Charged) -> dict[str, Any]:
        answer, transaction_id = charged.answer, charged.payment.transaction_id
        reply: dict[str, Any] = {
            "TransactionID": transaction_id,
            "TransactionStatus": answer.status,
            "ResponseCode": answer.code,
            "ResponseMessage": answer.message,
            "AuthorizationNumber": authorization_number(transaction_id) if answer.is_approved else "",
            "IsPartiallyApproved": answer.is_partial,
        }
        if answer.is_partial:
            # Whole dollars by the rule of the card network, so a JSON integer says it exactly.
            reply["PartialApprovalAmount"] = answer.approved_cents // 100
        elif self._facts.absent_partial_amount == "null":
            reply["PartialApprovalAmount"] = None
        if self._echoes_amount:
            # [I] Inferred, in no public sample: the amount asked comes back, so that a caller can match it.
            reply["Amount"] = format_cents(answer.asked_cents)
        return reply


def _saved(saved: Saved) -> dict[str, Any]:
    face = saved.order.face
    return {
        "PaymentPlanID": saved.payment.transaction_id,
        "TransactionStatus": saved.payment.status,
        "ResponseCode": "000",
        "ResponseMessage": "APPROVAL",
        "CardResult": {
            "EntryMode": "key",
            "BINNumber": face.bin_number,
            "ExpirationMonth": face.month,
            "ExpirationYear": face.year,
            "LastFour": saved.payment.last_four,
            "Type": saved.payment.brand,
        },
    }
