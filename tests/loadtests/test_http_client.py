"""The client against a real socket: every way a reply can be framed, and nothing ever sent twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import gevent
import pytest
from gevent import socket, ssl

from loadtests.connections import framing
from loadtests.connections.trust import tls_context
from loadtests.http_client import (
    ConnectionFailedError,
    HttpClient,
    Limits,
    NoAnswerInTimeError,
    UnreadableReplyError,
)
from loadtests.transaction import Call, Reply
from scenarios.target import Tls
from tests.loadtests.scripted_server import PLAIN, Line, ScriptedServer, answering, answering_once

Serve = Callable[[Callable[[Line], None]], ScriptedServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers: list[ScriptedServer] = []

    def start(script: Callable[[Line], None]) -> ScriptedServer:
        servers.append(ScriptedServer(script))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def client() -> Iterator[HttpClient]:
    made = HttpClient(Limits(connect_s=2, first_byte_s=2, whole_s=2))
    yield made
    made.close()


def call(server: ScriptedServer, path: str = "/rest/sale", body: bytes = b"{}") -> Call:
    return Call(url=server.url + path, headers={"api-key": "k"}, body=body)


def test_a_request_goes_out_whole_and_only_with_what_it_needs(serve: Serve, client: HttpClient) -> None:
    server = serve(answering(PLAIN))
    client.exchange(call(server, body=b'{"Amount": 1}'))
    host = server.url.removeprefix("http://").encode()
    assert server.requests == [
        b"POST /rest/sale HTTP/1.1\r\nHost: "
        + host
        + b"\r\nContent-Length: 13\r\napi-key: k\r\n\r\n"
        + b'{"Amount": 1}'
    ]


def test_an_address_without_a_path_is_the_root(serve: Serve, client: HttpClient) -> None:
    server = serve(answering(PLAIN))
    client.exchange(call(server, path=""))
    assert server.requests[0].startswith(b"POST / HTTP/1.1\r\n")


CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: 1\r\n\r\n"
)


@pytest.mark.parametrize(
    ("parts", "reply"),
    [
        pytest.param([PLAIN], Reply(status=200, body=b"ok"), id="content-length"),
        pytest.param([CHUNKED], Reply(status=200, body=b"hello world"), id="chunked"),
        pytest.param(
            [bytes([byte]) for byte in CHUNKED], Reply(status=200, body=b"hello world"), id="byte-by-byte"
        ),
        pytest.param(
            [b"HTTP/1.1 100 Continue\r\n\r\n", PLAIN], Reply(status=200, body=b"ok"), id="continue-then-reply"
        ),
        pytest.param(
            [b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN],
            Reply(status=200, body=b"ok"),
            id="continue-and-reply-in-one-packet",
        ),
        pytest.param(
            [b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN[:-1], PLAIN[-1:]],
            Reply(status=200, body=b"ok"),
            id="continue-and-part-of-the-reply-in-one-packet",
        ),
        pytest.param(
            [
                b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + PLAIN[:20],
                PLAIN[20:],
            ],
            Reply(status=200, body=b"ok"),
            id="two-interim-replies",
        ),
        pytest.param(
            [b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"],
            Reply(status=503, body=b"busy"),
            id="an-error-status-is-a-reply",
        ),
        pytest.param([b"HTTP/1.1 204 No Content\r\n\r\n"], Reply(status=204, body=b""), id="no-content"),
        pytest.param(
            [b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"], Reply(status=200, body=b""), id="empty-body"
        ),
    ],
)
def test_a_reply_is_read_however_it_is_framed(
    serve: Serve, client: HttpClient, parts: list[bytes], reply: Reply
) -> None:
    assert client.exchange(call(serve(answering(*parts)))) == reply


def test_a_body_without_a_length_ends_with_the_connection(serve: Serve, client: HttpClient) -> None:
    server = serve(answering_once(b"HTTP/1.1 200 OK\r\n\r\nto the", b" end"))
    assert client.exchange(call(server)) == Reply(status=200, body=b"to the end")
    assert client.exchange(call(server)) == Reply(status=200, body=b"to the end")
    assert len(set(server.ports)) == 2


def test_a_body_without_a_length_after_an_interim_reply_ends_with_the_connection(
    serve: Serve, client: HttpClient
) -> None:
    server = serve(answering_once(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\n\r\nold"))
    assert client.exchange(call(server)) == Reply(status=200, body=b"old")


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([], id="before-anything"),
        pytest.param([b"HTTP/1.1 200 OK\r\nConte"], id="in-the-headers"),
        pytest.param([PLAIN[:-1]], id="in-the-body"),
        pytest.param([CHUNKED[:60]], id="in-a-chunk"),
        pytest.param([b"HTTP/1.1 100 Continue\r\n\r\n"], id="after-an-interim-reply"),
    ],
)
def test_a_close_in_the_middle_is_a_failed_connection(
    serve: Serve, client: HttpClient, parts: list[bytes]
) -> None:
    server = serve(answering_once(*parts))
    with pytest.raises(ConnectionFailedError, match="closed before the reply was whole"):
        client.exchange(call(server))
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "garbage",
    [
        pytest.param(b"busy, come back later\r\n\r\n", id="prose"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", id="tls"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok", id="length-in-words"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", id="broken-chunk"),
        pytest.param(
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
            id="upgrade",
        ),
    ],
)
def test_what_is_no_reply_is_unreadable(serve: Serve, client: HttpClient, garbage: bytes) -> None:
    server = serve(answering(garbage))
    with pytest.raises(UnreadableReplyError):
        client.exchange(call(server))
    assert len(server.requests) == 1


def test_a_reply_that_nobody_could_want_is_not_kept_in_memory(
    serve: Serve, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(framing, "MAX_REPLY_BYTES", 1000)
    server = serve(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b"x" * 2000))
    with pytest.raises(UnreadableReplyError, match="larger than 1000 bytes"):
        client.exchange(call(server))


def test_a_second_reply_in_the_same_packet_does_not_replace_the_first(
    serve: Serve, client: HttpClient
) -> None:
    stray = b"HTTP/1.1 500 Oops\r\nContent-Length: 5\r\n\r\nstr"
    assert client.exchange(call(serve(answering(PLAIN + stray)))) == Reply(status=200, body=b"ok")


def test_nothing_at_all_is_no_answer_in_time(serve: Serve) -> None:
    client = HttpClient(Limits(connect_s=2, first_byte_s=0.05, whole_s=2))

    def silent(line: Line) -> None:
        line.hear()
        line.hear()

    server = serve(silent)
    with pytest.raises(NoAnswerInTimeError):
        client.exchange(call(server))
    assert len(server.requests) == 1


def test_a_reply_that_drips_is_no_answer_in_time(serve: Serve) -> None:
    client = HttpClient(Limits(connect_s=2, first_byte_s=0.05, whole_s=0.1))

    def drip(line: Line) -> None:
        line.hear()
        line.say(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        line.say(*[b"x"] * 1000, pause_s=0.01)

    server = serve(drip)
    with pytest.raises(NoAnswerInTimeError):
        client.exchange(call(server))


def test_a_first_byte_in_time_leaves_the_rest_the_whole_time(serve: Serve) -> None:
    client = HttpClient(Limits(connect_s=2, first_byte_s=0.05, whole_s=2))

    def slow_rest(line: Line) -> None:
        line.hear()
        line.say(PLAIN[:10], pause_s=0.1)
        line.say(PLAIN[10:])

    assert client.exchange(call(serve(slow_rest))) == Reply(status=200, body=b"ok")
    client.close()


def test_a_port_where_nobody_listens_is_a_failed_connection(serve: Serve, client: HttpClient) -> None:
    server = serve(answering(PLAIN))
    server.stop()
    with pytest.raises(ConnectionFailedError, match="refused"):
        client.exchange(call(server))


def test_a_host_that_does_not_exist_is_a_failed_connection(
    client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(ConnectionFailedError, match="Name or service not known"):
        client.exchange(Call(url="http://nowhere.invalid/", headers={}, body=b""))


def test_tls_trusts_nobody_without_a_certificate_for_the_name() -> None:
    context = tls_context(Tls())
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_tls_with_somebody_who_speaks_plain_http_is_a_failed_connection(
    serve: Serve, client: HttpClient
) -> None:
    server = serve(lambda line: line.say(PLAIN))
    with pytest.raises(ConnectionFailedError):
        client.exchange(Call(url=server.url.replace("http://", "https://"), headers={}, body=b"{}"))


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(PLAIN, id="content-length"),
        pytest.param(CHUNKED, id="chunked"),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", id="no-content"),
        pytest.param(PLAIN.replace(b"200 OK", b"500 Busy"), id="an-error-status"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN, id="after-an-interim-reply"),
    ],
)
def test_a_kept_connection_is_used_again(serve: Serve, client: HttpClient, reply: bytes) -> None:
    server = serve(answering(reply))
    for _ in range(3):
        client.exchange(call(server))
    assert len(server.requests) == 3
    assert len(set(server.ports)) == 1


def test_a_reply_that_announces_a_close_is_not_followed_by_a_request(
    serve: Serve, client: HttpClient
) -> None:
    closing = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
    server = serve(answering(closing))
    for _ in range(2):
        assert client.exchange(call(server)).body == b"ok"
    assert len(set(server.ports)) == 2


def test_a_connection_that_the_server_closed_while_it_lay_idle_is_replaced(
    serve: Serve, client: HttpClient
) -> None:
    server = serve(answering_once(PLAIN))
    client.exchange(call(server, "/first"))
    gevent.sleep(0.02)
    client.exchange(call(server, "/second"))
    assert [request.split()[1] for request in server.requests] == [b"/first", b"/second"]
    assert len(set(server.ports)) == 2


def test_a_connection_on_which_somebody_talked_out_of_turn_is_replaced(
    serve: Serve, client: HttpClient
) -> None:
    server = serve(answering(PLAIN, b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"))
    client.exchange(call(server))
    gevent.sleep(0.02)
    assert client.exchange(call(server)) == Reply(status=200, body=b"ok")
    assert len(set(server.ports)) == 2


def test_a_request_is_never_sent_twice_when_its_connection_is_reset(serve: Serve, client: HttpClient) -> None:
    def reset_the_second(line: Line) -> None:
        line.hear()
        line.say(PLAIN)
        line.hear()
        line.reset()

    server = serve(reset_the_second)
    client.exchange(call(server, "/first"))
    with pytest.raises(ConnectionFailedError):
        client.exchange(call(server, "/second"))
    gevent.sleep(0.02)
    assert [request.split()[1] for request in server.requests] == [b"/first", b"/second"]


def test_a_failed_connection_is_not_kept(serve: Serve, client: HttpClient) -> None:
    server = serve(answering_once(PLAIN[:-1]))
    for _ in range(2):
        with pytest.raises(ConnectionFailedError):
            client.exchange(call(server))
    assert len(set(server.ports)) == 2


def test_connections_of_different_hosts_are_kept_apart(serve: Serve, client: HttpClient) -> None:
    one, other = serve(answering(PLAIN)), serve(answering(PLAIN))
    for _ in range(2):
        client.exchange(call(one))
        client.exchange(call(other))
    assert (len(set(one.ports)), len(set(other.ports))) == (1, 1)


def test_closing_closes_every_connection(serve: Serve, client: HttpClient) -> None:
    lines: list[Line] = []

    def keep(line: Line) -> None:
        lines.append(line)
        answering(PLAIN)(line)

    client.exchange(call(serve(keep)))
    client.exchange(call(serve(keep)))
    client.close()
    assert all(line.closed_by_peer.wait(2) for line in lines)
    assert len(lines) == 2


def test_a_killed_user_closes_its_connection_and_is_not_told_a_time_out(
    serve: Serve, client: HttpClient
) -> None:
    lines: list[Line] = []

    def silent(line: Line) -> None:
        lines.append(line)
        line.hear()
        line.hear()

    server = serve(silent)
    user = gevent.spawn(client.exchange, call(server))
    while not server.requests:
        gevent.sleep(0.001)
    user.kill()
    assert isinstance(user.value, gevent.GreenletExit)
    assert lines[0].closed_by_peer.wait(2)
