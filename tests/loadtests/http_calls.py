"""The client under test, and what it is asked to send."""

from __future__ import annotations

from typing import Any

from loadtests.connections.dialing import Dialer
from loadtests.http_client import (
    HttpClient,
    Limits,
)
from loadtests.transaction import Call, Reply
from scenarios.target import Client, Tls

HELLO = Reply(status=200, body=b"hello")


def client(
    limits: tuple[float, float, float] = (2, 2, 2), *, tls: Tls | None = None, **settings: Any
) -> HttpClient:
    connect_s, first_byte_s, whole_s = limits
    return HttpClient(
        Limits(connect_s=connect_s, first_byte_s=first_byte_s, whole_s=whole_s),
        Dialer(Client(**settings), tls),
    )


def call(port: int, body: bytes = b"{}", scheme: str = "http", host: str = "127.0.0.1") -> Call:
    return Call(url=f"{scheme}://{host}:{port}/sale", headers={"X-Key": "k"}, body=body)
