"""Locust's FastHttpUser in place of our client: what goes wrong has the same outcome, and nothing is sent twice."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable

import pytest
from gevent import socket
from gevent import ssl as gevent_ssl

from loadtests.connections.dialing import Dialer
from loadtests.http_client import Client, HttpClient, Limits
from loadtests.sender import _FAILURES
from loadtests.transaction import Call
from scenarios.observation import Outcome
from scenarios.target import Tls
from tests.loadtests.http_certificates import Certificates, make_certificates
from tests.loadtests.http_peer import REPLY, Answer, Peer, in_pieces, reset, silence, then_close

# Locust would patch the socket and threading modules of the whole test process.
os.environ["LOCUST_SKIP_MONKEY_PATCH"] = "1"
from loadtests.gateway_user import FastHttpClient

del os.environ["LOCUST_SKIP_MONKEY_PATCH"]  # processes that other tests start are to be patched

LIMITS = Limits(connect_s=0.5, first_byte_s=0.5, whole_s=0.5)
Make = Callable[[Tls], Client]


def fast(tls: Tls) -> Client:
    return FastHttpClient(LIMITS, tls)


def own(tls: Tls) -> Client:
    return HttpClient(LIMITS, Dialer(tls=tls))


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


def outcome(client: Client, url: str) -> Outcome | int:
    """The outcome that a fault becomes, else the status."""
    call = Call(url, {"Content-Type": "text/plain"}, b"one", b"traceparent: 00-1-2-01\r\n")
    try:
        return client.exchange(call).status
    except tuple(_FAILURES) as error:
        return _FAILURES[type(error)]
    finally:
        client.close()


FAULTS = [
    pytest.param(REPLY, 200, id="sound"),
    pytest.param(in_pieces(REPLY[:20], REPLY[20:]), 200, id="in-pieces"),
    pytest.param(REPLY.replace(b"200 OK", b"503 Busy"), 503, id="status-503"),
    pytest.param(b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", 302, id="redirect"),
    pytest.param(reset, Outcome.CONNECTION, id="reset"),
    pytest.param(then_close(b""), Outcome.CONNECTION, id="closed-without-a-word"),
    pytest.param(then_close(REPLY[:-2]), Outcome.CONNECTION, id="cut-off-in-the-body"),
    pytest.param(then_close(REPLY[:12]), Outcome.CONNECTION, id="cut-off-in-the-head"),
    pytest.param(silence, Outcome.TIMEOUT, id="silence"),
    pytest.param(in_pieces(REPLY[:-2], b"", b"", every_s=0.6), Outcome.TIMEOUT, id="stops-in-the-body"),
    pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n\r\n", Outcome.ERROR, id="no-http"),
    pytest.param(b"\x16\x03\x03\x00\x7a" + bytes(100), Outcome.ERROR, id="tls-from-a-plain-port"),
]


@pytest.mark.parametrize("make", [own, fast], ids=["own", "fasthttp"])
@pytest.mark.parametrize(("answer", "expected"), FAULTS)
def test_both_clients_see_the_same(make: Make, answer: Answer | bytes, expected: Outcome | int) -> None:
    with Peer(answer).listening() as peer:
        assert outcome(make(Tls()), f"http://127.0.0.1:{peer.port}/x") == expected
        assert len(peer.requests) == 1
    assert b"traceparent: 00-1-2-01\r\n" in peer.requests[0]
    assert peer.requests[0].endswith(b"\r\n\r\none")


@pytest.mark.parametrize("make", [own, fast], ids=["own", "fasthttp"])
def test_nobody_to_connect_to_is_a_failed_connection(make: Make) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert outcome(make(Tls()), f"http://127.0.0.1:{port}/x") == Outcome.CONNECTION
    assert outcome(make(Tls()), "http://nowhere.invalid/x") == Outcome.CONNECTION


@pytest.mark.parametrize("make", [own, fast], ids=["own", "fasthttp"])
def test_both_clients_trust_the_declared_authority_and_nobody_else(
    make: Make, certificates: Certificates
) -> None:
    context = gevent_ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server.certificate, certificates.server.key)
    with Peer(REPLY, tls=context).listening() as peer:
        url = f"https://127.0.0.1:{peer.port}/x"
        assert outcome(make(Tls(ca_file=str(certificates.authority))), url) == 200
        assert outcome(make(Tls()), url) == Outcome.CONNECTION
        assert outcome(make(Tls(verify=False)), url) == 200
    assert len(peer.requests) == 2
