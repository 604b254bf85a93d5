"""Dependents: the patients of some inquiries, covered through a subscriber."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

_FIRST_NAMES = (
    "ARI BEAU CAM DREW EDEN FINN GRAY HAVEN IVY JULES KAI LANE MAX NICO OLLIE PAX REESE SAGE TATE UMBER VIDA WYNN"
).split()
_OLDEST_BIRTH = date(2004, 1, 1)
_BIRTH_DAYS = 20 * 365
CHILD, SPOUSE = "19", "01"  # INS02, and PatientRelationship of the object interface
_SPOUSES_OF_16 = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependent:
    """A synthetic child or spouse of a subscriber, of the same surname."""

    first_name: str
    birth_date: str  # CCYYMMDD
    gender: str
    relationship: str


def dependent_of(draw: int) -> Dependent:
    """The dependent that 64 random bits bring forth; the upper 32 bits, which decide whether there is one, stay out."""
    is_spouse = (draw & 15) < _SPOUSES_OF_16
    born = _OLDEST_BIRTH + timedelta(days=(draw >> 4 & 0x7FFF) % _BIRTH_DAYS)
    if is_spouse:
        born = date(born.year - 40, born.month, min(born.day, 28))
    return Dependent(
        first_name=_FIRST_NAMES[(draw >> 19 & 0xFFF) % len(_FIRST_NAMES)],
        birth_date=born.strftime("%Y%m%d"),
        gender="FM"[draw >> 31 & 1],
        relationship=SPOUSE if is_spouse else CHILD,
    )
