"""Certificates for tests and benches: an authority of their own, a server's and a client's, made by openssl."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A certificate and its key."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """What both sides of a TLS connection need."""

    authority: Path
    server: Pair
    client: Pair


def make_certificates(folder: Path) -> Certificates:
    """An authority that signed a server for 127.0.0.1, ::1 and localhost, and a client."""
    authority = _request(
        folder, "authority", "-x509", "-days", "3650", "-addext", "basicConstraints=critical,CA:TRUE"
    )
    server = _signed(folder, "server", authority, "subjectAltName=IP:127.0.0.1,IP:::1,DNS:localhost")
    client = _signed(folder, "client", authority, "extendedKeyUsage=clientAuth")
    return Certificates(authority=authority.certificate, server=server, client=client)


def _request(folder: Path, name: str, *arguments: str) -> Pair:
    pair = Pair(certificate=folder / f"{name}.pem", key=folder / f"{name}.key")
    _openssl(
        *(
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-subj",
            f"/CN=test {name}",
        ),
        *("-keyout", str(pair.key), "-out", str(pair.certificate), *arguments),
    )
    return pair


def _signed(folder: Path, name: str, authority: Pair, extension: str) -> Pair:
    pair = _request(folder, name)
    extensions = folder / f"{name}.extensions"
    extensions.write_text(f"{extension}\nbasicConstraints=CA:FALSE\n", encoding="ascii")
    _openssl(
        *("x509", "-req", "-in", str(pair.certificate), "-out", str(pair.certificate), "-days", "3650"),
        *("-CA", str(authority.certificate), "-CAkey", str(authority.key), "-CAcreateserial"),
        *("-extfile", str(extensions)),
    )
    return pair


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)
