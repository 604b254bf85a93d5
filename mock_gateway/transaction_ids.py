"""Transaction ids: 32 hexadecimal digits, as the real ones."""

from __future__ import annotations

import time
from random import Random, SystemRandom

_random = Random(SystemRandom().getrandbits(128))


def make_transaction_id() -> str:
    """A new id: the time in nanoseconds, then 64 random bits.

    Ids in the order of time keep the index of the ledger compact, so that a commit touches one page of it
    and not one a payment.
    """
    return f"{time.time_ns():016x}{_random.getrandbits(64):016x}"


def authorization_number(transaction_id: str) -> str:
    """Six hexadecimal digits in capitals, the same for the same transaction."""
    return transaction_id[-6:].upper()
