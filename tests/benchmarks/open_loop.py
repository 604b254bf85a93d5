"""An independent open-loop client: requests leave at planned moments, whatever has come back by then."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from time import monotonic
from urllib.parse import urlsplit

from tests.benchmarks.pinned import choose_cores
from tests.mock_gateway.messages import BASIC, EDI_PATH, inquiry_270, soap_call


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request: seconds after the start when it was planned, when it left, when its answer was whole."""

    planned_s: float
    sent_s: float
    ended_s: float


class _Line(asyncio.Protocol):
    """One kept connection with at most one request on it."""

    def __init__(self, pool: list[_Line]) -> None:
        self._pool = pool
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._done: asyncio.Future[float] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        # The server closes lines that were idle for long.
        if self in self._pool:
            self._pool.remove(self)
        if self._done is not None and not self._done.done():
            self._done.set_exception(exc or ConnectionError("closed before the answer was whole"))

    def send(self, request: bytes) -> asyncio.Future[float]:
        assert self._transport is not None
        self._buffer = b""
        self._done = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._done

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, body = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return
        length = int(head.lower().split(b"content-length: ", 1)[1].split(b"\r\n", 1)[0])
        if len(body) < length or self._done is None:
            return
        if not head.startswith(b"HTTP/1.1 200"):
            self._done.set_exception(ConnectionError(head.split(b"\r\n", 1)[0].decode()))
            return
        self._done.set_result(monotonic())
        self._pool.append(self)


def plan_poisson(rate_per_s: float, seconds: float, seed: int) -> list[float]:
    """Planned moments from 0 up to `seconds`."""
    random, moments, now_s = Random(seed), [], 0.0
    while (now_s := now_s + random.expovariate(rate_per_s)) < seconds:
        moments.append(now_s)
    return moments


def run_open_loop(url: str, planned_s: Sequence[float], *, lines: int = 64) -> list[Exchange]:
    """Eligibility inquiries at the planned moments, from the load's core. Raises if one has no 200."""
    _, load_core = choose_cores()
    os.sched_setaffinity(0, {load_core})
    return asyncio.run(_run(url, planned_s, lines))


async def _run(url: str, planned_s: Sequence[float], lines: int) -> list[Exchange]:
    address = urlsplit(url)
    host, port = address.hostname, address.port
    assert host is not None
    assert port is not None
    loop = asyncio.get_running_loop()
    pool: list[_Line] = []

    async def open_line() -> _Line:
        _, line = await loop.create_connection(lambda: _Line(pool), host, port)
        return line

    pool += [await open_line() for _ in range(lines)]
    requests = [_build_request(number) for number in range(min(len(planned_s), 2000))]
    begun_s = monotonic() + 0.2

    async def exchange(number: int, moment_s: float) -> Exchange:
        line = pool.pop() if pool else await open_line()
        sent_s = monotonic()
        ended_s = await line.send(requests[number % len(requests)])
        return Exchange(planned_s=moment_s, sent_s=sent_s - begun_s, ended_s=ended_s - begun_s)

    tasks = []
    for number, moment_s in enumerate(planned_s):
        left_s = begun_s + moment_s - monotonic()
        if left_s > 0:
            await asyncio.sleep(left_s)
        tasks.append(asyncio.create_task(exchange(number, moment_s)))
    return list(await asyncio.gather(*tasks))


def _build_request(number: int) -> bytes:
    content, headers = soap_call(inquiry_270(f"W{number:09d}", trace=f"T{number}", control=f"{number:09d}"))
    body = content.encode()
    head = (
        f"POST {EDI_PATH} HTTP/1.1\r\nhost: mock\r\nauthorization: {_basic()}\r\n"
        f"content-type: {headers['content-type']}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _basic() -> str:
    return "Basic " + base64.b64encode(":".join(BASIC).encode()).decode()
