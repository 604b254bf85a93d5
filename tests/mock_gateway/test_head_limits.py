"""The head of a request: how large it may be, and how long it may take."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse

import pytest

from mock_gateway.head_limits import HEAD_TIMEOUT_S, MAX_HEAD_BYTES
from tests.mock_gateway.messages import REST_HEADERS, sale_body
from tests.mock_gateway.running import RunningGateway


@contextmanager
def connect(gateway: RunningGateway) -> Iterator[socket.socket]:
    address = ("127.0.0.1", gateway.announcement["port"])
    with socket.create_connection(address, timeout=HEAD_TIMEOUT_S + 5) as connection:
        yield connection


def sale_head(padding: int, length: int) -> bytes:
    lines = [
        "POST /rest/payment/sale HTTP/1.1",
        "Host: x",
        *(f"{name}: {value}" for name, value in REST_HEADERS.items()),
        f"Content-Length: {length}",
        f"X-Padding: {'p' * padding}",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def send(connection: socket.socket, data: bytes, piece: int) -> bytes:
    """The first bytes of the answer to data sent in pieces."""
    send_only(connection, data, piece)
    try:
        return connection.recv(1000)
    except ConnectionResetError:
        return b""


def send_only(connection: socket.socket, data: bytes, piece: int) -> None:
    for start in range(0, len(data), piece):
        try:
            connection.sendall(data[start : start + piece])
        except (BrokenPipeError, ConnectionResetError):
            break
        if piece < 10_000:
            time.sleep(0.0002)


@pytest.mark.parametrize("piece", [1400, 7, 10**9], ids=["packets", "crumbs", "whole"])
def test_an_ordinary_head_may_come_in_any_pieces(instant: RunningGateway, piece: int) -> None:
    body = json.dumps(sale_body()).encode()
    with connect(instant) as connection:
        for _ in range(2):
            send_only(connection, sale_head(100, len(body)) + body, piece)
            answer = HTTPResponse(connection)
            answer.begin()
            assert answer.status == 200
            assert json.loads(answer.read())["TransactionStatus"] == "C"


def test_a_large_body_does_not_count_as_head(instant: RunningGateway) -> None:
    body = json.dumps(sale_body(Notes="n" * 200_000)).encode()
    with connect(instant) as connection:
        answer = send(connection, sale_head(30_000, len(body)) + body, 10**9)
    assert answer.startswith(b"HTTP/1.1 200"), answer


@pytest.mark.parametrize("piece", [1400, 10**9], ids=["packets", "whole"])
def test_a_head_over_the_limit_is_refused(instant: RunningGateway, piece: int) -> None:
    with connect(instant) as connection:
        answer = send(connection, sale_head(MAX_HEAD_BYTES, 0), piece)
    assert answer.startswith(b"HTTP/1.1 431") or answer == b""
    assert instant.client.get("/healthz").status_code == 200


def test_a_head_without_an_end_is_not_collected(instant: RunningGateway) -> None:
    with connect(instant) as connection:
        answer = send(connection, b"GET / HTTP/1.1\r\nX: " + b"x" * 5_000_000, 10_000)
        assert answer.startswith(b"HTTP/1.1 431") or answer == b""


@pytest.mark.slow
def test_a_head_that_stops_half_way_is_given_up_on(instant: RunningGateway) -> None:
    with connect(instant) as connection:
        assert send(connection, b"POST / HTTP/1.1\r\nHost", 10**9).startswith(b"HTTP/1.1 408")
        assert connection.recv(10) == b""
