"""Answers that go out damaged: in slow drips, broken off, or no longer well-formed."""

from __future__ import annotations

import asyncio

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from mock_gateway.faults import Effect, FaultKind
from mock_gateway.hang_up import close_connection

_DRIPS = 20


class _Spoiled(Response):
    """Takes over status, headers and body of a finished answer."""

    def __init__(self, spoiled: Response) -> None:
        super().__init__(status_code=spoiled.status_code)
        self.body = spoiled.body
        self.raw_headers = spoiled.raw_headers

    async def start(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})


class SlowDrip(_Spoiled):
    """Status and headers at once, the body in small pieces over `seconds`."""

    def __init__(self, spoiled: Response, seconds: float) -> None:
        super().__init__(spoiled)
        self._seconds = seconds

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await self.start(send)
        body = bytes(self.body)
        drips = min(_DRIPS, len(body)) or 1
        for drip in range(drips):
            await asyncio.sleep(self._seconds / drips)
            piece = body[drip * len(body) // drips : (drip + 1) * len(body) // drips]
            await send({"type": "http.response.body", "body": piece, "more_body": drip + 1 < drips})


class TruncatedBody(_Spoiled):
    """Announces the whole body, sends half of it and closes the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.start(send)
        body = bytes(self.body)
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        await close_connection(scope, receive)


def spoil(response: Response, effect: Effect) -> Response:
    """The answer as the fault lets it out; untouched by faults of any other kind."""
    fault = effect.fault
    if fault is None:
        return response
    if fault.kind is FaultKind.SLOW_DRIP:
        return SlowDrip(response, fault.add or 0.0)
    if fault.kind is FaultKind.TRUNCATED_BODY:
        return TruncatedBody(response)
    if fault.kind is FaultKind.MALFORMED_ENVELOPE:
        return break_off(response)
    return response


def break_off(response: Response) -> Response:
    """The first half of the answer as if it were all of it: no longer well-formed."""
    body = bytes(response.body)
    return Response(body[: len(body) // 2], status_code=response.status_code, media_type=response.media_type)
