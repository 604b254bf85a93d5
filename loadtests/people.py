"""Who a transaction is for and how much it costs, computed from (seed, root arrival) in constant time.

Everybody is synthetic: names from short lists, test card numbers only, member numbers that start with a W.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import NamedTuple, TypeVar

import numpy as np

from loadtests.random_bits import U64, Stream, bits, bits_of_one, choice_edges, stream_key
from scenarios.scenario import Scenario

T = TypeVar("T")

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


class Person(NamedTuple):
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


class Charge(NamedTuple):
    """What a card is asked for, in whole cents."""

    card: Card
    amount_cents: int


class Population:
    """Everybody a seed brings forth."""

    def __init__(self, scenario: Scenario, seed: int, *, expiration_year: int) -> None:
        _birth_dates(), _npis()  # before load rather than with its first arrival
        payers = scenario.people.payer_shares
        self._payer_ids = [payer.id for payer in payers]
        self._payer_edges = choice_edges([payer.share for payer in payers])
        self._declined = int(scenario.money.declined_share * 2**32)
        self._partial = self._declined + int(scenario.money.partial_share * 2**32)
        self._keys = {stream: stream_key(seed, stream) for stream in Stream}
        self._cards = tuple(
            Card(number=number, expiration=f"12/{expiration_year % 100:02d}", verification="1234"[:digits])
            for number, digits in _TEST_CARDS
        )

    def person(self, root: int) -> Person:
        """The subscriber of a root arrival."""
        draw = bits_of_one(self._keys[Stream.PERSON], root)
        place = int(
            np.searchsorted(
                self._payer_edges, np.uint64(bits_of_one(self._keys[Stream.PAYER], root)), "right"
            )
        )
        return Person(
            first_name=_FIRST_NAMES[draw % len(_FIRST_NAMES)],
            last_name=_LAST_NAMES[(draw >> 8) % len(_LAST_NAMES)],
            birth_date=_birth_dates()[(draw >> 40) % _BIRTH_DAYS],
            gender="FM"[(draw >> 16) & 1],
            # 9 digits after the W: the low bits of the draw, which tell people of one seed apart well enough
            member_id=f"W{(draw >> 17) % 1_000_000_000:09d}",
            payer_place=place + 1,
            payer_id=self._payer_ids[place],
            provider_npi=_npis()[bits_of_one(self._keys[Stream.PROVIDER], root) % _PROVIDERS],
        )

    def people(self, roots: U64) -> list[Person]:
        """What `person` gives for each of these roots, a tenth of the time each."""
        draw = bits(self._keys[Stream.PERSON], roots)
        places = np.searchsorted(self._payer_edges, bits(self._keys[Stream.PAYER], roots), "right").tolist()
        provider = bits(self._keys[Stream.PROVIDER], roots) % np.uint64(_PROVIDERS)
        fields = zip(
            _picked(_FIRST_NAMES, draw % np.uint64(len(_FIRST_NAMES))),
            _picked(_LAST_NAMES, (draw >> np.uint64(8)) % np.uint64(len(_LAST_NAMES))),
            _picked(_birth_dates(), (draw >> np.uint64(40)) % np.uint64(_BIRTH_DAYS)),
            _picked("FM", (draw >> np.uint64(16)) & np.uint64(1)),
            map("W%09d".__mod__, ((draw >> np.uint64(17)) % np.uint64(1_000_000_000)).tolist()),
            [place + 1 for place in places],
            [self._payer_ids[place] for place in places],
            _picked(_npis(), provider),
            strict=True,
        )
        # tuple.__new__ leaves out Person's own __new__, which costs as much as everything else here
        return [tuple.__new__(Person, each) for each in fields]

    def charge(self, root: int) -> Charge:
        """What the root arrival's card is asked for: whole dollars, or a documented amount that brings a decline
        (.05) or an approval in part (.10)."""
        draw = bits_of_one(self._keys[Stream.AMOUNT], root)
        fate = bits_of_one(self._keys[Stream.AMOUNT_KIND], root) >> 32
        cents = 5 if fate < self._declined else 10 if fate < self._partial else 0
        card = self._cards[draw % len(_TEST_CARDS)]
        return Charge(card=card, amount_cents=(10 + (draw >> 8) % 240) * 100 + cents)

    def charges(self, roots: U64) -> list[Charge]:
        """What `charge` gives for each of these roots."""
        draw = bits(self._keys[Stream.AMOUNT], roots)
        fate = bits(self._keys[Stream.AMOUNT_KIND], roots) >> np.uint64(32)
        cents = np.where(fate < self._declined, 5, np.where(fate < self._partial, 10, 0))
        amount = (10 + (draw >> np.uint64(8)) % np.uint64(240)).astype(np.int64) * 100 + cents
        cards = _picked(self._cards, draw % np.uint64(len(_TEST_CARDS)))
        return [tuple.__new__(Charge, each) for each in zip(cards, amount.tolist(), strict=True)]


def _picked(table: Sequence[T], places: U64) -> list[T]:
    return [table[place] for place in places.tolist()]


@cache
def _birth_dates() -> tuple[str, ...]:
    return tuple((_OLDEST_BIRTH + timedelta(days=day)).strftime("%Y%m%d") for day in range(_BIRTH_DAYS))


@cache
def _npis() -> tuple[str, ...]:
    return tuple(npi(place) for place in range(_PROVIDERS))


def npi(place: int) -> str:
    """A National Provider Identifier with its check digit (Luhn over 80840 and nine digits; 45 CFR 162.406)."""
    body = f"1{place:08d}"
    digits = [int(digit) for digit in "80840" + body]
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[::-2]) + sum(digits[-2::-2])
    return f"{body}{-doubled % 10}"
