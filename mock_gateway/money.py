"""Money as integer cents; a float never touches it."""

from __future__ import annotations

import re
from decimal import Decimal

from mock_gateway.errors import AmountError

_AMOUNT = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,2})?")
_DIGITS_MAX = 15


def parse_cents(amount: object) -> int:
    """Cents of an amount sent as text ("25.00") or as a JSON number (read as int or Decimal).

    Raises AmountError for anything that is not more than zero, finer than a cent, or longer than the
    15 characters that the field allows.
    """
    if isinstance(amount, str):
        if not _AMOUNT.fullmatch(amount):
            raise AmountError('must be dollars and cents, such as "25.00"')
        dollars, _, cents = amount.partition(".")
        total = int(dollars) * 100 + int(cents.ljust(2, "0"))
    elif isinstance(amount, bool):
        raise AmountError("must be a number or text, not true or false")
    elif isinstance(amount, int):
        total = amount * 100
    elif isinstance(amount, Decimal):
        total = _cents_of_decimal(amount)
    else:
        raise AmountError("must be a number or text")
    if total <= 0:
        raise AmountError("must be more than 0")
    if total >= 10**14:
        raise AmountError("must have at most 12 digits before the point")
    return total


def _cents_of_decimal(amount: Decimal) -> int:
    # Digits and magnitude are looked at first: 1E+999999999 must not be written out.
    if len(amount.as_tuple().digits) > _DIGITS_MAX or abs(amount.adjusted()) > _DIGITS_MAX:
        raise AmountError(f"must have at most {_DIGITS_MAX} digits")
    cents = amount.scaleb(2)
    if cents != cents.to_integral_value():
        raise AmountError("must not be finer than a cent")
    return int(cents)


def format_cents(cents: int) -> str:
    """Dollars with two decimals: 2510 gives "25.10"."""
    return f"{cents // 100}.{cents % 100:02d}"
