"""One payment request from its bytes to its answer, whichever wire it came over."""

from __future__ import annotations

import asyncio
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from mock_gateway.admission import read_body
from mock_gateway.cashier import Done, carry_out, prepare
from mock_gateway.errors import BodyError, RefusedError, StorageError
from mock_gateway.faults import Effect, FaultKind
from mock_gateway.field_errors import FieldError
from mock_gateway.gateway import SALE, Gateway
from mock_gateway.payment import Order
from mock_gateway.routes.business import logger, refuse_at_once


class Wire(Protocol):
    """How one interface spells credentials, orders and answers."""

    def refuse_stranger(self, request: Request) -> Response | None:
        """The answer to a caller without the right credentials, None to one that may come in."""

    def refuse_body(self, failure: BodyError) -> Response: ...

    def read(self, body: bytes) -> Order | Response | list[FieldError]:
        """The order; or its answer, where no order is behind it; or all that is wrong."""

    def refuse_fields(self, errors: list[FieldError]) -> Response: ...

    def refuse_payment(self, refused: RefusedError) -> Response: ...

    def fail(self) -> Response:
        """The answer when the gateway itself is at fault and nothing was paid."""

    def write(self, done: Done) -> str: ...

    def send(self, text: str) -> Response: ...


async def answer_payment(gateway: Gateway, request: Request, wire: Wire) -> Response:
    """Check, decide, wait as long as the card network takes, store, acknowledge."""
    settings = gateway.settings
    refusal = wire.refuse_stranger(request)
    if refusal is not None:
        return refusal
    try:
        body = await read_body(request, max_bytes=settings.max_body_bytes, timeout_s=settings.body_timeout_s)
    except BodyError as failure:
        return wire.refuse_body(failure)
    gateway.begin()
    order = wire.read(body)
    if isinstance(order, Response):
        return order
    if isinstance(order, list):
        return wire.refuse_fields(order)
    try:
        job = prepare(gateway, order)
        effect = gateway.faults.choose(
            order.action.value, gateway.tally.elapsed_s(), impossible=job.impossible(gateway)
        )
        refusal = refuse_at_once(effect)
        if refusal is not None:
            return refusal
        job.reserve(gateway)
        await _wait_for_card_network(gateway, effect)
        done = await carry_out(gateway, job, effect)
    except RefusedError as refused:
        return wire.refuse_payment(refused)
    except StorageError as failure:
        logger.error("the ledger could not be written: %s", failure)
        return wire.fail()
    text = wire.write(done)
    if effect.kind is FaultKind.MALFORMED_REPLY:
        text = text[: len(text) // 2]
    return wire.send(text)


async def _wait_for_card_network(gateway: Gateway, effect: Effect) -> None:
    wait_s = gateway.draw_service_s(SALE) + effect.added_s
    if wait_s > 0:
        await asyncio.sleep(wait_s)
