"""What every business route has in common: it is counted, and no failure of ours escapes with data in it."""

from __future__ import annotations

import logging
import math
import time
import traceback
from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from mock_gateway.faults import FaultKind
from mock_gateway.gateway import Gateway
from mock_gateway.hang_up import BlackHole, Reset
from mock_gateway.spoiled_reply import spoil
from mock_gateway.visit import INTERNAL_ERROR, Visit, begin_visit

logger = logging.getLogger("mock_gateway")

Handler = Callable[[Gateway, Request], Awaitable[Response]]
_NO_END_S = 3600


class BusinessRoute:
    """An ASGI endpoint around one handler; plain ASGI, as a middleware costs more than these routes do."""

    def __init__(self, gateway: Gateway, name: str, handler: Handler) -> None:
        self._gateway = gateway
        self._name = name
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gateway = self._gateway
        visit = begin_visit(scope, self._name, time.monotonic())
        status = "0"
        gateway.tally.enter()
        try:
            response = await self._answer(Request(scope, receive), visit)
            status = _status_of(response)
            gateway.tally.count(visit.route, status)
            await response(scope, receive, send)
        finally:
            gateway.tally.leave()
            gateway.record(visit, status)

    async def _answer(self, request: Request, visit: Visit) -> Response:
        gateway = self._gateway
        try:
            closed = _find_maintenance(gateway, visit)
            if closed is not None:
                return closed
            if gateway.tally.has_begun:
                await gateway.hold(visit)
            response = await self._handler(gateway, request)
            await gateway.hold(visit)
            return spoil(response, visit.effect)
        except Exception as failure:
            # Only type and place: the text of an exception may hold what the caller sent.
            place = traceback.extract_tb(failure.__traceback__)[-1]
            logger.error("%s in %s line %s", type(failure).__name__, place.name, place.lineno)
            visit.cause = INTERNAL_ERROR
            return JSONResponse({"Message": "An unexpected error occurred"}, status_code=500)


def meet_faults(
    gateway: Gateway, visit: Visit, *, payer: str = "", impossible: AbstractSet[FaultKind] = frozenset()
) -> Response | None:
    """Draw what befalls a request whose route is known by now, and note it in its visit.

    Gives the answer, or the lack of one, of a fault that replaces the work: nothing is decided then and no
    money is taken. The other faults delay the work or spoil its answer. `impossible` as in FaultPlan.choose.
    """
    closed = _find_maintenance(gateway, visit)
    if closed is not None:
        return closed
    elapsed_s = gateway.tally.elapsed_s()
    effect = gateway.faults.choose(visit.route, elapsed_s, payer=payer, impossible=impossible)
    visit.effect, visit.payer = effect, payer
    match effect.kind:
        case FaultKind.RESET:
            return Reset()
        case FaultKind.BLACK_HOLE:
            return BlackHole()
        case FaultKind.ERROR_STATUS if effect.fault is not None:
            return JSONResponse({"Message": "The gateway cannot answer"}, status_code=effect.fault.status)
    return None


def _find_maintenance(gateway: Gateway, visit: Visit) -> Response | None:
    """503 with the seconds after which to come again, where the route of the visit is closed."""
    closed_s = gateway.faults.find_maintenance(visit.route, gateway.tally.elapsed_s())
    if closed_s is None:
        return None
    # A window that began with the first request must also end: its refusals start the clock.
    gateway.begin()
    visit.cause = FaultKind.MAINTENANCE.value
    after_s = math.ceil(closed_s) if math.isfinite(closed_s) else _NO_END_S
    return JSONResponse(
        {"Message": "Closed for maintenance"}, status_code=503, headers={"Retry-After": str(max(1, after_s))}
    )


def _status_of(response: Response) -> str:
    if isinstance(response, Reset):
        return FaultKind.RESET.value
    if isinstance(response, BlackHole):
        return FaultKind.BLACK_HOLE.value
    return str(response.status_code)
