"""The probe before load: it only connects, as the target declares it, and names all that it cannot reach."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from loadtests.cli.probe import probe
from scenarios.errors import DeclarationError, TargetUnreachableError
from scenarios.target import Client, Endpoints, Target, Tls
from tests.loadtests.builders import target
from tests.loadtests.http_certificates import Certificates, make_certificates


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        yield server


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


def url(server: socket.socket) -> str:
    return f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_listener_is_connected_to_and_told_nothing(listener: socket.socket) -> None:
    probe(target(endpoints=Endpoints(rest=url(listener))))
    connection, _ = listener.accept()
    with connection:
        connection.settimeout(5)
        assert connection.recv(1) == b""


def test_every_address_where_nobody_listens_is_named(listener: socket.socket) -> None:
    free = url(listener)
    listener.close()
    with pytest.raises(TargetUnreachableError) as caught:
        probe(target(free))
    port = free.rpartition(":")[2]
    assert str(caught.value).splitlines() == [
        "target local: the probe before load did not get through; nothing was sent",
        *(
            f"  {wire}: connecting to 127.0.0.1:{port} failed: Connection refused"
            for wire in ("rest", "nvp", "soap_object", "soap_edi", "core_soap")
        ),
    ]


def serving(listener: socket.socket, answer: Callable[[socket.socket], None]) -> threading.Thread:
    """Accept one connection and answer it."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.settimeout(5)
            answer(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return thread


def handshake(certificates: Certificates) -> Callable[[socket.socket], None]:
    """TLS as the server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server.certificate, certificates.server.key)
    return lambda connection: context.wrap_socket(connection, server_side=True).close()


def over_tls(listener: socket.socket, **changes: Any) -> Target:
    endpoint = url(listener).replace("http:", "https:")
    return target(endpoints=Endpoints(rest=endpoint)).model_copy(update=changes)


def test_tls_is_agreed_as_the_target_declares_it(listener: socket.socket, certificates: Certificates) -> None:
    served = serving(listener, handshake(certificates))
    probe(over_tls(listener, tls=Tls(ca_file=str(certificates.authority))))
    served.join(5)
    assert not served.is_alive()


def test_a_certificate_that_is_not_trusted_is_said_before_load(
    listener: socket.socket, certificates: Certificates
) -> None:
    serving(listener, handshake(certificates))
    with pytest.raises(TargetUnreachableError, match=r"rest: .*TLS: certificate not trusted"):
        probe(over_tls(listener))


def test_an_authority_that_is_no_certificate_is_named(listener: socket.socket, tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match=r"tls\.ca_file.*nowhere\.pem"):
        probe(over_tls(listener, tls=Tls(ca_file=str(tmp_path / "nowhere.pem"))))


@pytest.mark.parametrize("agrees", [True, False], ids=["connects", "refuses"])
def test_a_proxy_is_asked_for_the_endpoint(listener: socket.socket, agrees: bool) -> None:
    asked = []

    def answer(connection: socket.socket) -> None:
        asked.append(connection.recv(4096).split(b"\r\n")[0])
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" if agrees else b"HTTP/1.1 403 Forbidden\r\n\r\n")

    serving(listener, answer)
    behind = target(endpoints=Endpoints(rest="http://gateway.example.test:8443/rest")).model_copy(
        update={"client": Client(proxy=url(listener))}
    )
    if agrees:
        probe(behind)
    else:
        said = r"gateway\.example\.test:8443 through the proxy 127\.0\.0\.1:\d+ failed: .*refused to connect: 403"
        with pytest.raises(TargetUnreachableError, match=said):
            probe(behind)
    assert asked == [b"CONNECT gateway.example.test:8443 HTTP/1.1"]
