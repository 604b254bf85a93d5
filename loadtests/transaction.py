"""One attempt at one arrival, and what its wire makes of it: the call that is sent and how the reply is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

import numpy as np

from loadtests.people import Charge, Person
from loadtests.random_bits import U64
from scenarios.kinds import Kind, Wire
from scenarios.observation import STEPS_PER_ROOT, Outcome

WIRE_OF_KIND = {Kind.ELIGIBILITY_INQUIRY: Wire.SOAP_EDI, Kind.CARD_SALE: Wire.REST}


class Identifiers(NamedTuple):
    """What makes each request of each run unique."""

    reference: str  # invoice or trace number, at most 30 characters
    control_number: int  # ISA13, nine digits


def identify(nonce: str, arrival: int, attempt: int) -> Identifiers:
    """Identifiers with the run's nonce in them, so that a second run with the same seed does not repeat them.

    Control numbers of one run start at a place given by the nonce and go up by one a root and step-attempt.
    """
    root, step = divmod(arrival, STEPS_PER_ROOT)
    control_number = (_start(nonce) + root + 611_953 * (step * 8 + attempt)) % 1_000_000_000
    return Identifiers(f"{nonce}-{root}-{step}-{attempt}", control_number)


def identify_roots(nonce: str, roots: U64) -> list[Identifiers]:
    """What `identify` gives for the first attempt at the first step of each of these roots."""
    numbers = ((roots + np.uint64(_start(nonce))) % np.uint64(1_000_000_000)).tolist()
    return [
        tuple.__new__(
            Identifiers, (f"{nonce}-{root}-0-0", number)
        )  # Identifiers' own __new__ costs three times this
        for root, number in zip(roots.tolist(), numbers, strict=True)
    ]


@cache
def _start(nonce: str) -> int:
    return int(nonce, 36) * 7919


# The values below are made for every transaction. Nobody changes them; `frozen` would double what making them costs.


@dataclass(slots=True)
class Transaction:
    """What is asked: kind, person or charge, identifiers."""

    arrival: int
    attempt: int
    kind: Kind
    wire: Wire
    person: Person
    charge: Charge | None
    identifiers: Identifiers


@dataclass(slots=True)
class Call:
    """An HTTP request, complete but for the connection."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Reply:
    """An HTTP reply, body decoded from its transfer coding."""

    status: int
    body: bytes


@dataclass(slots=True)
class Classified:
    """What a reply says."""

    outcome: Outcome
    approved_cents: int = 0
    transaction_id: str = ""
    detail: str = field(default="", compare=False)  # for Locust's failure table; no personal data
