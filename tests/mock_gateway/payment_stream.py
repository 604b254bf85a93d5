"""A closed loop of callers that pay, remember what they sent and what they were told."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.mock_gateway.messages import REST_HEADERS, sale_body
from tests.mock_gateway.payment_messages import OUTLET

CENTS = (0, 0, 0, 5, 10)


@dataclass(slots=True)
class Memory:
    """By merchant reference: what was asked for, and the answers that arrived whole."""

    asked_cents: dict[str, int] = field(default_factory=dict)
    told: dict[str, dict[str, Any]] = field(default_factory=dict)
    void_asked: set[str] = field(default_factory=set)
    void_told: set[str] = field(default_factory=set)
    unanswered: int = 0


class PaymentStream:
    """Callers with a connection each; every fourth sale that is approved is voided again."""

    def __init__(self, memory: Memory, port: int, name: str) -> None:
        self._memory = memory
        self._port = port
        self._name = name
        self._numbers = count()
        self.answers = 0

    async def run(self, callers: int) -> None:
        """Until the connections break, which ends every caller."""
        await asyncio.gather(*(self._call_until_broken() for _ in range(callers)))

    async def _call_until_broken(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            while True:
                await self._pay(reader, writer)
        except (OSError, EOFError):
            self._memory.unanswered += 1
        finally:
            writer.close()

    async def _pay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        memory, number = self._memory, next(self._numbers)
        reference = f"{self._name}-{number}"
        cents = (1 + number % 500) * 100 + CENTS[number % len(CENTS)]
        memory.asked_cents[reference] = cents
        body = sale_body(f"{cents // 100}.{cents % 100:02d}", reference)
        told = await self._ask(reader, writer, "sale", body)
        memory.told[reference] = told
        if number % 4 == 0 and told["TransactionStatus"] == "C":
            memory.void_asked.add(reference)
            await self._ask(
                reader, writer, "void", {"Outlet": OUTLET, "TransactionID": told["TransactionID"]}
            )
            memory.void_told.add(reference)

    async def _ask(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, operation: str, body: dict[str, Any]
    ) -> dict[str, Any]:
        content = json.dumps(body).encode()
        headers = "".join(f"{name}: {value}\r\n" for name, value in REST_HEADERS.items())
        head = f"POST /rest/payment/{operation} HTTP/1.1\r\nHost: x\r\n{headers}"
        writer.write(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
        answer_head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(answer_head.split("content-length:")[1].split("\r\n")[0])
        answer: dict[str, Any] = json.loads(await reader.readexactly(length))
        assert answer_head.startswith("http/1.1 200"), answer
        self.answers += 1
        return answer
