"""What one gateway process runs with: profile, seed, credentials, limits, files."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from mock_gateway.gateway_profile import Profile
from mock_gateway.ledger import LedgerSettings
from mock_gateway.soap_names import SoapNames


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What callers must show; left out of every repr so that no log can hold it."""

    api_key: str = field(default="mock-key", repr=False)
    api_secret: str = field(default="mock-secret", repr=False)
    user: str = field(default="mock-user", repr=False)
    password: str = field(default="mock-password", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`max_body_bytes` bounds every request body, `body_timeout_s` how long one may take to arrive.

    Without a `truth_path` the truth log ends with the process; without a `control_token` the control
    interface is open to whoever can connect.
    """

    profile: Profile
    seed: int = 1
    credentials: Credentials = field(default_factory=Credentials)
    max_body_bytes: int = 1024 * 1024
    max_header_bytes: int = 32 * 1024
    body_timeout_s: float = 10.0
    ledger: LedgerSettings = field(default_factory=LedgerSettings)
    truth_path: Path | None = None
    soap: SoapNames = field(default_factory=SoapNames)
    core_path: str = "/core/soap"
    control_token: str | None = field(default=None, repr=False)
