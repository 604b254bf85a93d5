"""Profiles: the declared behaviour of the gateway, one TOML file each."""

from __future__ import annotations

import difflib
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from mock_gateway.answer_rates import Answers, ClaimAnswers, Declared
from mock_gateway.durations import Duration
from mock_gateway.errors import SettingsError
from mock_gateway.faults import Fault
from mock_gateway.payment_facts import PaymentFacts
from mock_gateway.profile_problems import describe_problems
from mock_gateway.route_names import CLAIM_STATUS
from mock_gateway.service_time import Constant, ServiceTime

_NO_TIME = Constant.model_validate({"distribution": "constant", "value": "0s"})
Concurrency = Annotated[int, Field(ge=1, le=100_000)]


class Stage(Declared):
    """One station: how many requests it serves at once (absent: all that come), and how long each takes.

    Without a service time of its own a payer or the card network takes that of the route.
    """

    concurrency: Concurrency | None = None
    service_time: ServiceTime | None = None


class GatewayStage(Declared):
    """The gateway's own work on a request, before anybody else is asked."""

    concurrency: Concurrency | None = None
    service_time: ServiceTime = _NO_TIME


class Sale(Declared):
    """Card sales. `echo_amount` sends the asked amount back, which no public document shows: inferred."""

    service_time: ServiceTime
    echo_amount: bool = True


class Eligibility(Declared):
    service_time: ServiceTime
    # The Enhanced inquiry has the gateway work out more, which may take it longer.
    enhanced_adds: Duration = 0.0
    answers: Answers = Answers()


class ClaimStatus(Declared):
    """Claim status; without a service time of its own it takes that of eligibility."""

    service_time: ServiceTime | None = None
    answers: ClaimAnswers = ClaimAnswers()


class Profile(Declared):
    """Everything that a profile file declares."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    purpose: str = ""
    sale: Sale
    eligibility: Eligibility
    claim_status: ClaimStatus = ClaimStatus()
    payments: PaymentFacts = PaymentFacts()
    gateway: GatewayStage = GatewayStage()
    card_network: Stage = Stage()
    # By payer id as inquiries name it; the rest gets a station each, of the kind of `other_payers`.
    payers: Annotated[dict[str, Stage], Field(default={}, max_length=1000)]
    other_payers: Stage = Stage()
    faults: Annotated[tuple[Fault, ...], Field(max_length=100, strict=False)] = ()

    def service_time_of(self, route: str) -> ServiceTime:
        """What a payer takes for the route unless it declares a time of its own."""
        if route == CLAIM_STATUS and self.claim_status.service_time is not None:
            return self.claim_status.service_time
        return self.eligibility.service_time


def list_profiles() -> list[str]:
    """Names of the shipped profiles."""
    folder = files("mock_gateway") / "profiles"
    return sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load_profile(name_or_path: str) -> Profile:
    """The profile of that shipped name, or in that file.

    Raises SettingsError whose text lists every problem of the file, or the profiles that exist.
    """
    if name_or_path in list_profiles():
        text = (files("mock_gateway") / "profiles" / f"{name_or_path}.toml").read_text(encoding="utf-8")
        return parse_profile(text, source=name_or_path)
    if not name_or_path.endswith(".toml") and "/" not in name_or_path:
        raise SettingsError(_unknown_profile(name_or_path))
    try:
        text = Path(name_or_path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise SettingsError(f"{name_or_path}: not UTF-8 text") from None
    except (OSError, ValueError) as failure:
        reason = getattr(failure, "strerror", None) or str(failure)
        raise SettingsError(f"profile {name_or_path}: cannot be read ({reason}); {_shipped()}") from None
    return parse_profile(text, source=name_or_path)


def parse_profile(text: str, *, source: str) -> Profile:
    """The profile in a TOML text; `source` heads the error text. Raises SettingsError."""
    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as failure:
        raise SettingsError(f"{source}: not TOML: {failure}") from None
    try:
        return Profile.model_validate(raw)
    except ValidationError as failure:
        raise SettingsError(describe_problems(source, raw, failure, Profile)) from None


def _shipped() -> str:
    return f"shipped profiles: {', '.join(list_profiles())}"


def _unknown_profile(name: str) -> str:
    near = difflib.get_close_matches(name, list_profiles(), n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"no profile is called {name!r}; {hint}{_shipped()} (or give the path of a .toml file)"
