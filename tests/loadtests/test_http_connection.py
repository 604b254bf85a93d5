"""What the client does when the other side misbehaves: an outcome each time, and no request sent twice."""

from __future__ import annotations

import gzip
import ssl
import time
import zlib
from collections.abc import Iterator

import gevent
import httptools
import pytest
from gevent import socket

from loadtests.connections.faults import OURS, mapped
from loadtests.http_client import (
    ConnectionFailedError,
    NoAnswerInTimeError,
    UnreadableReplyError,
)
from loadtests.sender import _FAILURES
from loadtests.transaction import Call
from scenarios.observation import ANSWERS
from tests.loadtests.http_calls import HELLO, call, client
from tests.loadtests.http_peer import REPLY, Answer, Peer, in_pieces, reset, silence, then_close


def test_a_request_goes_out_as_it_was_built() -> None:
    with Peer(REPLY).listening() as peer:
        assert client().exchange(call(peer.port, b'{"a":1}')) == HELLO
    assert peer.requests == [
        b"POST /sale HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: 7\r\nX-Key: k\r\n\r\n" % peer.port
        + b'{"a":1}'
    ]


def test_one_connection_serves_many_requests_with_changing_headers() -> None:
    with Peer(REPLY).listening() as peer:
        ours, shared = client(), call(peer.port)
        for number in range(20):
            own = Call(url=shared.url, headers={"X-Number": str(number)}, body=b"")
            assert ours.exchange(shared if number % 2 else own) == HELLO
    assert peer.connections == 1
    assert b"X-Number: 18" in peer.requests[18]
    assert b"X-Key: k" in peer.requests[19]


def test_a_connection_per_transaction_is_said_and_done() -> None:
    with Peer(REPLY).listening() as peer:
        ours = client(connections="per-transaction")
        for _ in range(3):
            ours.exchange(call(peer.port))
    assert peer.connections == 3
    assert all(b"\r\nConnection: close\r\n" in request for request in peer.requests)


def test_a_connection_that_was_closed_while_idle_is_replaced_before_sending() -> None:
    for idle_s in (0.0, 0.05):
        with Peer(then_close(REPLY)).listening() as peer:
            ours = client()
            for _ in range(3):
                assert ours.exchange(call(peer.port)) == HELLO
                gevent.sleep(idle_s or 0.002)
        assert len(peer.requests) == peer.connections == 3


def test_a_close_that_the_hub_has_not_seen_yet_is_found_by_the_last_look() -> None:
    with Peer(REPLY).listening() as peer:
        ours = client()
        ours.exchange(call(peer.port))
        for connection in peer.open:
            connection.shutdown(socket.SHUT_RDWR)
        time.sleep(0.01)  # gevent does not run meanwhile
        assert ours.exchange(call(peer.port)) == HELLO
    assert (len(peer.requests), peer.connections) == (2, 2)


