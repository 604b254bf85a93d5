"""TLS in front of a mock gateway: ends it, passes the bytes on, and counts connections."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

from tests.loadtests.http_certificates import Certificates


class TlsFront:
    """Listens with the server's certificate of a test's own authority."""

    def __init__(self, url: str, certificates: Certificates) -> None:
        self._behind = (urlsplit(url).hostname, urlsplit(url).port)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificates.server.certificate, certificates.server.key)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.handshakes = 0

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._listener.getsockname()[1]}"

    @contextlib.contextmanager
    def listening(self) -> Iterator[TlsFront]:
        threading.Thread(target=self._accept, daemon=True).start()
        try:
            yield self
        finally:
            self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                plain, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        with contextlib.suppress(OSError):
            secured = self._context.wrap_socket(plain, server_side=True)
            self.handshakes += 1
            with secured, socket.create_connection(self._behind) as behind:
                behind.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                back = threading.Thread(target=_pass_on, args=(behind, secured), daemon=True)
                back.start()
                _pass_on(secured, behind)


def _pass_on(here: socket.socket, there: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := here.recv(65_536):
            there.sendall(data)
        there.shutdown(socket.SHUT_RDWR)
