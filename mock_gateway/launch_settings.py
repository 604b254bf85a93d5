"""What a gateway is started with: from the command line, the environment and a file, in this order.

Each field below is an option (`max_body_bytes` is --max-body-bytes), a variable
(MOCK_GATEWAY_MAX_BODY_BYTES) and a key of the settings file. Adding a setting is adding a field.
"""

from __future__ import annotations

import argparse
import ipaddress
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from mock_gateway.durations import Duration
from mock_gateway.errors import SettingsError
from mock_gateway.gateway_profile import load_profile
from mock_gateway.ledger import LedgerSettings
from mock_gateway.profile_problems import describe_problems
from mock_gateway.settings import Credentials, Settings
from mock_gateway.soap_names import (
    DEFAULT_CLAIM_STATUS_OPERATION,
    DEFAULT_NAMESPACE,
    RESPONSE_NAMES,
    SoapNames,
)

PREFIX = "MOCK_GATEWAY_"
_XML_NAME = r"^[A-Za-z_][A-Za-z0-9_.-]{0,79}$"
# Secrets on a command line can be read by everybody on the machine.
_SECRETS = frozenset({"api_key", "api_secret", "user", "password", "control_token"})
_NO_VARIABLE = frozenset({"soap_response_names"})
_NO_OPTION = _SECRETS | _NO_VARIABLE
_FLAGS = frozenset({"allow_remote", "exit_with_stdin"})
_LEAST_TOKEN = 16


def _read_whole(value: object) -> object:
    """Whole numbers also as text, as the environment has nothing else."""
    if isinstance(value, str):
        if not (value.isascii() and value.isdigit() and len(value) <= 20):
            raise ValueError("must be a whole number")
        return int(value)
    return value


def _read_flag(value: object) -> object:
    if isinstance(value, str):
        if value.lower() not in ("1", "0", "true", "false"):
            raise ValueError("must be true or false")
        return value.lower() in ("1", "true")
    return value


def _check_host(host: str) -> str:
    try:
        return str(ipaddress.ip_address("127.0.0.1" if host == "localhost" else host))
    except ValueError:
        raise ValueError("not an IP address; use 127.0.0.1, ::1 or localhost") from None


def _check_secret(text: str) -> str:
    # Empty would let everybody in by accident, and control characters cannot travel in a header.
    if not text.strip() or not text.isprintable() or not text.isascii():
        raise ValueError("must be plain text, not empty; or unset it")
    return text


Whole = Annotated[int, BeforeValidator(_read_whole)]
Flag = Annotated[bool, BeforeValidator(_read_flag)]
Secret = Annotated[str, AfterValidator(_check_secret), Field(max_length=200)]
Token = Annotated[str, Field(min_length=_LEAST_TOKEN, max_length=200), AfterValidator(_check_secret)]
XmlName = Annotated[str, Field(pattern=_XML_NAME)]


