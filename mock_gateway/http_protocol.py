"""uvicorn's HTTP protocol with a bound on the request head, and with its transport within reach."""

from __future__ import annotations

from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mock_gateway.hang_up import TRANSPORT

_TOO_LARGE = "431 Request Header Fields Too Large"
# A head that is begun and not finished for so long will not be.
_UNFINISHED_S = 15.0


class BoundedProtocol(HttpToolsProtocol):
    """Refuses heads that are too long, also those that never end."""

    max_head_bytes = 32 * 1024

    _head_bytes = 0
    _in_head = False
    _is_refused = False

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        self._head_bytes = 0
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]
        scope["extensions"] = {TRANSPORT: self.transport}

    def on_headers_complete(self) -> None:
        self._in_head = False
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > self.max_head_bytes:
            self._is_refused = True
            raise httptools.HttpParserError("the head is too large")
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._in_head or self.transport.is_closing():
            return
        self._head_bytes += len(data)
        if self._head_bytes > self.max_head_bytes:
            self._is_refused = True
            self.send_400_response("")
        else:
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(
                _UNFINISHED_S, self.timeout_keep_alive_handler
            )

    def send_400_response(self, msg: str) -> None:
        if not self._is_refused:
            super().send_400_response(msg)
            return
        head = f"HTTP/1.1 {_TOO_LARGE}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        self.transport.write(head.encode())
        self.transport.close()


def bounded_protocol(max_head_bytes: int) -> type[BoundedProtocol]:
    """The protocol with this bound; uvicorn makes one of it for each connection."""
    return type("BoundedProtocol", (BoundedProtocol,), {"max_head_bytes": max_head_bytes})
