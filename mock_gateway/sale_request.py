"""A REST card sale as the caller sent it: reading and checking its JSON."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NoReturn

from mock_gateway.errors import AmountError
from mock_gateway.money import parse_cents

_CARD_NUMBER = re.compile(r"[0-9]{13,19}")
_EXPIRATION = re.compile(r"(0[1-9]|1[0-2])/([0-9]{2})")
_CVN = re.compile(r"[0-9]{3,4}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleRequest:
    """What is kept of a sale: never the card number, only its end."""

    asked_cents: int
    merchant_reference: str
    last_four: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """One thing that is wrong, and where; the value itself is not repeated."""

    place: str
    message: str


def read_sale(body: bytes, *, today: datetime | None = None) -> SaleRequest | list[FieldError]:
    """The sale in a JSON body, or everything that is wrong with it."""
    try:
        # Amounts arrive as numbers too: read as Decimal they stay exact.
        sent = json.loads(body, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError, ArithmeticError):
        return [FieldError(place="", message="the body is not JSON")]
    if not isinstance(sent, dict):
        return [FieldError(place="", message="the body must be a JSON object")]
    check = _Check(sent)
    for name in ("MerchantID", "StoreID", "TerminalID"):
        check.text("Outlet", name, longest=50, required=True)
    cents = check.amount()
    if sent.get("PaymentMethod") != "Card":
        check.complain("PaymentMethod", 'must be "Card"')
    number = check.card(today or datetime.now(UTC))
    account = check.text("Patient", "AccountNumber", longest=50)
    check.text("Patient", "FirstName", longest=50)
    check.text("Patient", "LastName", longest=50)
    reference = check.text("", "AdditionalInfo1", longest=100) or account
    if check.errors:
        return check.errors
    return SaleRequest(asked_cents=cents, merchant_reference=reference, last_four=number[-4:])


def is_luhn(number: str) -> bool:
    """Whether the last digit is the check digit of the others."""
    digits = [int(digit) for digit in reversed(number)]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


class _Check:
    """Walks one sale and collects what is wrong with it."""

    def __init__(self, sent: dict[str, Any]) -> None:
        self._sent = sent
        self.errors: list[FieldError] = []

    def complain(self, place: str, message: str) -> None:
        self.errors.append(FieldError(place=place, message=message))

    def text(self, section: str, name: str, *, longest: int, required: bool = False) -> str:
        """A text field of a section ("" is the top), or "" where it may be absent."""
        place = f"{section}.{name}" if section else name
        table = self._sent.get(section) if section else self._sent
        value = table.get(name) if isinstance(table, dict) else None
        if table is not None and not isinstance(table, dict):
            self.complain(section, "must be an object")
        elif value is None:
            if required:
                self.complain(place, "is required")
        elif not isinstance(value, str) or len(value) > longest or (required and not value.strip()):
            self.complain(place, f"must be text of 1 to {longest} characters")
        else:
            return value
        return ""

    def amount(self) -> int:
        if self._sent.get("Amount") is None:
            self.complain("Amount", "is required")
            return 0
        try:
            return parse_cents(self._sent["Amount"])
        except AmountError as failure:
            self.complain("Amount", str(failure))
            return 0

    def card(self, today: datetime) -> str:
        card = self._sent.get("Card")
        if not isinstance(card, dict):
            self.complain("Card", "is required" if card is None else "must be an object")
            return ""
        number, expiration, cvn = card.get("CardNumber"), card.get("Expiration"), card.get("CVN")
        if card.get("EntryMode") != "key":
            self.complain("Card.EntryMode", 'must be "key"')
        if not (isinstance(number, str) and _CARD_NUMBER.fullmatch(number) and is_luhn(number)):
            self.complain("Card.CardNumber", "must be 13 to 19 digits with a right check digit")
        match = _EXPIRATION.fullmatch(expiration) if isinstance(expiration, str) else None
        if match is None:
            self.complain("Card.Expiration", "must be MM/YY")
        elif (2000 + int(match[2]), int(match[1])) < (today.year, today.month):
            self.complain("Card.Expiration", "is in the past")
        if cvn is not None and not (isinstance(cvn, str) and _CVN.fullmatch(cvn)):
            self.complain("Card.CVN", "must be 3 or 4 digits")
        return number if isinstance(number, str) else ""


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")
