"""The target: where transactions go, with which credentials, and who allowed the load."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from scenarios.duration import Duration
from scenarios.errors import DeclarationError, Problem
from scenarios.kind_wires import KindWires
from scenarios.kinds import FIRST_CUSTOM_KIND, MOST_CUSTOM_KINDS, AnyKind, CustomKind, Kind, Wire
from scenarios.problems import SECRET_SHOWN
from scenarios.trace_context import TRACE_ID_PLACE

_strict = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
EMBEDDED_PATHS = {
    "rest": "/rest/payment",
    "nvp": "/payment/NVP.aspx",
    "soap_object": "/healthcare/service.asmx",
    "soap_edi": "/healthcare/service.asmx",
    "core_soap": "/core/soap",
}


def _endpoint(text: str) -> str:
    if not text.isascii() or not text.isprintable() or " " in text:
        raise PydanticCustomError(
            "url", "must be a URL of ASCII letters without spaces; escape others as in %20"
        )
    parts = urlsplit(text)
    try:
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        sound = False
    if not sound:
        raise PydanticCustomError("url", "must be a URL such as https://gateway.example.test/path")
    if parts.username or parts.password:
        raise PydanticCustomError(SECRET_SHOWN, "must not carry a user or a password; name them under [auth]")
    if parts.query or parts.fragment:
        raise PydanticCustomError("url", "must not carry a query or a fragment")
    return text.rstrip("/")


Endpoint = Annotated[str, AfterValidator(_endpoint)]


class Endpoints(BaseModel):
    """One address per wire that is used."""

    model_config = _strict

    rest: Endpoint | None = None
    nvp: Endpoint | None = None
    soap_object: Endpoint | None = None
    soap_edi: Endpoint | None = None
    core_soap: Endpoint | None = None

    def declared(self) -> dict[Wire, str]:
        """Address by wire."""
        return {Wire[name.upper()]: url for name, url in self.model_dump().items() if url is not None}


class SecretRef(BaseModel):
    """Where a secret is, never the secret itself: exactly one of `env` and `file`."""

    model_config = _strict

    env: str | None = None
    file: str | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> SecretRef:
        if (self.env is None) == (self.file is None):
            raise PydanticCustomError("secret", 'write { env = "NAME" } or { file = "path" }')
        return self

    def resolve(self, folder: Path, environment: Mapping[str, str]) -> str:
        """The secret. Raises ValueError saying what is missing or cannot travel in a header."""
        value = self._read(folder, environment)
        if not value.isprintable() or not value.isascii():
            raise ValueError("holds a character that no HTTP header can carry")
        return value

    def _read(self, folder: Path, environment: Mapping[str, str]) -> str:
        if self.env is not None:
            value = environment.get(self.env)
            if not value:
                raise ValueError(f"environment variable {self.env} is not set")
            return value
        path = folder / str(self.file)
        try:
            value = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"cannot read secret file {path}: {error}") from error
        if not value:
            raise ValueError(f"secret file {path} is empty")
        return value


def _trace_url(text: str) -> str:
    _endpoint(text.replace(TRACE_ID_PLACE, "0").partition("?")[0].partition("#")[0])
    if TRACE_ID_PLACE not in text:
        raise PydanticCustomError("url", 'must hold {trace_id}, as in "https://traces.test/trace/{trace_id}"')
    return text


class Auth(BaseModel):
    """Credentials by reference. REST sends a key and a secret, the others HTTP Basic."""

    model_config = _strict

    rest_api_key: SecretRef | None = None
    rest_api_secret: SecretRef | None = None
    basic_user: SecretRef | None = None
    basic_password: SecretRef | None = None


class Outlet(BaseModel):
    """The merchant's outlet, sent with every payment; leading zeros are kept."""

    model_config = _strict

    merchant_id: Annotated[str, Field(min_length=1, max_length=50)] = "TESTMERCH"
    store_id: Annotated[str, Field(min_length=1, max_length=50)] = "0001"
    terminal_id: Annotated[str, Field(min_length=1, max_length=50)] = "0001"


class CoreParties(BaseModel):
    """Who asks whom, as the CORE envelope names them."""

    model_config = _strict

    sender_id: Annotated[str, Field(min_length=1, max_length=50)] = "SLAGATE"
    receiver_id: Annotated[str, Field(min_length=1, max_length=50)] = "INSTAMED"


class CheckAccount(BaseModel):
    """The bank account that eChecks are drawn on; a real gateway's test account comes from its onboarding pack."""

    model_config = _strict

    routing_number: Annotated[str, Field(pattern=r"^[0-9]{9}$")]
    account_number: Annotated[str, Field(pattern=r"^[0-9]{1,100}$")]


