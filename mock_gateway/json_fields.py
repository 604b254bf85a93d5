"""Reading a JSON request field by field; every problem is collected."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any, NoReturn

from mock_gateway.cards import find_brand, is_card_number, is_cvn, is_past, read_expiration
from mock_gateway.errors import AmountError
from mock_gateway.field_errors import Complaints, FieldError
from mock_gateway.money import parse_cents
from mock_gateway.payment import CardFace

_BIN_DIGITS = 6


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


# Amounts arrive as numbers too: read as Decimal they stay exact.
_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse_constant)


def read_json_object(body: bytes) -> dict[str, Any] | list[FieldError]:
    """The object in a body of JSON as UTF-8, or why there is none."""
    try:
        sent = _DECODER.decode(body.decode())
    except (ValueError, RecursionError, ArithmeticError):
        return [FieldError(place="", message="the body is not JSON")]
    if not isinstance(sent, dict):
        return [FieldError(place="", message="the body must be a JSON object")]
    return sent


class JsonFields(Complaints):
    """Takes fields out of one JSON object and collects what is wrong with them."""

    def __init__(self, sent: dict[str, Any]) -> None:
        super().__init__()
        self._sent = sent

    def value(self, name: str) -> Any:
        return self._sent.get(name)

    def section(self, name: str, *, required: bool = False) -> dict[str, Any]:
        """The object of that name; an empty one if it is absent or something else."""
        table = self._sent.get(name)
        if isinstance(table, dict):
            return table
        if table is not None:
            self.complain(name, "must be an object")
        elif required:
            self.complain(name, "is required")
        return {}

    def text(
        self, table: dict[str, Any], section: str, name: str, *, longest: int, required: bool = False
    ) -> str:
        """A text field of a section ("" is the top), or "" where it may be absent."""
        value = table.get(name)
        if value is None:
            if not required:
                return ""
            message = "is required"
        elif not isinstance(value, str) or len(value) > longest or (required and not value.strip(" ")):
            message = f"must be text of 1 to {longest} characters"
        elif value.isascii() or _is_unicode(value):
            return value
        else:
            message = "must be Unicode text"
        self.complain(f"{section}.{name}" if section else name, message)
        return ""

    def top_text(self, name: str, *, longest: int, required: bool = False) -> str:
        return self.text(self._sent, "", name, longest=longest, required=required)

    def outlet(self) -> None:
        """Where the payment is made: always sent, never kept."""
        outlet = self._sent.get("Outlet")
        if outlet is not None and not isinstance(outlet, dict):
            self.complain("Outlet", "must be an object")
            return
        for name in ("MerchantID", "StoreID", "TerminalID"):
            self.text(outlet or {}, "Outlet", name, longest=50, required=True)

    def reference(self) -> str:
        """What the merchant calls this payment: AdditionalInfo1, else the patient's account number."""
        patient = self.section("Patient")
        account = self.text(patient, "Patient", "AccountNumber", longest=50)
        self.text(patient, "Patient", "FirstName", longest=50)
        self.text(patient, "Patient", "LastName", longest=50)
        return self.top_text("AdditionalInfo1", longest=100) or account

    def cents(self, *, required: bool = True) -> int | None:
        amount = self._sent.get("Amount")
        if amount is None:
            if required:
                self.complain("Amount", "is required")
            return None
        try:
            return parse_cents(amount)
        except AmountError as failure:
            self.complain("Amount", str(failure))
            return None

    def card(self, today: datetime) -> tuple[str, str, CardFace]:
        """Number, brand and face of the card; empty ones after a complaint."""
        card = self.section("Card", required=True)
        if card:
            face = self._face(card, today)
            number = card.get("CardNumber")
            if isinstance(number, str) and face is not None:
                return number, find_brand(number), face
        elif self._sent.get("Card") == {}:
            self.complain("Card", "is empty")
        return "", "", CardFace(bin_number="", month=1, year=2000)

    def _face(self, card: dict[str, Any], today: datetime) -> CardFace | None:
        number, cvn = card.get("CardNumber"), card.get("CVN")
        if card.get("EntryMode") != "key":
            self.complain("Card.EntryMode", 'must be "key"')
        if not is_card_number(number):
            self.complain("Card.CardNumber", "must be 13 to 19 digits with a right check digit")
        expiration = read_expiration(card.get("Expiration"), separators="/")
        if expiration is None:
            self.complain("Card.Expiration", "must be MM/YY")
        elif is_past(expiration, today):
            self.complain("Card.Expiration", "is in the past")
        if cvn is not None and not is_cvn(cvn):
            self.complain("Card.CVN", "must be 3 or 4 digits")
        if expiration is None or not isinstance(number, str) or self.errors:
            return None
        return CardFace(bin_number=number[:_BIN_DIGITS], year=expiration[0], month=expiration[1])


def _is_unicode(text: str) -> bool:
    """JSON can spell half a surrogate pair, which no database and no answer can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
