"""The engine's line to `slagate run`: orders come in on standard input, reports go out on standard output.

The end of standard input means that `slagate run` is gone, however it went; the engine then ends at once.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from typing import Any

from gevent.socket import wait_read

_CHUNK = 65_536


class ControlPipe:
    """JSON lines both ways. Taking the pipe sends everything else that prints to standard error instead."""

    def __init__(self) -> None:
        self._in = os.dup(0)
        self._out = os.dup(1)
        os.dup2(2, 1)
        os.set_blocking(self._in, False)
        os.set_blocking(self._out, False)
        self._pending = b""

    def lines(self) -> Iterator[dict[str, Any]]:
        """Orders as they come, until the other side is gone."""
        while True:
            line, found, rest = self._pending.partition(b"\n")
            if found:
                self._pending = rest
                yield json.loads(line)
                continue
            wait_read(self._in)
            try:
                data = os.read(self._in, _CHUNK)
            except BlockingIOError:
                continue
            if not data:
                return
            self._pending += data

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
