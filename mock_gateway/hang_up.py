"""Ways of not answering: cutting the connection, closing it too early, and keeping it without a word."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_EXTENSION = "mock_gateway.transport"


class TransportSharingProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol that also hands its transport on: ASGI has no way to cut a line."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]
        scope["extensions"] = {_EXTENSION: self.transport}


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def close_connection(scope: Scope, receive: Receive) -> None:
    """Close in the ordinary way, once what was written has gone out."""
    transport: asyncio.Transport = scope["extensions"][_EXTENSION]
    transport.close()
    await _wait_for_disconnect(receive)


class BlackHole(Response):
    """Never answers; ends when the caller gives up."""

    async def __call__(self, _scope: Scope, receive: Receive, _send: Send) -> None:
        await _wait_for_disconnect(receive)


class Reset(Response):
    """Cuts the connection with a TCP reset instead of an answer."""

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        transport: asyncio.Transport = scope["extensions"][_EXTENSION]
        connection = transport.get_extra_info("socket")
        if connection is not None:
            # A linger of zero seconds makes the kernel send RST rather than FIN.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
        await _wait_for_disconnect(receive)
