"""Numbers as people read them. A rounded share never crosses the share that is required."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from scenarios.duration import duration_text
from scenarios.sla import Clause

NS_PER_S = 1_000_000_000
_MOST_DIGITS = 6


def count_text(count: int) -> str:
    """12431 -> "12 431"."""
    return f"{count:,}".replace(",", " ")


def percent_text(share: float | Fraction, *, digits: int = 1) -> str:
    """0.918 -> "91.8 %", and whole percents without a decimal: 0.9 -> "90 %"."""
    exact = Fraction(repr(share)) if isinstance(share, float) else share
    return _percent(exact, digits, ROUND_HALF_EVEN)


def share_text(hits: int, n: int, *, required: Fraction | None = None) -> str:
    """A share in percent, with as many digits as it takes to differ from the required one where it does."""
    share = Fraction(hits, n)
    return _apart(share, required, ROUND_HALF_EVEN)


def lower_text(bound: float, *, required: Fraction | None = None) -> str:
    """A lower bound in percent, never rounded up."""
    return _apart(Fraction(bound), required, ROUND_FLOOR)


def upper_text(bound: float, *, required: Fraction | None = None) -> str:
    """An upper bound in percent, never rounded down."""
    return _apart(Fraction(bound), required, ROUND_CEILING)


def seconds_text(seconds: float) -> str:
    """Three significant digits: 0.412 s, 9.87 s, 128 s."""
    digits = 0 if seconds >= 100 else 1 if seconds >= 10 else 2 if seconds >= 1 else 3
    return f"{seconds:.{digits}f} s"


def limit_text(seconds: float) -> str:
    """A duration inside a sentence: 10 s, 500 ms, and 1m30s where two units are needed."""
    text = duration_text(seconds)
    return re.sub(r"^([0-9.]+)([a-zµ]+)$", r"\1 \2", text)


def list_text(parts: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join([*([", ".join(parts[:-1])] if parts[:-1] else []), *parts[-1:]])


def _apart(share: Fraction, required: Fraction | None, rounding: str) -> str:
    for digits in range(1, _MOST_DIGITS + 1):
        if required is None or share == required or _rounded(share, digits, rounding) != 100 * required:
            break
    return _percent(share, digits, rounding)


def _percent(share: Fraction, digits: int, rounding: str) -> str:
    rounded = _rounded(share, digits, rounding)
    is_whole = share * 100 == int(rounded)
    return f"{int(rounded) if is_whole else rounded} %"


def _rounded(share: Fraction, digits: int, rounding: str) -> Decimal:
    exact = Decimal(share.numerator * 100) / Decimal(share.denominator)
    return exact.quantize(Decimal(1).scaleb(-digits), rounding=rounding)


def success_text(clause: Clause) -> str:
    """What a good transaction did, as the end of a sentence: finished within 10 s, did not time out."""
    if clause.measure == "availability":
        return "had service"
    if clause.measure == "failure_share":
        named = " or ".join(each.replace("_", " ") for each in clause.outcomes)
        return f"did not end in {named}" if named else "did not fail"
    return f"finished within {limit_text(clause.limit_s)}"


def counted_text(clause: Clause, population: str) -> str:
    """What is counted: healthcare transactions, or seconds with such."""
    return (
        f"seconds with {population} transactions"
        if clause.measure == "availability"
        else f"{population} transactions"
    )
