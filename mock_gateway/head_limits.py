"""How large the head of a request may be, and how long it may take to arrive.

uvicorn's httptools protocol has no bound of its own on either: a head without an end would be collected
for ever.
"""

from __future__ import annotations

from asyncio import TimerHandle

from mock_gateway.hang_up import TransportSharingProtocol

MAX_HEAD_BYTES = 32 * 1024
HEAD_TIMEOUT_S = 10.0
_END = b"\r\n\r\n"


class GatewayProtocol(TransportSharingProtocol):
    """Refuses a head that is too large with 431, and one that never ends with 408."""

    max_head_bytes = MAX_HEAD_BYTES

    _in_head = True
    _head_bytes = 0
    _tail = b""
    _timer: TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        if self._in_head and self._head_bytes + len(data) > self.max_head_bytes:
            # What follows the end of the head is body, whose size is another's business.
            end = (self._tail + data).find(_END)
            if end < 0 or self._head_bytes + end > self.max_head_bytes:
                self._refuse(b"431 Request Header Fields Too Large")
                return
        # Bytes before a message that ends within them belong to no head that is still open.
        self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes:
            self._tail = data[-3:]
            if self._timer is None:
                self._timer = self.loop.call_later(HEAD_TIMEOUT_S, self._refuse, b"408 Request Timeout")

    def on_headers_complete(self) -> None:
        self._in_head = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head = True
        self._head_bytes = 0
        self._tail = b""
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        super().connection_lost(exc)

    def _refuse(self, status: bytes) -> None:
        head = b"HTTP/1.1 " + status + b"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
        self.transport.write(head)
        self.transport.close()


def bounded_protocol(max_head_bytes: int) -> type[GatewayProtocol]:
    """The protocol with this bound; uvicorn makes one of it for each connection."""
    return type("BoundedProtocol", (GatewayProtocol,), {"max_head_bytes": max_head_bytes})
