"""TLS as a target declares it: verified, with its own authority and a client certificate where it names them."""

from __future__ import annotations

from typing import Any

from gevent import ssl

from scenarios.errors import DeclarationError, Problem
from scenarios.target import Tls


def tls_context(tls: Tls, kind: type[Any] = ssl.SSLContext) -> Any:
    """An SSLContext, gevent's or of another kind. Raises DeclarationError naming the file that cannot be used."""
    # not create_default_context, which hands out a context of blocking sockets where nothing is patched
    context: Any = kind(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if tls.ca_file is None:
            context.load_default_certs()
        else:
            context.load_verify_locations(tls.ca_file)
    except (OSError, ValueError) as error:
        raise _refused("ca_file", tls.ca_file, error) from error
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.client_certificate is not None:
        try:
            # an empty password rather than a prompt, should the key be encrypted
            context.load_cert_chain(tls.client_certificate, tls.client_key, password=lambda: b"")
        except (OSError, ValueError) as error:
            raise _refused("client_certificate", tls.client_certificate, error) from error
    return context


def _refused(key: str, path: str | None, error: Exception) -> DeclarationError:
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
    return DeclarationError("target", [Problem(where=f"tls.{key}", message=f"cannot use {path}: {reason}")])