def test_bytes_that_nobody_asked_for_end_a_connection() -> None:
    with Peer(
        in_pieces(REPLY, b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nNOT", every_s=0.01), REPLY
    ).listening() as peer:
        ours = client()
        assert ours.exchange(call(peer.port)) == HELLO
        gevent.sleep(0.05)
        assert ours.exchange(call(peer.port)) == HELLO
    assert peer.connections == 2


FAULTS: list[tuple[str, Answer | bytes, type[Exception], str]] = [
    ("closed-without-a-word", then_close(b""), ConnectionFailedError, "closed before the reply was whole"),
    ("closed-in-the-head", then_close(b"HTTP/1.1 200 OK\r\nSer"), ConnectionFailedError, "closed before"),
    ("closed-in-the-body", then_close(REPLY[:-2]), ConnectionFailedError, "closed before"),
    ("reset", reset, ConnectionFailedError, "reset"),
    (
        "reset-in-a-body-until-eof",
        lambda c, r: (c.sendall(b"HTTP/1.1 200 OK\r\n\r\nhel"), gevent.sleep(0.02), reset(c, r)),
        ConnectionFailedError,
        "reset",
    ),
    ("garbage", b"220 mail ready\r\n", UnreadableReplyError, "not an HTTP reply"),
    ("silence", silence, NoAnswerInTimeError, "no first byte"),
    ("half-a-head", in_pieces(b"HTTP/1.1 200 OK\r\n"), NoAnswerInTimeError, "no whole reply"),
    ("half-a-body", in_pieces(REPLY[:-1]), NoAnswerInTimeError, "no whole reply"),
    (
        "drop-by-drop",
        in_pieces(*[REPLY[place : place + 1] for place in range(len(REPLY) - 1)], every_s=0.02),
        NoAnswerInTimeError,
        "no whole reply",
    ),
]


@pytest.mark.parametrize(
    ("answer", "error", "said"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS]
)
def test_a_fault_is_told_once_and_the_next_request_is_fine(
    answer: Answer | bytes, error: type[Exception], said: str
) -> None:
    with Peer(REPLY, answer, REPLY).listening() as peer:
        ours = client((2, 0.2, 0.3))
        assert ours.exchange(call(peer.port, b"1")) == HELLO
        began = time.monotonic()
        with pytest.raises(error, match=said):
            ours.exchange(call(peer.port, b"2"))
        assert time.monotonic() - began < 0.6
        assert ours.exchange(call(peer.port, b"3")) == HELLO
    assert [request[-1:] for request in peer.requests] == [b"1", b"2", b"3"]  # each once
    assert peer.connections == 2


def test_the_whole_may_take_longer_than_the_first_byte_may() -> None:
    slow = in_pieces(REPLY[:20], REPLY[20:], every_s=0.3)
    with Peer(slow).listening() as peer:
        assert client((1, 0.15, 2)).exchange(call(peer.port)) == HELLO
        with pytest.raises(NoAnswerInTimeError, match="no whole reply"):
            client((1, 0.15, 0.2)).exchange(call(peer.port))


def test_a_body_that_ends_with_the_connection_is_read_to_its_end() -> None:
    with Peer(then_close(b"HTTP/1.1 200 OK\r\n\r\nhello")).listening() as peer:
        ours = client()
        assert [ours.exchange(call(peer.port)) for _ in range(2)] == [HELLO, HELLO]
    assert peer.connections == 2


def test_gzip_is_asked_for_where_declared_and_only_there() -> None:
    body = gzip.compress(b"hello")
    packed = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    with Peer(packed).listening() as peer:
        assert client(gzip=True).exchange(call(peer.port)) == HELLO
        client().exchange(call(peer.port))
    assert [b"Accept-Encoding: gzip" in request for request in peer.requests] == [True, False]


def test_a_request_larger_than_the_socket_takes_is_sent_whole() -> None:
    body = bytes(range(256)) * 40_000
    with Peer(REPLY).listening() as peer:
        assert client((2, 5, 5)).exchange(call(peer.port, body)) == HELLO
    assert peer.requests[0].endswith(body)


def test_a_request_that_nobody_reads_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        began = time.monotonic()
        with pytest.raises(NoAnswerInTimeError):
            client((1, 0.3, 0.3)).exchange(call(server.getsockname()[1], bytes(20_000_000)))
        assert time.monotonic() - began < 1


def test_a_user_that_is_killed_takes_its_connection_along() -> None:
    with Peer(silence, REPLY).listening() as peer:
        ours = client()
        waiting = gevent.spawn(ours.exchange, call(peer.port))
        with gevent.Timeout(10):
            while not peer.requests:
                gevent.sleep(0.01)
        waiting.kill()
        assert isinstance(waiting.value, gevent.GreenletExit)
        assert ours.exchange(call(peer.port)) == HELLO
    assert peer.connections == 2


def test_nobody_there_is_a_failed_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(ConnectionFailedError, match="refused"):
        client().exchange(call(port))


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 64 + ".invalid", "..", "\u2488.invalid"])
def test_a_name_that_stands_for_nothing_is_a_failed_connection(host: str) -> None:
    with pytest.raises(ConnectionFailedError):
        client().exchange(call(80, host=host))


def test_a_connection_that_is_not_accepted_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.settimeout(0.05)
            filler.connect_ex(server.getsockname())
        began = time.monotonic()
        with pytest.raises(NoAnswerInTimeError, match=r"no connection within 0\.3 s|timed out"):
            client((0.3, 2, 2)).exchange(call(server.getsockname()[1]))
        assert time.monotonic() - began < 1
        for filler in fillers:
            filler.close()


def _subclasses(kind: type) -> Iterator[type]:
    yield kind
    for each in kind.__subclasses__():
        yield from _subclasses(each)


# where an exception comes from that can reach the client; whatever else happens to be imported defines its own
_RAISED_BELOW = frozenset(
    {"builtins", "socket", "_socket", "select", "ssl", "_ssl", "gevent", "httptools", "zlib"}
)


def test_every_fault_of_a_connection_has_its_outcome() -> None:
    """Whatever a socket, TLS, the resolver, the parser or zlib may raise becomes one of three exceptions, and each of
    the three is an outcome that is no answer."""
    kinds = {
        each
        for base in (OSError, UnicodeError, httptools.HttpParserError, zlib.error)
        for each in _subclasses(base)
    }
    assert {
        TimeoutError,
        ssl.SSLCertVerificationError,
        ssl.SSLEOFError,
        socket.gaierror,
        ConnectionResetError,
    } <= kinds
    for kind in [*kinds, httptools.HttpParserUpgrade]:
        if kind.__module__.partition(".")[0] not in _RAISED_BELOW:
            continue
        error = kind.__new__(kind)
        found = mapped(error)
        assert type(found) in OURS, kind
        assert isinstance(found, NoAnswerInTimeError) == isinstance(error, TimeoutError), kind
    assert set(_FAILURES) == set(OURS)
    assert not set(_FAILURES.values()) & ANSWERS


def test_a_mistake_of_our_own_is_not_passed_off_as_the_gateways() -> None:
    mistake = KeyError("ours")
    assert mapped(mistake) is mistake
