"""From a host's name to a connected socket: addresses in turn, a proxy where one is declared, TLS on top."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from gevent import Timeout, socket

from loadtests.connections.addresses import Address, Addresses
from loadtests.connections.connection import Connection
from loadtests.connections.deadlines import Deadlines
from loadtests.connections.faults import ConnectionFailedError, NoAnswerInTimeError
from loadtests.connections.framing import KnownHeads
from loadtests.connections.trust import tls_context
from scenarios.target import Client, Tls

_MAX_PROXY_HEAD_BYTES = 16 * 1024
_USUAL_PROXY_PORT = 3128


@dataclass(frozen=True, slots=True)
class Origin:
    """Where requests of one endpoint go."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Origin:
        """The origin of a URL."""
        parts = urlsplit(url)
        return cls(parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))

    def through(self, client: Client) -> Origin:
        """Where to connect to on the way there: the proxy, if one is declared."""
        if client.proxy is None:
            return self
        parts = urlsplit(client.proxy)
        return Origin(parts.scheme, parts.hostname or "", parts.port or _USUAL_PROXY_PORT)


class Dialer:
    """What the connections of a process share: addresses, trust, known heads, deadlines."""

    def __init__(self, client: Client | None = None, tls: Tls | None = None) -> None:
        self.settings = client or Client()
        self._tls = tls or Tls()
        self._context: Any = None
        self._addresses = Addresses(self.settings.resolve_every)
        self._deadlines = Deadlines()
        self._known: KnownHeads = {}

    def prepare(self) -> None:
        """Read certificates now rather than with the first request. Raises DeclarationError."""
        self._context = tls_context(self._tls)

    def connect(self, origin: Origin, within_s: float, session: Any = None) -> Connection:
        """A connection to one of the host's addresses; TLS goes on from an earlier session where it can.

        Raises OSError, UnicodeError or one of the client's exceptions; resolving, the proxy and TLS count in the time.
        """
        late = NoAnswerInTimeError(f"no connection within {within_s:g} s")
        until_s = time.monotonic() + within_s
        through = origin.through(self.settings)
        made = None
        try:
            with Timeout(within_s, late):
                made, address = self._reach(through, until_s)
                made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if through != origin:
                    open_tunnel(made, origin)
                if origin.scheme == "https":
                    made = self._secured(made, origin, session)
                return Connection(made, address, self._known, self._deadlines)
        except BaseException:
            self._addresses.doubt(through.host, through.port)
            if made is not None:
                made.close()
            raise

    def _reach(self, through: Origin, until_s: float) -> tuple[Any, Address]:
        """The first address that answers; one that does not must leave time for those after it."""
        addresses = self._addresses.of(through.host, through.port)
        for place, address in enumerate(addresses):
            left_s = until_s - time.monotonic()
            try:
                return _connected(address, left_s / (len(addresses) - place)), address
            except OSError:
                if place == len(addresses) - 1:
                    raise
        raise ConnectionFailedError("no address")

    def _secured(self, plain: Any, origin: Origin, session: Any) -> Any:
        if self._context is None:
            self.prepare()
        return self._context.wrap_socket(plain, server_hostname=origin.host, session=session)


def _connected(address: Address, within_s: float) -> Any:
    family, place = address
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.settimeout(max(0.001, within_s))
        made.connect(place)
        made.settimeout(None)
    except BaseException:
        made.close()
        raise
    return made


def open_tunnel(plain: Any, origin: Origin) -> None:
    """CONNECT (RFC 9110, 9.3.6) over any connected socket. Raises ConnectionFailedError where the proxy refuses."""
    host = f"[{origin.host}]" if ":" in origin.host else origin.host.encode("idna").decode("ascii")
    place = f"{host}:{origin.port}"
    plain.sendall(f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n".encode("ascii"))
    head = b""
    while b"\r\n\r\n" not in head:
        part = plain.recv(4096)
        if not part or len(head) > _MAX_PROXY_HEAD_BYTES:
            raise ConnectionFailedError("the proxy closed before it had answered")
        head += part
    status = head.split(b"\r\n", 1)[0].split(b" ", 2)[1:2]
    if not head.startswith(b"HTTP/1.") or not status or not status[0].startswith(b"2"):
        said = (status or [b"?"])[0].decode("ascii", "replace")[:3]
        raise ConnectionFailedError(f"the proxy refused to connect: {said}")
    if not head.endswith(b"\r\n\r\n"):
        raise ConnectionFailedError("the proxy sent more than its answer")
