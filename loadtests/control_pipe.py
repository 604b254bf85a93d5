"""The engine's line to `slagate`: orders come in on standard input, reports go out on standard output.

The end of standard input means that `slagate` is gone, however it went; the engine then ends at once.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from typing import Any

import gevent
from gevent.queue import Queue
from gevent.socket import wait_read

STARTED_BY_SLAGATE = "SLAGATE_CONTROLS_THIS_PROCESS"  # set for each child that is to have this line
_CHUNK = 65_536


def begins_here() -> bool:
    """Whether this process was started by `slagate` and has the line; asked once, children must not inherit it."""
    return os.environ.pop(STARTED_BY_SLAGATE, "") == "1"


class Controls:
    """JSON lines both ways. Taking the line sends everything else that prints to standard error instead.

    It is read from the start, so that a process whose `slagate` goes away before it is connected ends as well.
    """

    def __init__(self) -> None:
        self._in = os.dup(0)
        self._out = os.dup(1)
        os.dup2(2, 1)
        os.set_blocking(self._in, False)
        os.set_blocking(self._out, False)
        self._orders: Queue[dict[str, Any] | None] = Queue()
        self._begun = False
        gevent.spawn(self._read)

    def first(self) -> dict[str, Any] | None:
        """The first order, which says what to do; None when nobody gives orders any more."""
        self._begun = True
        order: dict[str, Any] | None = self._orders.get()
        return order

    def orders(self) -> Iterator[dict[str, Any]]:
        """The others as they come, until the other side is gone."""
        while (order := self._orders.get()) is not None:
            yield order

    def emit(self, message: dict[str, Any]) -> None:
        """Report. A progress line that finds the pipe full is dropped rather than hold up the sending; anything else
        is delivered, if there is still somebody to read it."""
        droppable = message.get("event") == "progress"
        data = json.dumps(message).encode() + b"\n"
        with contextlib.suppress(BlockingIOError, BrokenPipeError):
            if droppable:
                os.write(self._out, data)  # below PIPE_BUF: whole or not at all
                return
            os.set_blocking(self._out, True)
            try:
                while data:
                    data = data[os.write(self._out, data) :]
            finally:
                os.set_blocking(self._out, False)

    def _read(self) -> None:
        pending = b""
        while True:
            wait_read(self._in)
            try:
                data = os.read(self._in, _CHUNK)
            except BlockingIOError:
                continue
            if not data:
                break
            *lines, pending = (pending + data).split(b"\n")
            for line in lines:
                self._orders.put(json.loads(line))
        if not self._begun:
            os._exit(2)  # still connecting: there is nothing to account for
        self._orders.put(None)
