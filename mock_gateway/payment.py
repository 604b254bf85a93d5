"""One payment as the ledger keeps it, and the orders that make or change one."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from operator import attrgetter


class Action(StrEnum):
    """What a row of the ledger records; also the route that a fault names."""

    SALE = "sale"
    AUTH = "auth"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"
    TOKEN = "token"


# Actions that ask the card network for new money.
CHARGES = frozenset({Action.SALE, Action.AUTH})


class Status:
    """Transaction status codes; plain text, as they go over the wire and into the ledger."""

    CAPTURED = "C"
    AUTHORIZED = "A"
    DECLINED = "D"
    VOIDED = "V"
    SAVED = "O"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """One row of the ledger; amounts in cents, times in nanoseconds since 1970 (UTC).

    Of the card it holds the last four digits and a keyed fingerprint, never the number. `primary_id` is
    the transaction that a capture, void or refund acts on. `approved_cents` of a captured authorization
    is what was captured. `expires` ("2039-12") is kept for tokens only.
    """

    transaction_id: str
    action: str
    merchant_reference: str
    asked_cents: int
    approved_cents: int
    status: str
    last_four: str = ""
    brand: str = ""
    primary_id: str = ""
    refunded_cents: int = 0
    expires: str = ""
    fingerprint: str = field(default="", repr=False)
    created_ns: int = 0
    changed_ns: int = 0


COLUMNS = tuple(Payment.__dataclass_fields__)
# What leaves the gateway: the fingerprint would let two ledgers be joined by card.
EXPORTED = tuple(name for name in COLUMNS if name != "fingerprint")
read_columns = attrgetter(*COLUMNS)


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFace:
    """What answers repeat of a card: never the whole number."""

    bin_number: str = field(repr=False)
    month: int
    year: int
    holder: str = field(default="", repr=False)

    @property
    def expires(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """An order for money: a sale or an authorization, by card, check or token (then `token_id`)."""

    action: Action
    asked_cents: int
    merchant_reference: str
    last_four: str = field(default="", repr=False)
    brand: str = ""
    face: CardFace | None = field(default=None, repr=False)
    card_key: str = field(default="", repr=False)
    token_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An order about an earlier payment: capture, void or refund; None cents means all of it."""

    action: Action
    primary_id: str
    cents: int | None = None
    merchant_reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardSave:
    """An order to keep a card and give a token for it."""

    merchant_reference: str
    last_four: str = field(repr=False)
    brand: str
    face: CardFace = field(repr=False)
    card_key: str = field(default="", repr=False)
    action: Action = Action.TOKEN


Order = Charge | Change | CardSave