class LaunchSettings(BaseModel):
    """Every setting with its default and, as its description, the help of its option."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)

    profile: Annotated[str, Field(min_length=1, description="shipped profile or TOML file")] = "steady"
    host: Annotated[
        str, AfterValidator(_check_host), Field(description="address to listen on; loopback unless allowed")
    ] = "127.0.0.1"
    port: Annotated[Whole, Field(ge=0, le=65535, description="0 takes a free one")] = 0
    seed: Annotated[Whole, Field(ge=0, le=2**63 - 1, description="of all random draws")] = 1
    allow_remote: Annotated[
        Flag, Field(description="listen on other than loopback; needs MOCK_GATEWAY_CONTROL_TOKEN")
    ] = False
    exit_with_stdin: Annotated[
        Flag, Field(description="end at once when standard input ends: no orphans")
    ] = False
    ledger: Annotated[
        str | None, Field(min_length=1, description="file to keep payments in; else a temporary one")
    ] = None
    ledger_sync: Annotated[
        Literal["NORMAL", "FULL"],
        Field(description="NORMAL survives a killed process, FULL a power cut as well"),
    ] = "NORMAL"
    truth: Annotated[
        str | None, Field(min_length=1, description="new file for the truth log; else a temporary one")
    ] = None
    max_body_bytes: Annotated[
        Whole, Field(ge=1024, le=64 * 1024 * 1024, description="largest request body taken")
    ] = 1024 * 1024
    max_header_bytes: Annotated[
        Whole, Field(ge=1024, le=1024 * 1024, description="largest request head taken")
    ] = 32 * 1024
    body_timeout: Annotated[
        Duration, Field(gt=0, le=600, description="longest time for a body to arrive, such as 10s")
    ] = 10.0
    soap_namespace: Annotated[
        str,
        Field(min_length=1, max_length=200, pattern=r"^[^\s<>\"&]+$", description="of the WSDL; inferred"),
    ] = DEFAULT_NAMESPACE
    claim_status_operation: Annotated[
        XmlName, Field(description="SOAP operation for claim status; inferred")
    ] = DEFAULT_CLAIM_STATUS_OPERATION
    soap_response_names: dict[str, XmlName] = Field(default={})
    core_path: Annotated[
        str, Field(pattern=r"^/[A-Za-z0-9/_.-]{1,79}$", description="path of the CORE envelope service")
    ] = "/core/soap"
    api_key: Secret = "mock-key"
    api_secret: Secret = "mock-secret"
    user: Annotated[Secret, Field(pattern="^[^:]*$")] = "mock-user"
    password: Secret = "mock-password"
    control_token: Token | None = None

    def build(self) -> Settings:
        """What the gateway runs with. Raises SettingsError for a profile that cannot be had."""
        return Settings(
            profile=load_profile(self.profile),
            seed=self.seed,
            credentials=Credentials(
                api_key=self.api_key, api_secret=self.api_secret, user=self.user, password=self.password
            ),
            max_body_bytes=self.max_body_bytes,
            max_header_bytes=self.max_header_bytes,
            body_timeout_s=self.body_timeout,
            ledger=LedgerSettings(
                path=None if self.ledger is None else Path(self.ledger), synchronous=self.ledger_sync
            ),
            truth_path=None if self.truth is None else Path(self.truth),
            soap=SoapNames(
                namespace=self.soap_namespace,
                claim_status_operation=self.claim_status_operation,
                response=self.soap_response_names,
            ),
            core_path=self.core_path,
            control_token=self.control_token,
        )


def load_launch_settings(arguments: Sequence[str] | None, environment: Mapping[str, str]) -> LaunchSettings:
    """The settings of a start. Raises SettingsError, whose text lists every problem."""
    options = vars(_build_parser().parse_args(arguments))
    path = options.pop("settings") or environment.get(f"{PREFIX}SETTINGS")
    given = _read_file(Path(path)) if path else {}
    for name in LaunchSettings.model_fields:
        variable = f"{PREFIX}{name.upper()}"
        if variable in environment and name not in _NO_VARIABLE:
            given[name] = environment[variable]
    given |= {name: value for name, value in options.items() if value is not None}
    problems = _find_unsafe(given)
    try:
        launch = LaunchSettings.model_validate(given)
    except ValidationError as failure:
        text = describe_problems("settings", given, failure, LaunchSettings)
        problems = [*map(_hide_secret, text.splitlines()[1:]), *problems]
    if problems:
        count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
        raise SettingsError("\n".join([f"settings: {count}", *problems]))
    return launch


def _find_unsafe(given: Mapping[str, object]) -> list[str]:
    """What is wrong although each setting by itself may be right."""
    problems = []
    host = str(given.get("host", "127.0.0.1"))
    if not _is_loopback(host):
        if _read_flag(given.get("allow_remote", False)) is not True:
            problems.append(
                f"  host {host}: only loopback is served; use 127.0.0.1, ::1 or localhost, "
                "or allow more by --allow-remote"
            )
        elif not given.get("control_token"):
            problems.append(
                f"  host {host}: beyond loopback the control interface needs {PREFIX}CONTROL_TOKEN "
                f"(at least {_LEAST_TOKEN} characters)"
            )
    names = given.get("soap_response_names")
    unknown = [name for name in names if name not in RESPONSE_NAMES] if isinstance(names, dict) else []
    if unknown:
        problems.append(f"  soap_response_names: no field is called {', '.join(unknown)}")
    return problems


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(_check_host(host)).is_loopback
    except ValueError:
        # Not an address at all, which is a problem of its own.
        return True


def _hide_secret(line: str) -> str:
    """A problem's line; of a secret without the value, but with the variable that it may have come from."""
    name = line.strip().partition(":")[0]
    return f"{line.split(' (got ')[0]} ({PREFIX}{name.upper()})" if name in _SECRETS else line


def _read_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, RecursionError) as failure:
        raise SettingsError(f"{path}: not TOML: {failure}") from None
    except (OSError, ValueError) as failure:
        raise SettingsError(f"settings {path}: cannot be read ({failure})") from None


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one message, without the usage text in front of it."""

    def error(self, message: str) -> NoReturn:
        raise SettingsError(f"{message} (see --help)")


def _build_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="mock_gateway",
        description="A payment and eligibility gateway to rehearse against.",
        epilog=f"Each option is also a variable ({PREFIX}PORT) and a key of the settings file (port); "
        f"credentials are variables or keys only: {', '.join(sorted(_SECRETS))}.",
        allow_abbrev=False,
    )
    parser.add_argument("--settings", metavar="FILE", help="TOML file with any of these settings")
    for name, field in LaunchSettings.model_fields.items():
        if name in _NO_OPTION:
            continue
        option = f"--{name.replace('_', '-')}"
        default = "" if field.default is None else f" ({field.default})"
        described = f"{field.description}{default}"
        if name in _FLAGS:
            parser.add_argument(option, action="store_const", const=True, help=field.description)
        else:
            parser.add_argument(option, metavar=name.rsplit("_", 1)[-1].upper(), help=described)
    return parser
