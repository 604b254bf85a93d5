"""What one gateway process runs with: profile, seed, credentials, limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mock_gateway.errors import SettingsError
from mock_gateway.gateway_profile import Profile
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
    """`max_body_bytes` bounds every request body; `body_timeout_s` how long one may take to arrive."""

    profile: Profile
    seed: int = 1
    credentials: Credentials = field(default_factory=Credentials)
    max_body_bytes: int = 1024 * 1024
    body_timeout_s: float = 10.0
    truth_path: Path | None = None
    soap: SoapNames = field(default_factory=SoapNames)
    core_path: str = "/core/soap"
    control_token: str | None = field(default=None, repr=False)


def load_credentials(environment: Mapping[str, str]) -> Credentials:
    """Credentials from MOCK_GATEWAY_API_KEY, _API_SECRET, _USER and _PASSWORD, else the defaults.

    Raises SettingsError for one that is set but empty, which would let everybody in by accident, or that
    cannot travel in a header.
    """
    names = {name: f"MOCK_GATEWAY_{name.upper()}" for name in ("api_key", "api_secret", "user", "password")}
    given = {name: environment[variable] for name, variable in names.items() if variable in environment}
    bad = [names[name] for name, value in given.items() if not value.strip() or not value.isprintable()]
    if ":" in given.get("user", ""):
        bad.append(names["user"])
    if bad:
        raise SettingsError(
            f"{', '.join(bad)}: must be plain text, not empty, a user without colon; or unset it"
        )
    return Credentials(**given)
