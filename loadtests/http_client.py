"""HTTP/1.1 for one user: at most one connection a host, one request at a time, and nothing ever sent twice.

A general client resends a request when a kept connection turns out dead. Here that could charge a card twice, so a
request goes out once: a connection that the peer closed while it lay idle is replaced before anything is sent, and
what happens afterwards is the outcome.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from loadtests.connections.connection import IDLE_AT_MOST_S, Connection
from loadtests.connections.dialing import Dialer, Origin
from loadtests.connections.faults import (
    ConnectionFailedError,
    NoAnswerInTimeError,
    UnreadableReplyError,
    mapped,
)
from loadtests.connections.framing import MAX_REPLY_BYTES
from loadtests.transaction import Call, Reply

__all__ = [
    "IDLE_AT_MOST_S",
    "MAX_REPLY_BYTES",
    "Client",
    "ConnectionFailedError",
    "HttpClient",
    "Limits",
    "NoAnswerInTimeError",
    "UnreadableReplyError",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Time-outs in seconds."""

    connect_s: float
    first_byte_s: float
    whole_s: float


class Client(Protocol):
    """What a user sends with: HttpClient, or Locust's own client behind the same two methods."""

    def exchange(self, call: Call) -> Reply:
        """Send once and wait for the whole reply."""

    def close(self) -> None:
        """Close every connection."""


class _Lane:
    """The one connection to an origin, and the TLS session that its successor may go on with."""

    __slots__ = ("connection", "origin", "session")

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.connection: Connection | None = None
        self.session: Any = None

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.session = self.connection.tls_session or self.session
            self.connection = None


class _Endpoint:
    """A URL with the head of its requests ready in bytes: up to the length, and the headers after it."""

    __slots__ = ("head", "headers", "lane", "opening")

    def __init__(self, lane: _Lane, opening: bytes) -> None:
        self.lane = lane
        self.opening = opening
        self.headers: Mapping[str, str] | None = None
        self.head = b""

    def write_head(self, headers: Mapping[str, str]) -> bytes:
        self.headers, self.head = headers, _lines(headers)
        return self.head


def _lines(headers: Mapping[str, str]) -> bytes:
    return "".join([f"{name}: {value}\r\n" for name, value in headers.items()]).encode("latin-1")


class HttpClient:
    """A user's connections. Not for use by two greenlets at once."""

    def __init__(self, limits: Limits, dialer: Dialer | None = None) -> None:
        self._dialer = dialer or Dialer()
        self._connect_s = limits.connect_s
        self._first_byte_s = min(limits.first_byte_s, limits.whole_s)
        self._whole_s = limits.whole_s
        self._keep = self._dialer.settings.connections == "keep-alive"
        self._lanes: dict[Origin, _Lane] = {}
        self._endpoints: dict[str, _Endpoint] = {}

    def exchange(self, call: Call) -> Reply:
        """Send once and wait for the whole reply.

        Raises NoAnswerInTimeError, ConnectionFailedError or UnreadableReplyError. Whatever ends it early, the kill
        of its greenlet included, closes the connection.
        """
        try:
            endpoint = self._endpoints.get(call.url) or self._endpoint(call.url)
            # a wire hands the same mapping over each time, so that it is turned into bytes once
            head = endpoint.head if call.headers is endpoint.headers else endpoint.write_head(call.headers)
            body = call.body
            request = b"%b%d\r\n%b%b\r\n%b" % (endpoint.opening, len(body), head, call.own_lines, body)
            lane, now_s = endpoint.lane, time.monotonic()
            connection = lane.connection
            # one that has just answered needs no look, and no call for one
            if connection is None or not (now_s < connection.fresh_until_s or connection.is_usable(now_s)):
                connection = self._connect(lane)
                now_s = time.monotonic()
            reply = connection.exchange(request, now_s, self._first_byte_s, self._whole_s)
        except Exception as error:
            fault = mapped(error)
            if fault is error:
                raise
            raise fault from error
        if not (self._keep and connection.alive):
            lane.close()
        return reply

    def close(self) -> None:
        """Close every connection."""
        for lane in self._lanes.values():
            lane.close()

    def _connect(self, lane: _Lane) -> Connection:
        lane.close()
        lane.connection = self._dialer.connect(lane.origin, self._connect_s, lane.session)
        return lane.connection

    def _endpoint(self, url: str) -> _Endpoint:
        parts = urlsplit(url)
        origin = Origin.of(url)
        lane = self._lanes.setdefault(origin, _Lane(origin))
        lines = [f"POST {parts.path or '/'} HTTP/1.1", f"Host: {parts.netloc}"]
        if self._dialer.settings.gzip:
            lines.append("Accept-Encoding: gzip")
        if not self._keep:
            lines.append("Connection: close")
        opening = "\r\n".join([*lines, "Content-Length: "]).encode("latin-1")
        self._endpoints[url] = _Endpoint(lane, opening)
        return self._endpoints[url]
