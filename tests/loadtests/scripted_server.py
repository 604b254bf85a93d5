"""A server that says what a test wrote for it, byte for byte, and keeps what it heard."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import gevent
from gevent import socket
from gevent.event import Event
from gevent.server import StreamServer

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Line:
    """One connection, seen from the server."""

    def __init__(self, connection: Any, peer: tuple[str, int]) -> None:
        self._connection = connection
        self.port = peer[1]
        self.closed_by_peer = Event()

    def hear(self) -> bytes:
        """One whole request; nothing once the client has closed."""
        heard = b""
        while b"\r\n\r\n" not in heard or len(heard) < self._whole(heard):
            try:
                data = self._connection.recv(65_536)
            except OSError:
                data = b""
            if not data:
                self.closed_by_peer.set()
                return heard
            heard += data
        return heard

    @staticmethod
    def _whole(heard: bytes) -> int:
        head, _, _ = heard.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        return len(head) + 4 + int(length or 0)

    def say(self, *parts: bytes, pause_s: float = 0.002) -> None:
        """Send the parts one by one, each in a packet of its own."""
        for part in parts:
            self._connection.sendall(part)
            gevent.sleep(pause_s)

    def reset(self) -> None:
        """Close in the rudest way: the peer gets ECONNRESET."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._connection.close()


class ScriptedServer:
    """Runs `script` once a connection; a script that returns closes its connection."""

    def __init__(self, script: Callable[[Line], None]) -> None:
        self._script = script
        self.requests: list[bytes] = []
        self.ports: list[int] = []
        self._server = StreamServer(("127.0.0.1", 0), self._serve)
        self._server.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def _serve(self, connection: Any, peer: tuple[str, int]) -> None:
        line = Line(connection, peer)
        hear = line.hear

        def heard() -> bytes:
            request = hear()
            if request:
                self.requests.append(request)
                self.ports.append(line.port)
            return request

        line.hear = heard  # type: ignore[method-assign]
        self._script(line)

    def stop(self) -> None:
        self._server.stop(timeout=0)


def answering(*parts: bytes) -> Callable[[Line], None]:
    """A script that answers every request of a connection with these parts."""

    def script(line: Line) -> None:
        while line.hear():
            line.say(*parts)

    return script


def answering_once(*parts: bytes) -> Callable[[Line], None]:
    """A script that answers one request and closes."""

    def script(line: Line) -> None:
        line.hear()
        line.say(*parts)

    return script
