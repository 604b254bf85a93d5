"""The probe before load: it only connects, and names all that did not answer."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from loadtests.cli.probe import probe
from scenarios.errors import TargetUnreachableError
from scenarios.target import Endpoints
from tests.loadtests.builders import target


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        yield server


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
        "target local: the probe before load found nobody listening; nothing was sent",
        *(
            f"  {wire}: connecting to 127.0.0.1:{port} failed: Connection refused"
            for wire in ("rest", "nvp", "soap_object", "soap_edi", "core_soap")
        ),
    ]