class CustomDeclaration(BaseModel):
    """A kind of the user's own: one Python file with `build_call` and `classify_reply`."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True, serialize_by_alias=True)

    kind: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    group: Annotated[Literal["healthcare", "payment", "lookup"], Field(alias="class")]
    module: Annotated[str, Field(min_length=1)]
    endpoint: Endpoint | None = None


class Payments(BaseModel):
    """What is known of the gateway's care with payments; needed before any payment is ever sent again."""

    model_config = _strict

    duplicate_window: Annotated[Duration, Field(gt=0)] | None = None  # the same card, amount and invoice


class TimeOuts(BaseModel):
    """Client time-outs; absent ones follow the limit (`connect` = limit + 5 s)."""

    model_config = _strict

    connect: Annotated[Duration, Field(gt=0)] | None = None
    first_byte: Annotated[Duration, Field(gt=0)] = 60.0
    whole: Annotated[Duration, Field(gt=0)] = 60.0


class Tls(BaseModel):
    """How the gateway's certificate is checked, and what is shown to it. Paths count from the target's file."""

    model_config = _strict

    verify: bool = True
    ca_file: str | None = None  # its own authority, instead of the system's
    client_certificate: str | None = None
    client_key: str | None = None  # absent: in the certificate's file

    @model_validator(mode="after")
    def _makes_sense(self) -> Tls:
        if self.client_key is not None and self.client_certificate is None:
            raise PydanticCustomError("tls", "client_key goes with client_certificate, which is missing")
        if not self.verify and self.ca_file is not None:
            raise PydanticCustomError(
                "tls", "ca_file says whom to trust, verify = false trusts anybody; leave one out"
            )
        return self


def _proxy(text: str) -> str:
    if not _endpoint(text).startswith("http://") or urlsplit(text).path not in ("", "/"):
        raise PydanticCustomError("url", "must be a proxy's address such as http://proxy.example.test:3128")
    return text.rstrip("/")


class Client(BaseModel):
    """How connections are made and kept."""

    model_config = _strict

    engine: Literal["own", "fasthttp"] = "own"  # fasthttp: Locust's FastHttpUser, to compare with
    connections: Literal["keep-alive", "per-transaction"] = "keep-alive"
    proxy: Annotated[str, AfterValidator(_proxy)] | None = None  # asked to CONNECT
    resolve_every: Annotated[Duration, Field(gt=0)] = 30.0
    gzip: bool = False  # ask for compressed replies

    @model_validator(mode="after")
    def _own_only(self) -> Client:
        if self.engine == "fasthttp" and (self.proxy or self.gzip or self.connections != "keep-alive"):
            raise PydanticCustomError("client", 'proxy, gzip and connections need engine = "own"')
        return self


class Guard(BaseModel):
    """Leave to send load outside loopback, with ceilings."""

    model_config = _strict

    hosts: Annotated[tuple[str, ...], Field(min_length=1)]
    authorised: Annotated[str, Field(min_length=10)]
    max_rate_per_s: Annotated[float, Field(gt=0)]
    max_total: Annotated[int, Field(gt=0)]


class EmbeddedGateway(BaseModel):
    """Ask slagate to start its own mock gateway for the run."""

    model_config = _strict

    profile: Annotated[str, Field(min_length=1)] = "steady"


class Target(BaseModel):
    """The gateway under test."""

    model_config = _strict

    name: Annotated[str, Field(min_length=1)]
    endpoints: Endpoints = Endpoints()
    auth: Auth = Auth()
    outlet: Outlet = Outlet()
    payments: Payments = Payments()
    time_outs: TimeOuts = TimeOuts()
    tls: Tls = Tls()
    client: Client = Client()
    guard: Guard | None = None
    embedded_gateway: EmbeddedGateway | None = None
    soap_namespace: Annotated[str, Field(pattern=r"^[!#-;=?-~]+$")] = (
        "http://www.instamed.com/"  # [I] the WSDL decides
    )
    soap_version: Literal["1.1", "1.2"] = "1.1"
    claim_status_operation: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] = (
        "DoClaimStatusInquiryEDI"  # [I]
    )
    core: CoreParties = CoreParties()
    wires: KindWires = KindWires()
    echeck: CheckAccount | None = None
    custom: Annotated[tuple[CustomDeclaration, ...], Field(max_length=MOST_CUSTOM_KINDS)] = ()
    trace_url: Annotated[str, AfterValidator(_trace_url)] | None = None

    def at(self, base_url: str) -> Target:
        """The target with the embedded gateway's address filled in."""
        endpoints = Endpoints(**{wire: base_url + path for wire, path in EMBEDDED_PATHS.items()})
        return self.model_copy(update={"endpoints": endpoints})

    @property
    def custom_kinds(self) -> tuple[CustomKind, ...]:
        """The user's own kinds, numbered in the order of the file."""
        return tuple(
            CustomKind(FIRST_CUSTOM_KIND + place, each.kind, each.group)
            for place, each in enumerate(self.custom)
        )

    def wire_of(self, kind: AnyKind) -> Wire:
        """The wire that carries a kind here."""
        return Wire.CUSTOM if isinstance(kind, CustomKind) else self.wires.of(kind)

    def addresses(self) -> dict[str, str]:
        """Every address that load may go to, by the name of its wire or of the user's own kind."""
        own = {each.kind: each.endpoint for each in self.custom if each.endpoint is not None}
        return {wire.text: url for wire, url in self.endpoints.declared().items()} | own


