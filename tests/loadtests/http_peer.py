"""The other side of a connection, for tests of the client: it does to the bytes exactly what a test says."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import gevent
from gevent import socket, ssl
from gevent.server import StreamServer

REPLY = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

# what a peer does with one request: its connection and the whole request
Answer = Callable[[Any, bytes], None]


class Peer:
    """Listens on loopback; each request is answered by the next of `answers`, the last one for ever after."""

    def __init__(
        self, *answers: Answer | bytes, tls: ssl.SSLContext | None = None, family: int = socket.AF_INET
    ) -> None:
        self._answers = list(answers)
        self.requests: list[bytes] = []
        self.connections = 0
        self.open: list[Any] = []
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        listener.listen(16)
        self.port: int = listener.getsockname()[1]
        self._server = StreamServer(listener, self._serve, **({"ssl_context": tls} if tls else {}))

    def _serve(self, connection: Any, _: object) -> None:
        self.connections += 1
        self.open.append(connection)
        with contextlib.suppress(OSError):
            data = b""
            while True:
                part = connection.recv(65_536)
                if not part:
                    return
                data += part
                while (end := _end_of_request(data)) is not None:
                    request, data = data[:end], data[end:]
                    self.requests.append(request)
                    answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
                    if callable(answer):
                        answer(connection, request)
                    else:
                        connection.sendall(answer)

    @contextlib.contextmanager
    def listening(self) -> Iterator[Peer]:
        """While it listens."""
        self._server.start()
        try:
            yield self
        finally:
            self._server.stop(timeout=0)
            for connection in self.open:
                connection.close()


def _end_of_request(data: bytes) -> int | None:
    head, found, _ = data.partition(b"\r\n\r\n")
    if not found:
        return None
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    end = len(head) + 4 + length
    return end if len(data) >= end else None


def in_pieces(*pieces: bytes, every_s: float = 0.01) -> Answer:
    """Send a reply piece by piece."""

    def answer(connection: Any, _: bytes) -> None:
        for piece in pieces:
            connection.sendall(piece)
            gevent.sleep(every_s)

    return answer


def then_close(reply: bytes, after_s: float = 0.0) -> Answer:
    """Send this, then close without a word."""

    def answer(connection: Any, _: bytes) -> None:
        connection.sendall(reply)
        gevent.sleep(after_s)
        connection.close()

    return answer


def reset(connection: Any, _: bytes) -> None:
    """Close with a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    connection.close()


def silence(_: Any, __: bytes) -> None:
    """Say nothing."""
