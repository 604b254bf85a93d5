"""What the payers know of their claims: the same claim gets the same status in every run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum
from random import Random

from mock_gateway.answer_rates import ClaimAnswers


class ClaimState(Enum):
    """Claim status category and code (STC01-1 and -2) of each state."""

    PAID = ("F1", "65")
    PENDING = ("P1", "20")
    DENIED = ("F2", "88")
    NOT_FOUND = ("A4", "35")
    # The payer cannot answer now.
    PAYER_DOWN = ("E1", "484")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimStatus:
    """Where a claim stands; amounts as X12 writes them, `payer_number` is the payer's own claim number."""

    state: ClaimState
    as_of: date
    charge: str
    paid: str = "0"
    payer_number: str = ""
    check_number: str = ""


_FIRST_DAY = date(2026, 1, 1)
_MOST_CHARGE = Decimal(10) ** 9


def look_up_claim(claim_key: str, charge: str, answers: ClaimAnswers) -> ClaimStatus:
    """What the payer answers about the claim; decided by the key alone, at the declared rates."""
    random = Random(hashlib.blake2b(claim_key.encode(), digest_size=8).digest())
    shares = (
        (ClaimState.PAID, answers.paid),
        (ClaimState.PENDING, answers.pending),
        (ClaimState.DENIED, answers.denied),
        (ClaimState.NOT_FOUND, answers.not_found),
    )
    state = random.choices([state for state, _ in shares], [share for _, share in shares])[0]
    as_of = _FIRST_DAY + timedelta(days=random.randrange(300))
    number = f"ICN{random.randrange(10**10):010d}"
    asked = _read_charge(charge)
    if state is ClaimState.NOT_FOUND:
        return ClaimStatus(state=state, as_of=as_of, charge=_write(asked))
    paid = (asked * random.randrange(50, 100) / 100) if state is ClaimState.PAID else Decimal(0)
    return ClaimStatus(
        state=state,
        as_of=as_of,
        charge=_write(asked),
        paid=_write(paid),
        payer_number=number,
        check_number=f"CHK{random.randrange(10**6):06d}" if state is ClaimState.PAID else "",
    )


def payer_down(charge: str, today: date) -> ClaimStatus:
    """The answer of a gateway that cannot reach the payer."""
    return ClaimStatus(state=ClaimState.PAYER_DOWN, as_of=today, charge=_write(_read_charge(charge)))


def _read_charge(text: str) -> Decimal:
    try:
        charge = Decimal(text)
    except InvalidOperation:
        return Decimal(0)
    return charge if charge.is_finite() and 0 <= charge < _MOST_CHARGE else Decimal(0)


def _write(amount: Decimal) -> str:
    """Without needless zeros, as X12 wants decimals."""
    text = f"{amount:.2f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
