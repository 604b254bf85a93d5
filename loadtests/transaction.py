"""One attempt at one arrival, and what its wire makes of it: the call that is sent and how the reply is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from loadtests.people import Charge, Person
from scenarios.kinds import Kind, Wire
from scenarios.observation import STEPS_PER_ROOT, Outcome

WIRE_OF_KIND = {Kind.ELIGIBILITY_INQUIRY: Wire.SOAP_EDI, Kind.CARD_SALE: Wire.REST}


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifiers:
    """What makes each request of each run unique."""

    reference: str  # invoice or trace number, at most 30 characters
    control_number: int  # ISA13, nine digits


def identify(nonce: str, arrival: int, attempt: int) -> Identifiers:
    """Identifiers with the run's nonce in them, so that a second run with the same seed does not repeat them.

    Control numbers of one run start at a place given by the nonce and go up by one a root and step-attempt.
    """
    root, step = divmod(arrival, STEPS_PER_ROOT)
    return Identifiers(
        reference=f"{nonce}-{root}-{step}-{attempt}",
        control_number=(int(nonce, 36) * 7919 + root + 611_953 * (step * 8 + attempt)) % 999_999_999 + 1,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """What is asked: kind, person or charge, identifiers."""

    arrival: int
    attempt: int
    kind: Kind
    wire: Wire
    person: Person
    charge: Charge | None
    identifiers: Identifiers


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """An HTTP request, complete but for the connection."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An HTTP reply, body decoded from its transfer coding."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Classified:
    """What a reply says."""

    outcome: Outcome
    approved_cents: int = 0
    transaction_id: str = ""
    detail: str = field(default="", compare=False)  # for Locust's failure table; no personal data
