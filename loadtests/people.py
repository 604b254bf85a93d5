"""Who a transaction is for and how much it costs, computed from (seed, root arrival) in constant time.

Everybody is synthetic: names from short lists, test card numbers only, member numbers that start with a W.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from datetime import date, timedelta

from loadtests.random_bits import Stream, bits_of_one, choice_edges, stream_key
from scenarios.amount_class import AmountClass
from scenarios.scenario import Scenario

_FIRST_NAMES = (
    "ALEX BLAKE CASEY DANA ELLIS FRANCES GALE HARPER INDRA JODY KIM LEE MORGAN NOEL OAKLEY PAT QUINN ROBIN SAM "
    "TAYLOR UMA VAL WREN XEN"
).split()
_LAST_NAMES = (
    "ALDER BIRCH CEDAR DOGWOOD ELM FIR GINKGO HAZEL IRONWOOD JUNIPER KAPOK LARCH MAPLE NUTMEG OAK PINE QUINCE "
    "ROWAN SPRUCE TEAK UPAS WILLOW"
).split()
# Documented test numbers (Visa, MasterCard, Amex, Discover) with the length of their verification number.
_TEST_CARDS = (
    ("4111111111111111", 3),
    ("5500000000000004", 3),
    ("340000000000009", 4),
    ("6011000000000004", 3),
)
_OLDEST_BIRTH = date(1936, 1, 1)
_BIRTH_DAYS = 75 * 365
_PROVIDERS = 300
_ANY_DOLLARS = (10, 250)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A synthetic subscriber, the payer asked and the clinic that asks."""

    first_name: str
    last_name: str
    birth_date: str  # CCYYMMDD
    gender: str
    member_id: str
    payer_place: int  # 1 + its place in the scenario's list, as in the row
    payer_id: str
    provider_npi: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A test card."""

    number: str
    expiration: str  # MM/YY
    verification: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What a card is asked for, in whole cents."""

    card: Card
    amount_cents: int


class Population:
    """Everybody a seed brings forth."""

    def __init__(self, scenario: Scenario, seed: int, *, expiration_year: int) -> None:
        self._payers = scenario.people.payer_shares
        self._payer_edges = choice_edges([payer.share for payer in self._payers]).tolist()
        self._declined = int(scenario.money.declined_share * 2**32)
        self._partial = self._declined + int(scenario.money.partial_share * 2**32)
        self._keys = {stream: stream_key(seed, stream) for stream in Stream}
        self._expiration = f"12/{expiration_year % 100:02d}"

    def person(self, root: int, payer_place: int = 0) -> Person:
        """The subscriber of a root arrival, at a drawn payer unless a trace gave it a place in the list."""
        draw = bits_of_one(self._keys[Stream.PERSON], root)
        place = payer_place - 1
        if not payer_place:
            place = bisect.bisect_right(self._payer_edges, bits_of_one(self._keys[Stream.PAYER], root))
        born = _OLDEST_BIRTH + timedelta(days=(draw >> 40) % _BIRTH_DAYS)
        return Person(
            first_name=_FIRST_NAMES[draw % len(_FIRST_NAMES)],
            last_name=_LAST_NAMES[(draw >> 8) % len(_LAST_NAMES)],
            birth_date=born.strftime("%Y%m%d"),
            gender="FM"[(draw >> 16) & 1],
            # 9 digits after the W: the low bits of the draw, which tell people of one seed apart well enough
            member_id=f"W{(draw >> 17) % 1_000_000_000:09d}",
            payer_place=place + 1,
            payer_id=self._payers[place].id,
            provider_npi=npi(bits_of_one(self._keys[Stream.PROVIDER], root) % _PROVIDERS),
        )

    def charge(self, root: int, amount_class: int = 0) -> Charge:
        """What the root arrival's card is asked for: whole dollars, or a documented amount that brings a decline
        (.05) or an approval in part (.10). The dollars are of the class that a trace gave it, if it did."""
        draw = bits_of_one(self._keys[Stream.AMOUNT], root)
        number, digits = _TEST_CARDS[draw % len(_TEST_CARDS)]
        fate = bits_of_one(self._keys[Stream.AMOUNT_KIND], root) >> 32
        cents = 5 if fate < self._declined else 10 if fate < self._partial else 0
        card = Card(number=number, expiration=self._expiration, verification="1234"[:digits])
        least, below = AmountClass(amount_class).dollars if amount_class else _ANY_DOLLARS
        return Charge(card=card, amount_cents=(least + (draw >> 8) % (below - least)) * 100 + cents)


def npi(place: int) -> str:
    """A National Provider Identifier with its check digit (Luhn over 80840 and nine digits; 45 CFR 162.406)."""
    body = f"1{place:08d}"
    digits = [int(digit) for digit in "80840" + body]
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[::-2]) + sum(digits[-2::-2])
    return f"{body}{-doubled % 10}"