def target_cross_checks(raw: dict[str, object]) -> list[Problem]:
    """Problems between keys, found on the raw file so that they are listed with all the others."""
    return [*_address_problems(raw), *_tls_problems(raw), *_custom_problems(raw.get("custom"))]


def _address_problems(raw: dict[str, object]) -> list[Problem]:
    embedded, endpoints = "embedded_gateway" in raw, bool(raw.get("endpoints"))
    custom = raw.get("custom")
    own = isinstance(custom, list) and any(isinstance(each, dict) and "endpoint" in each for each in custom)
    if embedded and endpoints:
        return [Problem(where="endpoints", message="[endpoints] and [embedded_gateway] exclude each other")]
    if not embedded and not endpoints and not own:
        return [
            Problem(where="endpoints", message=f"needs at least one address ({', '.join(EMBEDDED_PATHS)})")
        ]
    return []


def _tls_problems(raw: dict[str, object]) -> list[Problem]:
    """[tls] says nothing where no address is https."""
    endpoints, custom = raw.get("endpoints"), raw.get("custom")
    addresses = list(endpoints.values()) if isinstance(endpoints, dict) else []
    addresses += (
        [each.get("endpoint") for each in custom if isinstance(each, dict)]
        if isinstance(custom, list)
        else []
    )
    if raw.get("tls") and not any(str(each).startswith("https://") for each in addresses):
        return [Problem(where="tls", message="no address of this target begins with https://")]
    return []


def _custom_problems(custom: object) -> list[Problem]:
    """Names of the user's own kinds must be their own."""
    names = (
        [each.get("kind") for each in custom if isinstance(each, dict)] if isinstance(custom, list) else []
    )
    taken = {kind.text for kind in Kind}
    problems = []
    for place, name in enumerate(names):
        if name in taken:
            message = f"a kind of this name exists already; choose another (got {name!r})"
            problems.append(Problem(where=f"custom[{place}].kind", message=message))
        if isinstance(name, str):
            taken.add(name)
    return problems


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_guard(target: Target, *, source: str, peak_per_s: float, expected_total: float) -> None:
    """Raise DeclarationError unless every endpoint is loopback, or guarded and the plan below the ceilings."""
    problems: list[Problem] = []
    hosts = {name: urlsplit(url).hostname or "" for name, url in target.addresses().items()}
    outside = {name: host for name, host in hosts.items() if not is_loopback(host)}
    guard = target.guard
    if not outside:
        return
    if guard is None:
        problems.append(
            Problem(
                where="guard",
                message=f"{', '.join(sorted(set(outside.values())))} is not loopback; load outside this machine needs "
                "[guard] with hosts, authorised (who allowed it, when), max_rate_per_s and max_total",
            )
        )
    else:
        allowed = {host.lower() for host in guard.hosts}
        problems += [
            Problem(
                where=f"endpoints.{name}",
                message=f"host {host} is not among guard.hosts ({', '.join(guard.hosts)})",
            )
            for name, host in outside.items()
            if host.lower() not in allowed
        ]
        if peak_per_s > guard.max_rate_per_s:
            problems.append(
                Problem(
                    where="guard.max_rate_per_s",
                    message=f"the plan peaks at {peak_per_s:g}/s, the ceiling is {guard.max_rate_per_s:g}/s",
                )
            )
        if expected_total > guard.max_total:
            problems.append(
                Problem(
                    where="guard.max_total",
                    message=f"the plan sends {expected_total:.0f} transactions, the ceiling is {guard.max_total}",
                )
            )
    if problems:
        raise DeclarationError(source, problems)
