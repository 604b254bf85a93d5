"""Amounts between wire and whole cents, without a float in between."""

from __future__ import annotations

import re
from decimal import Decimal

_AMOUNT = re.compile(
    r"-?[0-9]{1,12}(\.[0-9]{1,12})?([eE][+-]?[0-9]{1,2})?"
)  # of a size that Decimal is quick with


def dollars(cents: int) -> str:
    """An amount as text with two decimals."""
    return f"{cents // 100}.{cents % 100:02d}"


def cents_of(amount: object) -> int | None:
    """Whole cents of an amount spelled as number or text; None where it is neither, or finer than a cent."""
    if isinstance(amount, bool) or not isinstance(amount, int | str) or not _AMOUNT.fullmatch(str(amount)):
        return None
    cents = Decimal(amount) * 100
    return int(cents) if cents == cents.to_integral_value() else None
