"""HTTP/1.1 for one user: at most one connection a host, one request at a time, and nothing ever sent twice.

A general client resends a request when a kept connection turns out dead. Here that could charge a card twice, so a
request goes out once: a kept connection is looked at before it is used, and what happens afterwards is the outcome.
"""

from __future__ import annotations

import socket as plain_socket
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httptools
from gevent import socket, ssl

from loadtests.transaction import Call, Reply

MAX_REPLY_BYTES = 16 * 1024 * 1024
# Servers close idle connections after five seconds and more; one that is older may be closing just as we send.
IDLE_AT_MOST_S = 4.0
_RECEIVE_BYTES = 65_536


class NoAnswerInTimeError(TimeoutError):
    """Connecting, the first byte or the whole reply took longer than allowed."""


class ConnectionFailedError(ConnectionError):
    """Refused, reset, closed before the reply was whole, or TLS not agreed."""


class UnreadableReplyError(ValueError):
    """What came is not an HTTP reply, or larger than 16 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Time-outs in seconds."""

    connect_s: float
    first_byte_s: float
    whole_s: float


class _ReplyReader:
    """httptools callbacks that gather one final reply; interim (1xx) replies pass by."""

    def __init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.body = bytearray()
        self.complete = False
        self.framed = False
        self.headers_complete = False
        self.status = 0
        self.keep = False

    def on_message_begin(self) -> None:
        if self.complete:  # a second reply that nobody asked for
            self.keep = False
            return
        self.framed = self.headers_complete = False
        self.body.clear()

    def on_header(self, name: bytes, _value: bytes) -> None:
        self.framed = self.framed or name.lower() in (b"content-length", b"transfer-encoding")

    def on_headers_complete(self) -> None:
        if not self.complete:
            self.status = self.parser.get_status_code()
            self.headers_complete = self.status >= 200

    def on_body(self, part: bytes) -> None:
        if self.complete:
            return
        self.body += part
        if len(self.body) > MAX_REPLY_BYTES:
            raise UnreadableReplyError(f"reply larger than {MAX_REPLY_BYTES} bytes")

    def on_message_complete(self) -> None:
        if not self.complete and self.status >= 200:
            self.complete = True
            self.keep = self.parser.should_keep_alive()  # llhttp knows it only here


class HttpClient:
    """A user's connections. Not for use by two greenlets at once."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._connections: dict[tuple[str, str, int], tuple[Any, float]] = {}

    def exchange(self, call: Call) -> Reply:
        """Send once and wait for the whole reply.

        Raises NoAnswerInTimeError, ConnectionFailedError or UnreadableReplyError. Whatever ends it early, the kill
        of its greenlet included, closes the connection.
        """
        parts = urlsplit(call.url)
        host = parts.hostname or ""
        key = (parts.scheme, host, parts.port or (443 if parts.scheme == "https" else 80))
        head = [
            f"POST {parts.path or '/'} HTTP/1.1",
            f"Host: {parts.netloc}",
            f"Content-Length: {len(call.body)}",
        ]
        head += [f"{name}: {value}" for name, value in call.headers.items()]
        request = "\r\n".join([*head, "", ""]).encode("latin-1") + call.body
        connection, last_used = self._connections.pop(key, (None, 0.0))
        if connection is not None and (
            time.monotonic() - last_used > IDLE_AT_MOST_S or _is_stale(connection)
        ):
            connection.close()
            connection = None
        try:
            if connection is None:
                connection = self._connect(*key)
            reply, keep = self._talk(connection, request)
        except BaseException as error:
            if connection is not None:
                connection.close()
            raise _mapped(error) from error
        if keep:
            self._connections[key] = (connection, time.monotonic())
        else:
            connection.close()
        return reply

    def close(self) -> None:
        """Close every connection."""
        while self._connections:
            self._connections.popitem()[1][0].close()

    def _connect(self, scheme: str, host: str, port: int) -> Any:
        connection = socket.create_connection((host, port), timeout=self._limits.connect_s)
        connection.setsockopt(plain_socket.IPPROTO_TCP, plain_socket.TCP_NODELAY, 1)
        if scheme == "https":
            connection = _tls_context().wrap_socket(connection, server_hostname=host)
        return connection

    def _talk(self, connection: Any, request: bytes) -> tuple[Reply, bool]:
        began = time.monotonic()
        connection.settimeout(self._limits.whole_s)
        connection.sendall(request)
        reader = _ReplyReader()
        first = True
        while True:
            limit = min(self._limits.first_byte_s, self._limits.whole_s) if first else self._limits.whole_s
            left = began + limit - time.monotonic()
            if left <= 0:
                raise NoAnswerInTimeError(f"no {'first byte' if first else 'whole reply'} within {limit:g} s")
            connection.settimeout(left)
            data = connection.recv(_RECEIVE_BYTES)
            if not data:
                if reader.headers_complete and not reader.framed:
                    break  # a body that ends with the connection
                raise ConnectionFailedError("closed before the reply was whole")
            first = False
            reader.parser.feed_data(data)
            if reader.complete:
                break
        return Reply(status=reader.status, body=bytes(reader.body)), reader.keep


def _is_stale(connection: Any) -> bool:
    """Whether the peer closed, or sent what nobody asked for, while the connection lay idle."""
    if isinstance(connection, ssl.SSLSocket):
        return True  # pending TLS records can hide a close; a new connection is the safe one
    try:
        connection._sock.recv(1, plain_socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _mapped(error: BaseException) -> BaseException:
    """The client's own exception for a dependency's; a kill passes through as it is."""
    if isinstance(error, NoAnswerInTimeError | ConnectionFailedError | UnreadableReplyError):
        return error
    if isinstance(error, TimeoutError):
        return NoAnswerInTimeError(str(error) or "timed out")
    if isinstance(error, httptools.HttpParserError | httptools.HttpParserUpgrade):
        inner = error.__context__
        return inner if isinstance(inner, UnreadableReplyError) else UnreadableReplyError("not an HTTP reply")
    if isinstance(error, OSError | UnicodeError):  # a host name that IDNA refuses is a UnicodeError
        return ConnectionFailedError(str(error) or type(error).__name__)
    return error


_context: ssl.SSLContext | None = None


def _tls_context() -> ssl.SSLContext:
    """One verified context for the process; building it reads the whole trust store."""
    global _context
    if _context is None:
        _context = ssl.create_default_context()
    return _context
