"""One payment request from its bytes to its answer, whichever wire it came over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from mock_gateway.admission import read_body
from mock_gateway.cashier import Done, carry_out, prepare
from mock_gateway.errors import BodyError, RefusedError, StorageError
from mock_gateway.faults import FaultKind
from mock_gateway.field_errors import FieldError
from mock_gateway.gateway import Gateway
from mock_gateway.payment import Order
from mock_gateway.route_names import RECEIPT
from mock_gateway.routes.business import logger, meet_faults
from mock_gateway.spoiled_reply import break_off
from mock_gateway.visit import INTERNAL_ERROR, Visit, visit_of


@dataclass(frozen=True, slots=True, kw_only=True)
class LookUp:
    """A question with no order behind it: the gateway answers it by itself."""

    answer: Callable[[], Response]


class Wire(Protocol):
    """How one interface spells credentials, orders and answers."""

    def refuse_stranger(self, request: Request) -> Response | None:
        """The answer to a caller without the right credentials, None to one that may come in."""

    def refuse_body(self, failure: BodyError) -> Response: ...

    def read(self, body: bytes) -> Order | LookUp | list[FieldError]:
        """What is asked for, or all that is wrong."""

    def refuse_fields(self, errors: list[FieldError]) -> Response: ...

    def refuse_payment(self, refused: RefusedError) -> Response: ...

    def fail(self) -> Response:
        """The answer when the gateway itself is at fault and nothing was paid."""

    def acknowledge(self, done: Done) -> Response: ...


async def answer_payment(gateway: Gateway, request: Request, wire: Wire) -> Response:
    """Check, decide, wait as long as the card network takes, store, acknowledge."""
    settings, visit = gateway.settings, visit_of(request)
    refusal = wire.refuse_stranger(request)
    if refusal is not None:
        return refusal
    try:
        body = await read_body(request, max_bytes=settings.max_body_bytes, timeout_s=settings.body_timeout_s)
    except BodyError as failure:
        return wire.refuse_body(failure)
    gateway.begin()
    order = wire.read(body)
    if isinstance(order, list):
        visit.is_refused = True
        return wire.refuse_fields(order)
    if isinstance(order, LookUp):
        visit.route = RECEIPT
        response = await _look_up(gateway, visit, order)
    else:
        visit.route = order.action.value
        response = await _pay(gateway, visit, order, wire)
    return break_off(response) if visit.effect.kind is FaultKind.MALFORMED_REPLY else response


async def _look_up(gateway: Gateway, visit: Visit, question: LookUp) -> Response:
    refusal = meet_faults(gateway, visit)
    if refusal is not None:
        return refusal
    await gateway.serve(visit, asks_others=False)
    return question.answer()


async def _pay(gateway: Gateway, visit: Visit, order: Order, wire: Wire) -> Response:
    try:
        job = prepare(gateway, order)
        refusal = meet_faults(gateway, visit, impossible=job.impossible(gateway))
        if refusal is not None:
            return refusal
        job.reserve(gateway)
        await gateway.serve(visit)
        done = await carry_out(gateway, job, visit.effect)
    except RefusedError as refused:
        visit.is_refused = True
        return wire.refuse_payment(refused)
    except StorageError as failure:
        logger.error("the ledger could not be written: %s", failure)
        visit.cause = INTERNAL_ERROR
        return wire.fail()
    return wire.acknowledge(done)
