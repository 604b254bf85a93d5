"""The probe before load: can each endpoint be reached, through the proxy and with TLS where the target declares them?
It sends no transaction."""

from __future__ import annotations

import socket
import ssl

from loadtests.connections.dialing import Origin, open_tunnel
from loadtests.connections.faults import mapped
from loadtests.connections.trust import tls_context
from scenarios.errors import DeclarationError, TargetUnreachableError
from scenarios.target import Target

_CONNECT_WITHIN_S = 5.0


def probe(target: Target) -> None:
    """Connect to each endpoint once. Raises TargetUnreachableError naming all that cannot be reached, and
    DeclarationError for a certificate file that cannot be used."""
    failures = []
    for name, url in target.addresses().items():
        origin = Origin.of(url)
        through = origin.through(target.client)
        by = "" if through == origin else f" through the proxy {through.host}:{through.port}"
        try:
            _reach(target, origin, through)
        except DeclarationError:
            raise
        except Exception as error:
            reason = getattr(error, "strerror", None) or str(mapped(error))
            if isinstance(error, ssl.SSLError):
                reason = f"TLS: {mapped(error)}"
            failures.append(f"  {name}: connecting to {origin.host}:{origin.port}{by} failed: {reason}")
    if failures:
        head = f"target {target.name}: the probe before load did not get through; nothing was sent"
        raise TargetUnreachableError("\n".join([head, *failures]))


def _reach(target: Target, origin: Origin, through: Origin) -> None:
    with socket.create_connection((through.host, through.port), timeout=_CONNECT_WITHIN_S) as plain:
        if through != origin:
            open_tunnel(plain, origin)
        if origin.scheme == "https":
            context = tls_context(target.tls, ssl.SSLContext)
            context.wrap_socket(plain, server_hostname=origin.host).close()
