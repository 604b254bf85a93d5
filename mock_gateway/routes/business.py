"""What every business route has in common: it is counted, and no failure of ours escapes with data in it."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from mock_gateway.faults import Effect, FaultKind
from mock_gateway.gateway import Gateway
from mock_gateway.hang_up import BlackHole, Reset

logger = logging.getLogger("mock_gateway")

Handler = Callable[[Gateway, Request], Awaitable[Response]]


class BusinessRoute:
    """An ASGI endpoint around one handler; plain ASGI, as a middleware costs more than these routes do."""

    def __init__(self, gateway: Gateway, name: str, handler: Handler) -> None:
        self._gateway = gateway
        self._name = name
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        tally = self._gateway.tally
        tally.enter()
        try:
            response = await self._answer(Request(scope, receive))
            tally.count(self._name, _status_of(response))
            await response(scope, receive, send)
        finally:
            tally.leave()

    async def _answer(self, request: Request) -> Response:
        try:
            return await self._handler(self._gateway, request)
        except Exception as failure:
            # Only type and place: the text of an exception may hold what the caller sent.
            place = traceback.extract_tb(failure.__traceback__)[-1]
            logger.error("%s in %s line %s", type(failure).__name__, place.name, place.lineno)
            return JSONResponse({"Message": "An unexpected error occurred"}, status_code=500)


def refuse_at_once(effect: Effect) -> Response | None:
    """The answer, or the lack of one, of a fault that replaces the work; None for every other."""
    match effect.kind:
        case FaultKind.RESET:
            return Reset()
        case FaultKind.BLACK_HOLE:
            return BlackHole()
        case FaultKind.ERROR_STATUS if effect.fault is not None:
            return JSONResponse({"Message": "The gateway cannot answer"}, status_code=effect.fault.status)
    return None


def _status_of(response: Response) -> str:
    if isinstance(response, Reset):
        return FaultKind.RESET.value
    if isinstance(response, BlackHole):
        return FaultKind.BLACK_HOLE.value
    return str(response.status_code)
