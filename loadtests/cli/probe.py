"""The probe before load: does anything listen at each endpoint? It only connects; it sends no transaction."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from scenarios.errors import TargetUnreachableError
from scenarios.target import Target

_CONNECT_WITHIN_S = 5.0


def probe(target: Target) -> None:
    """Connect to each endpoint once. Raises TargetUnreachableError naming all that did not answer."""
    failures = []
    for name, url in target.addresses().items():
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            socket.create_connection((parts.hostname or "", port), timeout=_CONNECT_WITHIN_S).close()
        except OSError as error:
            failures.append(
                f"  {name}: connecting to {parts.hostname}:{port} failed: {error.strerror or error}"
            )
    if failures:
        raise TargetUnreachableError(
            "\n".join(
                [
                    f"target {target.name}: the probe before load found nobody listening; nothing was sent",
                    *failures,
                ]
            )
        )
