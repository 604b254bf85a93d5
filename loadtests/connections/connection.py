"""One connection of one user: a request goes out once, its reply is read where the hub sees it arrive.

The readable event is watched for as long as the connection is open, so that a peer's close is known while it lies
idle, and a whole exchange costs one switch from the hub to the user that waits.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from ssl import SSLWantReadError, SSLWantWriteError, SSLZeroReturnError
from typing import Any

from gevent import get_hub, getcurrent
from gevent.socket import wait_read, wait_write

from loadtests.connections.deadlines import Deadlines
from loadtests.connections.faults import ConnectionFailedError, NoAnswerInTimeError, mapped
from loadtests.connections.framing import KnownHeads, ReplyFramer
from loadtests.transaction import Reply

_RECEIVE_BYTES = 16_384  # as much as a TLS record holds; room for 64 KB costs as much as half the system call
_READABLE = 1
_NEVER_S = float("inf")
# Servers close idle connections after five seconds and more; one that is older may be closing just as we send.
IDLE_AT_MOST_S = 4.0
_FRESH_S = 0.001  # idle for longer than this, a connection is looked at before it is used
_AGAIN = (BlockingIOError, InterruptedError, SSLWantReadError, SSLWantWriteError)


class Connection:
    """Keep-alive HTTP over a connected socket (gevent's, plain or TLS)."""

    __slots__ = (
        "_deadlines",
        "_expecting",
        "_framer",
        "_is_tls",
        "_receive",
        "_result",
        "_send",
        "_socket",
        "_switch_to_hub",
        "_waiter",
        "_watcher",
        "_whole_until_s",
        "address",
        "alive",
        "deadline_s",
        "fresh_until_s",
        "tls_session",
    )

    def __init__(self, socket: Any, address: object, known: KnownHeads, deadlines: Deadlines) -> None:
        self._socket = socket
        self.address = address
        # What gevent's socket wraps: its own methods cost more than the system call.
        tls = getattr(socket, "_sslobj", None)
        self._send: Callable[[bytes | memoryview], int] = socket._sock.send if tls is None else tls.write
        self._receive: Callable[[int], bytes] = socket._sock.recv if tls is None else tls.read
        self._is_tls = tls is not None
        self.tls_session: Any = (
            None  # once closed: what lets the next TLS connection to the same peer start faster
        )
        self._framer = ReplyFramer(known)
        self._deadlines = deadlines
        self._switch_to_hub = get_hub().switch
        self._waiter: Any = None
        self._expecting = False
        self._result: Reply | Exception | None = None
        self.fresh_until_s = time.monotonic() + _FRESH_S  # before that it needs no look
        self._whole_until_s = _NEVER_S
        self.deadline_s = _NEVER_S
        self.alive = True
        self._watcher = get_hub().loop.io(socket.fileno(), _READABLE)
        self._watcher.start(self._readable)
        deadlines.watch(self)

    def is_usable(self, now_s: float) -> bool:
        """Whether a request may go out here. The peer may have closed in the very moment: so a last look."""
        if self.alive and now_s >= self.fresh_until_s:
            if now_s > self.fresh_until_s + IDLE_AT_MOST_S:
                self._retire()
            else:
                self._readable()
        return self.alive

    def exchange(self, request: bytes, now_s: float, first_byte_s: float, whole_s: float) -> Reply:
        """Send once and wait for the whole reply. Whatever ends it early, a kill included, closes the connection.

        Raises OSError, or one of the client's exceptions.
        """
        self._expecting = True
        self._result = None
        self._whole_until_s = now_s + whole_s
        self.deadline_s = now_s + first_byte_s
        try:
            try:
                sent = self._send(request)
            except _AGAIN:
                sent = 0
            if sent != len(request):
                self._send_rest(memoryview(request)[sent:])
            result = self._result
            if result is None:
                self._waiter = getcurrent()
                result = self._switch_to_hub()
        except BaseException:
            self.close()
            raise
        self.deadline_s = _NEVER_S
        if result.__class__ is Reply:
            return result
        self.close()
        raise result

    def close(self) -> None:
        """Close at once."""
        self.alive = self._expecting = False
        self._waiter = None
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher.close()
            self._watcher = None
            self._deadlines.forget(self)
            self._framer.close()
            if self._is_tls:
                self.tls_session = self._socket.session
            self._socket.close()

    def expire(self) -> None:
        """The deadline has passed: the user that waits is told which."""
        phase = "whole reply" if self._framer.begun else "first byte"
        self._fail(NoAnswerInTimeError(f"no {phase} in time"))

    def _send_rest(self, rest: memoryview) -> None:
        """The part of a long request that did not fit; a reply that comes before it is through is kept."""
        while rest:
            left_s = self.deadline_s - time.monotonic()
            late = NoAnswerInTimeError("the request could not be sent in time")
            if left_s <= 0:
                raise late
            wait_write(self._socket.fileno(), timeout=left_s, timeout_exc=late)
            if isinstance(self._result, Exception):
                raise self._result
            try:
                rest = rest[self._send(rest) :]
            except SSLWantReadError:
                wait_read(self._socket.fileno(), timeout=left_s, timeout_exc=late)
            except _AGAIN:
                continue

    # In the hub.

    def _readable(self) -> None:
        try:
            data = self._receive(_RECEIVE_BYTES)
        except _AGAIN:
            return
        except SSLZeroReturnError:  # an orderly close; one without it may be a body cut off on the way
            data = b""
        except OSError as error:
            self._fail(error)
            return
        if not self._expecting:
            self._retire()  # closed, or bytes that nobody asked for
            return
        try:
            reply = self._framer.feed(data) if data else self._framer.end()
        except Exception as error:
            self._fail(mapped(error))
            return
        if reply is None:
            if data:
                self.deadline_s = self._whole_until_s
            else:
                self._fail(ConnectionFailedError("closed before the reply was whole"))
            return
        self._expecting = False
        if self._framer.reusable:
            self.fresh_until_s = time.monotonic() + _FRESH_S
        else:
            self._retire()
        waiter, self._waiter = self._waiter, None
        if waiter is None:
            self._result = reply  # the request is still being sent
        else:
            waiter.switch(reply)

    def _fail(self, error: Exception) -> None:
        self.deadline_s = _NEVER_S
        self._retire()
        if self._expecting:
            self._expecting = False
            waiter, self._waiter = self._waiter, None
            if waiter is None:
                self._result = error
            else:
                waiter.switch(error)

    def _retire(self) -> None:
        """Nothing more is read or sent here; the user closes it."""
        self.alive = False
        self.fresh_until_s = -_NEVER_S
        if self._watcher is not None:
            self._watcher.stop()
