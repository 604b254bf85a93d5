"""One attempt at one arrival, and what its wire makes of it: the call that is sent and how the reply is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import msgspec
import numpy as np

from loadtests.claims import Claim
from loadtests.people import Charge, Person
from loadtests.random_bits import U64
from scenarios.follow_ups import MOST_RETRIES
from scenarios.journeys import MOST_STEPS
from scenarios.kind_wires import KindWires
from scenarios.kinds import AnyKind, Kind, Wire
from scenarios.observation import STEPS_PER_ROOT, Outcome
from scenarios.target import CheckAccount

WIRE_OF_KIND = {kind: KindWires().of(kind) for kind in Kind}  # where a target does not say otherwise
_ROOTS_A_RANGE = 999_999_999 // (MOST_STEPS * (1 + MOST_RETRIES))
_MOVE_EARLIER_MONEY = frozenset({Kind.CARD_CAPTURE, Kind.VOID, Kind.REFUND})
_MOVE_NOTHING = frozenset({Kind.TOKEN_SAVE})


class Identifiers(msgspec.Struct, gc=False):
    """What makes each request of each run unique."""

    reference: str  # invoice or trace number, at most 30 characters
    control_number: int  # ISA13, nine digits


def identify(nonce: str, arrival: int, attempt: int) -> Identifiers:
    """Identifiers with the run's nonce in them, so that a second run with the same seed does not repeat them.

    Control numbers of one run start at a place given by the nonce and go up by one a root; the 64 combinations of 16
    steps and 4 attempts have a range each, of as many roots as nine digits leave.
    """
    root, step = divmod(arrival, STEPS_PER_ROOT)
    number = (_start(nonce) + root + _ROOTS_A_RANGE * (attempt * MOST_STEPS + step)) % 999_999_999 + 1
    return Identifiers(f"{nonce}-{root}-{step}-{attempt}", number)


def identify_roots(nonce: str, roots: U64) -> list[Identifiers]:
    """What `identify` gives for the first attempt at the first step of each of these roots."""
    numbers = ((roots + np.uint64(_start(nonce))) % np.uint64(999_999_999) + np.uint64(1)).tolist()
    return list(map(Identifiers, [f"{nonce}-{root}-0-0" for root in roots.tolist()], numbers))


@cache
def _start(nonce: str) -> int:
    return int(nonce, 36) * 7919


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What a transaction needs of the one before that it refers to."""

    transaction_id: str = ""
    token: str = ""  # of a saved payment method
    amount_cents: int = 0  # as approved: what is to be captured, voided or refunded


# The values below are made for every transaction: msgspec makes them in half the time of a dataclass. Nobody changes
# them once they are made; `frozen` would cost that time again.


class Transaction(msgspec.Struct, gc=False):
    """What is asked: kind, person or charge, identifiers, and what it refers to."""

    arrival: int
    attempt: int
    kind: AnyKind
    wire: Wire
    person: Person
    charge: Charge | None
    identifiers: Identifiers
    earlier: Earlier | None = None  # capture, void, refund, sale with a token, receipt lookup
    claim: Claim | None = None  # claim status
    check: CheckAccount | None = None  # eCheck sale

    @property
    def asked_cents(self) -> int:
        """What the gateway is asked to move: the charge, or for a capture, void or refund the earlier amount."""
        if self.kind in _MOVE_EARLIER_MONEY:
            return self.earlier.amount_cents if self.earlier else 0
        return self.charge.amount_cents if self.charge and self.kind not in _MOVE_NOTHING else 0


class Call(msgspec.Struct, gc=False):
    """An HTTP request, complete but for the connection."""

    url: str
    headers: Mapping[
        str, str
    ]  # the same object for all calls of a wire, where possible: it is turned to bytes once
    body: bytes
    own_lines: bytes = b""  # headers of this call alone, each line with its end


class Reply(msgspec.Struct, gc=False):
    """An HTTP reply, body decoded from its transfer coding."""

    status: int
    body: bytes


class Classified(msgspec.Struct, eq=False, gc=False):
    """What a reply says; two are equal whatever their detail."""

    outcome: Outcome
    approved_cents: int = 0
    transaction_id: str = ""
    token: str = ""  # of the payment method that was saved
    detail: str = ""  # for Locust's failure table; no personal data

    def __eq__(self, other: object) -> bool:
        """Whether they say the same of the transaction."""
        return isinstance(other, Classified) and self._said() == other._said()

    def _said(self) -> tuple[object, ...]:
        return self.outcome, self.approved_cents, self.transaction_id, self.token
