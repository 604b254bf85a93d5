"""Card numbers and dates: what is well formed, and whose it is."""

from __future__ import annotations

import re
from datetime import datetime

NUMBER_PATTERN = "[0-9]{13,19}"
CVN_PATTERN = "[0-9]{3,4}"
_NUMBER = re.compile(NUMBER_PATTERN)
_CVN = re.compile(CVN_PATTERN)
_EXPIRATION = re.compile(r"(0[1-9]|1[0-2])([/-])([0-9]{2})")
# A doubled digit counts as the sum of its own digits: 7 doubled is 14, which is 5.
_DOUBLED = bytes.maketrans(b"0123456789", b"0246813579")
_ZERO = ord("0")


def is_card_number(number: object) -> bool:
    """Whether it is text of 13 to 19 digits with a right check digit."""
    return isinstance(number, str) and _NUMBER.fullmatch(number) is not None and is_luhn(number)


def is_luhn(number: str) -> bool:
    """Whether the last digit is the check digit of the others; all must be digits."""
    digits = number.encode()
    total = sum(digits[-1::-2]) + sum(digits[-2::-2].translate(_DOUBLED))
    return (total - _ZERO * len(digits)) % 10 == 0


def is_cvn(value: object) -> bool:
    return isinstance(value, str) and _CVN.fullmatch(value) is not None


def read_expiration(text: object, *, separators: str) -> tuple[int, int] | None:
    """Year and month of MM/YY (or another separator between the two), None if it is no such date."""
    match = _EXPIRATION.fullmatch(text) if isinstance(text, str) else None
    if match is None or match[2] not in separators:
        return None
    return 2000 + int(match[3]), int(match[1])


def is_past(expiration: tuple[int, int], today: datetime) -> bool:
    """A card is good to the end of its month."""
    return expiration < (today.year, today.month)


def find_brand(number: str) -> str:
    """The brand that the first digits stand for."""
    first_two, first_four = int(number[:2]), int(number[:4])
    if number[0] == "4":
        return "VISA"
    if 51 <= first_two <= 55 or 2221 <= first_four <= 2720:
        return "MASTERCARD"
    if first_two in (34, 37):
        return "AMEX"
    if first_four == 6011 or first_two == 65 or 6440 <= first_four <= 6499:
        return "DISCOVER"
    return "OTHER"
