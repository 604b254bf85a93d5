"""Claims whose status is asked: computed from (seed, root arrival), the same for every poll of a follow-up."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A claim as the provider knows it."""

    account: str  # patient control number, REF*EJ
    charge_cents: int
    days_ago: int  # date of service, before the inquiry


def claim_of(draw: int, root: int) -> Claim:
    """The claim of a root arrival from 64 random bits: 50 to 2,549 dollars, served 7 to 126 days ago."""
    return Claim(
        account=f"PCN{root}",
        charge_cents=5_000 + (draw & 0xFFFFFF) % 250_000,
        days_ago=7 + (draw >> 24) % 120,
    )
