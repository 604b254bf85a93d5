"""A worker that is not one of ours: it speaks Locust's protocol and says what a test wants it to say."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

import msgpack
import zmq


class FakeWorker:
    """Connects to a master as Locust's workers do, and waits for its orders."""

    def __init__(self, port: int) -> None:
        self._name = f"fake_{uuid.uuid4().hex}"
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
        self._socket.setsockopt(zmq.IDENTITY, self._name.encode())
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.connect(f"tcp://127.0.0.1:{port}")
        self.say("client_ready", version("locust"))

    def say(self, kind: str, content: Any) -> None:
        self._socket.send(msgpack.dumps((kind, content, self._name)))

    def report(self, **changes: Any) -> None:
        usual = {"version": version("slagate"), "name": "fake:1", "token": "", "run": None, "state": "new"}
        self.say("slagate_report", {**usual, **changes, "sent_ns": 1})

    def orders(self) -> dict[str, Any]:
        """The next orders."""
        while self._socket.poll(10_000):
            kind, content, _ = msgpack.loads(self._socket.recv(), strict_map_key=False)
            if kind == "slagate_orders":
                orders: dict[str, Any] = content
                return orders
        raise AssertionError("no orders within 10 s")

    def close(self) -> None:
        self._socket.close()


@contextmanager
def fake_worker(port: int) -> Iterator[FakeWorker]:
    worker = FakeWorker(port)
    try:
        yield worker
    finally:
        worker.close()
