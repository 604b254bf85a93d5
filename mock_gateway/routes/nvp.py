"""POST /payment/NVP.aspx: payments as name-value pairs."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from mock_gateway.admission import has_basic
from mock_gateway.cashier import Done
from mock_gateway.errors import BodyError, RefusedError
from mock_gateway.field_errors import FieldError
from mock_gateway.gateway import Gateway
from mock_gateway.nvp_form import write_form
from mock_gateway.nvp_reply import Pairs, describe_done, describe_receipt
from mock_gateway.nvp_request import ReceiptQuery, read_nvp_order
from mock_gateway.payment import Order
from mock_gateway.payment_state import INVALID_TRANSACTION
from mock_gateway.routes.payment_flow import LookUp, answer_payment
from mock_gateway.transaction_ids import make_transaction_id

NVP_PATH = "/payment/NVP.aspx"
# [I] The answers of the samples are forms like the requests.
_CONTENT_TYPE = "application/x-www-form-urlencoded"
_INVALID = "400"
_REFERENCE_CHARS = 10


class NvpWire:
    """How the NVP interface spells payments."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._facts = gateway.profile.payments
        self._echoes_amount = gateway.profile.sale.echo_amount

    async def answer(self, gateway: Gateway, request: Request) -> Response:
        return await answer_payment(gateway, request, self)

    def refuse_stranger(self, request: Request) -> Response | None:
        if has_basic(request, self._gateway.settings.credentials):
            return None
        headers = {"WWW-Authenticate": 'Basic realm="mock gateway"'}
        return self._error("401", "Unauthorized", status=401, headers=headers)

    def refuse_body(self, failure: BodyError) -> Response:
        return self._error(str(failure.status), str(failure), status=failure.status)

    def read(self, body: bytes) -> Order | LookUp | list[FieldError]:
        order = read_nvp_order(
            body, card_key_of=self._gateway.duplicates.card_key, captures=self._facts.capture
        )
        return LookUp(answer=partial(self._show_receipt, order)) if isinstance(order, ReceiptQuery) else order

    def _show_receipt(self, query: ReceiptQuery) -> Response:
        ledger = self._gateway.ledger
        payment = ledger.find(query.key)
        if payment is None:
            found = ledger.find_by_reference(query.key)
            payment = found[0] if found else None
        if payment is None:
            return self._error(INVALID_TRANSACTION, "singleSignOnToken names no payment")
        return self._send(describe_receipt(payment, self._facts, echo_amount=self._echoes_amount))

    def refuse_fields(self, errors: list[FieldError]) -> Response:
        return self._error(_INVALID, "; ".join(f"{error.place} {error.message}".strip() for error in errors))

    def refuse_payment(self, refused: RefusedError) -> Response:
        return self._error(refused.code, f"{refused.place} {refused}")

    def fail(self) -> Response:
        return self._error(_INVALID, "An unexpected error occurred")

    def acknowledge(self, done: Done) -> Response:
        return self._send(describe_done(done, self._facts, echo_amount=self._echoes_amount))

    def _send(self, pairs: Pairs) -> Response:
        return Response(self._text(pairs), media_type=_CONTENT_TYPE)

    def _text(self, pairs: Pairs) -> str:
        return write_form(pairs, encodes_values=self._facts.nvp_encodes_values)

    def _error(
        self, code: str, message: str, *, status: int | None = None, headers: dict[str, str] | None = None
    ) -> Response:
        # Every error ends in a number to quote to the support desk, as the documented one does.
        number = make_transaction_id()[-_REFERENCE_CHARS:].upper()
        text = self._text({"errorCode": code, "errorMessage": f"{message}. Reference Number {number}"})
        return Response(
            text,
            status_code=self._facts.nvp_error_status if status is None else status,
            media_type=_CONTENT_TYPE,
            headers=headers,
        )
