"""Secrets of a run, resolved once; they travel to the engine through a pipe and are never written down."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What each wire needs to be let in; empty where the target declares none."""

    rest_api_key: str = field(default="", repr=False)
    rest_api_secret: str = field(default="", repr=False)
    basic_user: str = field(default="", repr=False)
    basic_password: str = field(default="", repr=False)

    def basic_header(self) -> str:
        """The value of an HTTP Basic `Authorization` header (RFC 7617)."""
        return "Basic " + b64encode(f"{self.basic_user}:{self.basic_password}".encode()).decode("ascii")
