"""Transaction kinds, their classes and wires: the vocabulary of rows, files and verdicts.

The numbers are written into recordings: add, never renumber.
"""

from __future__ import annotations

from enum import IntEnum


class Kind(IntEnum):
    """What a transaction is for."""

    ELIGIBILITY_INQUIRY = 1
    ELIGIBILITY_ENHANCED = 2
    CLAIM_STATUS = 3
    CARD_SALE = 10
    CARD_AUTHORIZATION = 11
    CARD_CAPTURE = 12
    TOKEN_SAVE = 13
    TOKEN_SALE = 14
    ECHECK_SALE = 15
    VOID = 16
    REFUND = 17
    RECEIPT_LOOKUP = 30

    @property
    def text(self) -> str:
        """The name used in files and reports."""
        return self.name.lower()


class Wire(IntEnum):
    """How a transaction travels."""

    REST = 1
    NVP = 2
    SOAP_OBJECT = 3
    SOAP_EDI = 4
    CORE_SOAP = 5
    CUSTOM = 100  # whatever a user's own module speaks

    @property
    def text(self) -> str:
        """The name used in files and reports."""
        return self.name.lower()


FIRST_CUSTOM_KIND = 100
MOST_CUSTOM_KINDS = 100


class CustomKind(int):
    """A user's own kind: its number in rows (from 100 up), its name and its class."""

    text: str
    group: str

    def __new__(cls, number: int, text: str, group: str) -> CustomKind:
        """Raises ValueError for a number that is not a user's to give."""
        if not FIRST_CUSTOM_KIND <= number < FIRST_CUSTOM_KIND + MOST_CUSTOM_KINDS:
            raise ValueError(
                f"kind number {number}: a user's own kinds are numbered from {FIRST_CUSTOM_KIND}"
            )
        made = super().__new__(cls, number)
        made.text, made.group = text, group
        return made


AnyKind = Kind | CustomKind

HEALTHCARE = "healthcare"
PAYMENT = "payment"
LOOKUP = "lookup"

KIND_CLASS: dict[Kind, str] = {
    Kind.ELIGIBILITY_INQUIRY: HEALTHCARE,
    Kind.ELIGIBILITY_ENHANCED: HEALTHCARE,
    Kind.CLAIM_STATUS: HEALTHCARE,
    Kind.CARD_SALE: PAYMENT,
    Kind.CARD_AUTHORIZATION: PAYMENT,
    Kind.CARD_CAPTURE: PAYMENT,
    Kind.TOKEN_SAVE: PAYMENT,
    Kind.TOKEN_SALE: PAYMENT,
    Kind.ECHECK_SALE: PAYMENT,
    Kind.VOID: PAYMENT,
    Kind.REFUND: PAYMENT,
    Kind.RECEIPT_LOOKUP: LOOKUP,
}
CLASSES = (HEALTHCARE, PAYMENT, LOOKUP)


def class_of(kind: AnyKind) -> str:
    """The class that a kind is judged in."""
    return kind.group if isinstance(kind, CustomKind) else KIND_CLASS[kind]
