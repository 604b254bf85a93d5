"""Profiles: the declared behaviour of the gateway, one TOML file each."""

from __future__ import annotations

import difflib
import math
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from mock_gateway.errors import SettingsError
from mock_gateway.faults import Fault
from mock_gateway.payment_facts import PaymentFacts
from mock_gateway.profile_problems import describe_problems
from mock_gateway.service_time import ServiceTime

# AAA03 codes that the answers may carry, by the loop that they stand in.
SUBSCRIBER_CODES = ("71", "72", "73", "75")
PAYER_SIDE_CODES = ("42", "80")

Share = Annotated[float, Field(ge=0, le=1)]


class _Declared(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


class Answers(_Declared):
    """Which answers the members get: `inactive` and `rejected` are shares of members, the rest is active."""

    inactive: Share = 0.06
    rejected: Share = 0.10
    # Share of each AAA03 among the rejected.
    rejections: dict[str, Share] = Field(
        default={"75": 0.52, "72": 0.20, "73": 0.12, "71": 0.08, "42": 0.05, "80": 0.03}
    )

    @model_validator(mode="after")
    def _shares_make_sense(self) -> Self:
        problems = []
        if self.inactive + self.rejected > 1:
            problems.append(
                f"inactive and rejected make {self.inactive + self.rejected:g} together, more than 1"
            )
        known = SUBSCRIBER_CODES + PAYER_SIDE_CODES
        unknown = [code for code in self.rejections if code not in known]
        if unknown:
            problems.append(f"rejections: unknown code {', '.join(unknown)}; use {', '.join(known)}")
        total = math.fsum(self.rejections.values())
        if abs(total - 1) > 1e-6:
            problems.append(f"the shares in rejections must add up to 1 (they add up to {total:g})")
        if problems:
            raise ValueError("; ".join(problems))
        return self


class Sale(_Declared):
    """Card sales. `echo_amount` sends the asked amount back, which no public document shows: inferred."""

    service_time: ServiceTime
    echo_amount: bool = True


class Eligibility(_Declared):
    service_time: ServiceTime
    answers: Answers = Answers()


class Profile(_Declared):
    """Everything that a profile file declares."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    purpose: str = ""
    sale: Sale
    eligibility: Eligibility
    payments: PaymentFacts = PaymentFacts()
    faults: Annotated[tuple[Fault, ...], Field(max_length=100, strict=False)] = ()


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
