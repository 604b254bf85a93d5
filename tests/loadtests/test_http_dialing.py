"""How the client comes to a connection: addresses in turn, a proxy, TLS; and what it makes of it when it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gevent
import pytest
from gevent import socket
from gevent import ssl as gevent_ssl

from loadtests.connections.dialing import Dialer
from loadtests.http_client import (
    ConnectionFailedError,
    NoAnswerInTimeError,
)
from scenarios.errors import DeclarationError
from scenarios.target import Client, Tls
from tests.loadtests.http_calls import HELLO, call, client
from tests.loadtests.http_certificates import Certificates, make_certificates
from tests.loadtests.http_peer import REPLY, Answer, Peer, then_close


def test_addresses_are_taken_in_turn_and_one_that_refuses_is_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def answer(host: str, port: int, *_: object) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, 1, 6, "", (f"127.0.0.{place}", port)) for place in (1, 2, 3)]

    with Peer(REPLY).listening() as peer:  # listens on 127.0.0.1 only
        monkeypatch.setattr(socket, "getaddrinfo", answer)
        tried: list[str] = []
        connect = socket.socket.connect

        def noting(self: Any, address: Any) -> None:
            tried.append(address[0])
            connect(self, address)

        monkeypatch.setattr(socket.socket, "connect", noting)
        ours = client(connections="per-transaction")
        for _ in range(3):
            assert ours.exchange(call(peer.port, host="gateway.test")) == HELLO
    assert asked == ["gateway.test"]
    assert tried == ["127.0.0.2", "127.0.0.3", "127.0.0.1", "127.0.0.3", "127.0.0.1", "127.0.0.1"]


def test_addresses_are_asked_for_again_when_old_and_after_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("loadtests.connections.addresses.time.monotonic", lambda: now)
    asked: list[float] = []

    def answer(_host: str, port: int, *_: object) -> list[Any]:
        asked.append(now)
        return [(socket.AF_INET, 1, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    known = Dialer(Client(resolve_every="30s"))._addresses
    for now, doubted, times in (
        (1000, 0, 1),
        (1029, 0, 1),
        (1031, 0, 2),
        (1031.5, 1, 2),
        (1033, 0, 3),
        (1040, 1, 4),
    ):
        if doubted:
            known.doubt("gateway.test", 80)
        known.of("gateway.test", 80)
        gevent.sleep(0.01)
        assert len(asked) == times, now


def test_a_thousand_users_ask_the_name_server_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def answer(_host: str, port: int, *_: object) -> list[Any]:
        asked.append(1)
        gevent.sleep(0.05)
        return [(socket.AF_INET, 1, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    known = Dialer()._addresses
    users = [gevent.spawn(known.of, "gateway.test", 80) for _ in range(1000)]
    gevent.joinall(users, raise_error=True)
    assert len(asked) == 1
    assert all(user.value == [(socket.AF_INET, ("127.0.0.1", 80))] for user in users)


def proxy(connection: Any, request: bytes) -> None:
    """Connects to wherever it is asked to, and passes bytes on."""
    place = request.split(b" ")[1].decode()
    host, _, port = place.rpartition(":")
    with socket.create_connection((host, int(port))) as there:
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        back = gevent.spawn(_pass_on, there, connection)
        try:
            _pass_on(connection, there)
        finally:
            back.kill()


def _pass_on(here: Any, there: Any) -> None:
    while data := here.recv(65_536):
        there.sendall(data)


def test_a_proxy_is_asked_to_connect_and_sees_nothing_else(certificates: Certificates) -> None:
    with (
        Peer(REPLY, tls=server_context(certificates)).listening() as peer,
        Peer(proxy).listening() as through,
    ):
        ours = client(tls=Tls(ca_file=str(certificates.authority)), proxy=f"http://127.0.0.1:{through.port}")
        assert [ours.exchange(call(peer.port, scheme="https")) for _ in range(2)] == [HELLO, HELLO]
        ours.close()
    place = b"127.0.0.1:%d" % peer.port
    assert through.requests == [b"CONNECT %b HTTP/1.1\r\nHost: %b\r\n\r\n" % (place, place)]
    assert len(peer.requests) == 2


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param(
            b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "refused to connect: 407", id="407"
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\nmore", "more than its answer", id="more"),
        pytest.param(then_close(b"HTTP/1.1 2"), "closed before", id="closed"),
        pytest.param(b"SSH-2.0\r\n\r\n", "refused", id="no-proxy-at-all"),
    ],
)
def test_a_proxy_that_does_not_connect_is_a_failed_connection(answer: Answer | bytes, said: str) -> None:
    with Peer(answer).listening() as through, pytest.raises(ConnectionFailedError, match=said):
        client(proxy=f"http://127.0.0.1:{through.port}").exchange(call(80))


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


def server_context(certificates: Certificates, *, ask_client: bool = False) -> Any:
    context = gevent_ssl.SSLContext(gevent_ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server.certificate, certificates.server.key)
    if ask_client:
        context.verify_mode = gevent_ssl.CERT_REQUIRED
        context.load_verify_locations(certificates.authority)
    return context


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_tls_is_kept_alive_and_verified_against_the_declared_authority(
    certificates: Certificates, host: str
) -> None:
    with Peer(REPLY, tls=server_context(certificates)).listening() as peer:
        ours = client(tls=Tls(ca_file=str(certificates.authority)))
        for _ in range(5):
            assert ours.exchange(call(peer.port, scheme="https", host=host)) == HELLO
            gevent.sleep(0.005)  # idle for a while: session tickets come and are no close
    assert peer.connections == 1


def test_a_certificate_that_nobody_vouches_for_is_refused_unless_declared_so(
    certificates: Certificates,
) -> None:
    with Peer(REPLY, tls=server_context(certificates)).listening() as peer:
        with pytest.raises(ConnectionFailedError, match="certificate not trusted"):
            client().exchange(call(peer.port, scheme="https"))
        assert peer.requests == []
        assert client(tls=Tls(verify=False)).exchange(call(peer.port, scheme="https")) == HELLO


def test_a_certificate_of_another_host_is_refused(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda _host, port, *_: [(socket.AF_INET, 1, 6, "", ("127.0.0.1", port))]
    )
    with Peer(REPLY, tls=server_context(certificates)).listening() as peer:
        ours = client(tls=Tls(ca_file=str(certificates.authority)))
        with pytest.raises(ConnectionFailedError, match="not trusted"):
            ours.exchange(call(peer.port, scheme="https", host="gateway.test"))
    assert peer.requests == []


def test_a_client_certificate_is_shown_where_declared(certificates: Certificates) -> None:
    ours = Tls(
        ca_file=str(certificates.authority),
        client_certificate=str(certificates.client.certificate),
        client_key=str(certificates.client.key),
    )
    with Peer(REPLY, tls=server_context(certificates, ask_client=True)).listening() as peer:
        assert client(tls=ours).exchange(call(peer.port, scheme="https")) == HELLO
        with pytest.raises(ConnectionFailedError):
            client(tls=Tls(ca_file=str(certificates.authority))).exchange(call(peer.port, scheme="https"))
    assert len(peer.requests) == 1


def test_a_tls_body_cut_off_by_an_attacker_is_no_reply(certificates: Certificates) -> None:
    def cut(connection: Any, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nhel")
        socket.socket.shutdown(connection, socket.SHUT_RDWR)

    with Peer(cut, tls=server_context(certificates)).listening() as peer:
        ours = client(tls=Tls(ca_file=str(certificates.authority)))
        with pytest.raises(ConnectionFailedError):
            ours.exchange(call(peer.port, scheme="https"))


def test_tls_to_a_plain_port_is_a_failed_connection() -> None:
    with Peer(REPLY).listening() as peer, pytest.raises((ConnectionFailedError, NoAnswerInTimeError)):
        client((0.5, 1, 1)).exchange(call(peer.port, scheme="https"))


@pytest.mark.parametrize("key", ["ca_file", "client_certificate"])
def test_a_certificate_file_that_cannot_be_used_is_named_before_load(key: str, tmp_path: Path) -> None:
    for path, content in ((tmp_path / "absent.pem", None), (tmp_path / "odd.pem", "not a certificate")):
        if content is not None:
            path.write_text(content)
        with pytest.raises(DeclarationError, match=rf"tls\.{key}: cannot use .*{path.name}"):
            Dialer(tls=Tls(**{key: str(path)})).prepare()
