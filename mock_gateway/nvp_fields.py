"""Reading an NVP request field by field; every problem is collected."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime

from mock_gateway.cards import find_brand, is_card_number, is_cvn, is_past, read_expiration
from mock_gateway.errors import AmountError
from mock_gateway.field_errors import Complaints
from mock_gateway.money import parse_cents
from mock_gateway.payment import CardFace

CARD_PRESENT_STATUSES = (
    "PresentSwipeNoSign",
    "PresentSwipeSign",
    "PresentEMV",
    "NotPresentGenericMailOrder",
    "NotPresentMailOrFax",
    "NotPresentPhone",
    "NotPresentInternet",
    "PresentManualKey",
    "InAppApplePay",
    "MSDContactless",
)
_BIN_DIGITS = 6
_ROUTING = re.compile(r"[0-9]{9}")
_ACCOUNT = re.compile(r"[0-9]{1,100}")
_ABA_WEIGHTS = (3, 7, 1) * 3


class NvpFields(Complaints):
    """Takes fields out of one form; names and the words that they may hold are matched without case."""

    def __init__(self, form: Mapping[str, str]) -> None:
        super().__init__()
        self._form = form

    def has(self, name: str) -> bool:
        return bool(self._form.get(name.lower()))

    def text(self, name: str, *, longest: int, required: bool = False) -> str:
        value = self._form.get(name.lower(), "")
        if len(value) > longest:
            self.complain(name, f"must have at most {longest} characters")
        elif required and not value:
            self.complain(name, "is required")
        else:
            return value
        return ""

    def word(self, name: str, accepted: Collection[str], *, required: bool = False) -> str:
        """One of the accepted words, as it is spelled there; "" if it is absent or another."""
        value = self._form.get(name.lower(), "")
        for word in accepted:
            if word.lower() == value.lower():
                return word
        if value or required:
            self.complain(name, f"must be one of {', '.join(accepted)}")
        return ""

    def outlet(self) -> None:
        for name in ("MerchantID", "StoreID", "TerminalID"):
            self.text(name, longest=50, required=True)

    def reference(self) -> str:
        """What the merchant calls this payment: additionalInfo1, else the patient's id."""
        for number in range(2, 7):
            self.text(f"additionalInfo{number}", longest=100)
        patient = self.text("patientID", longest=50)
        self.text("patientFirstName", longest=50)
        self.text("patientLastName", longest=50)
        return self.text("additionalInfo1", longest=100) or patient

    def cents(self, *, required: bool = True) -> int | None:
        amount = self._form.get("amount", "")
        if not amount and not required:
            return None
        try:
            return parse_cents(amount)
        except AmountError as failure:
            self.complain("amount", str(failure) if amount else "is required")
            return None

    def card(self, today: datetime) -> tuple[str, str, CardFace]:
        """Number, brand and face of the card; empty ones after a complaint."""
        number, cvn = self._form.get("cardnumber", ""), self._form.get("cardverificationnumber", "")
        if not is_card_number(number):
            self.complain("cardNumber", "must be 13 to 19 digits with a right check digit")
        expiration = read_expiration(self._form.get("cardexpdate"), separators="-/")
        if expiration is None:
            self.complain("cardExpDate", "must be MM-YY")
        elif is_past(expiration, today):
            self.complain("cardExpDate", "is in the past")
        if cvn and not is_cvn(cvn):
            self.complain("cardVerificationNumber", "must be 3 or 4 digits")
        self.word("cardPresentStatus", CARD_PRESENT_STATUSES, required=True)
        holder = self.text("cardHolderName", longest=121)
        if self.errors or expiration is None:
            return "", "", CardFace(bin_number="", month=1, year=2000)
        face = CardFace(
            bin_number=number[:_BIN_DIGITS], year=expiration[0], month=expiration[1], holder=holder
        )
        return number, find_brand(number), face

    def check_account(self) -> str:
        """Routing and account number of an eCheck as one text; "" after a complaint."""
        routing, account = self._form.get("routingnumber", ""), self._form.get("accountnumber", "")
        if not (_ROUTING.fullmatch(routing) and _is_aba(routing)):
            self.complain("routingNumber", "must be 9 digits with a right check digit")
        if not _ACCOUNT.fullmatch(account):
            self.complain("accountNumber", "must be 1 to 100 digits")
        self.word("accountType", ("Checking", "Savings"))
        self.text("checkNumber", longest=50)
        self.text("checkState", longest=2)
        return "" if self.errors else f"{routing}/{account}"


def _is_aba(routing: str) -> bool:
    weighted = (int(digit) * weight for digit, weight in zip(routing, _ABA_WEIGHTS, strict=True))
    return sum(weighted) % 10 == 0
