"""Who a transaction is for and how much it costs, computed from (seed, root arrival) in constant time.

Everybody is synthetic: names from short lists, test card numbers only, member numbers that start with a W.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from loadtests.claims import Claim, claim_of
from loadtests.dependents import Dependent, dependent_of
from loadtests.random_bits import U64, Stream, bits_of_one, bits_of_streams, choice_edges, stream_key
from scenarios.amount_class import AmountClass
from scenarios.members import Member, Members
from scenarios.scenario import Scenario
from scenarios.target import CheckAccount

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
_MOCK_ROUTING = "021000021"  # a sound ABA number that belongs to a real bank: for mock gateways only
_ANY_DOLLARS = (10, 250)
# Whole dollars by the number of a class of amount, 0 being any: the least, and the first that is too much.
_DOLLARS = np.array([_ANY_DOLLARS, *(each.dollars for each in AmountClass)], dtype=np.uint64)


class Person(msgspec.Struct, gc=False):
    """A subscriber, perhaps a dependent who is the patient, the payer asked and the clinic that asks."""

    first_name: str
    last_name: str
    birth_date: str  # CCYYMMDD
    gender: str
    member_id: str
    payer_place: int  # 1 + its place in the scenario's list, as in the row
    payer_id: str
    provider_npi: str
    dependent: Dependent | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A test card."""

    number: str
    expiration: str  # MM/YY
    verification: str


class Charge(msgspec.Struct, gc=False):
    """What a card is asked for, in whole cents."""

    card: Card
    amount_cents: int


class Population:
    """Everybody a seed brings forth."""

    def __init__(self, scenario: Scenario, seed: int, *, expiration_year: int) -> None:
        people = scenario.people
        self._payer_ids = people.payer_ids
        self._payer_edges = choice_edges([payer.share for payer in people.payer_shares])
        self._members: Members | None = people.members.read() if people.members else None
        self._members_of = _by_payer(self._members, self._payer_ids)
        self._payer_places = {payer_id: place for place, payer_id in enumerate(self._payer_ids, 1)}
        self._dependents = int(people.dependents_share * 2**32)
        self._declined = int(scenario.money.declined_share * 2**32)
        self._partial = self._declined + int(scenario.money.partial_share * 2**32)
        self._keys = {stream: stream_key(seed, stream) for stream in Stream}
        self._keys_of_people = self._several(Stream.PERSON, Stream.PAYER, Stream.PROVIDER, Stream.DEPENDENT)
        self._keys_of_charges = self._several(Stream.AMOUNT, Stream.AMOUNT_KIND)
        self._cards = tuple(
            Card(number=number, expiration=f"12/{expiration_year % 100:02d}", verification="1234"[:digits])
            for number, digits in _TEST_CARDS
        )
        _birth_dates(), _npis()  # now rather than with the first arrival

    def _several(self, *streams: Stream) -> U64:
        return np.array([self._keys[stream] for stream in streams], dtype=np.uint64)

    def person(self, root: int, payer_place: int = 0) -> Person:
        """The subscriber of a root arrival, and the dependent where there is one; at a drawn payer unless a trace gave
        it a place in the list."""
        draw = bits_of_one(self._keys[Stream.PERSON], root)
        if self._members is not None:
            return self._member(draw, root, payer_place)
        place = payer_place - 1
        if not payer_place:
            drawn = np.uint64(bits_of_one(self._keys[Stream.PAYER], root))
            place = int(np.searchsorted(self._payer_edges, drawn, "right"))
        return Person(
            first_name=_FIRST_NAMES[draw % len(_FIRST_NAMES)],
            last_name=_LAST_NAMES[(draw >> 8) % len(_LAST_NAMES)],
            birth_date=_birth_dates()[(draw >> 40) % _BIRTH_DAYS],
            gender="FM"[(draw >> 16) & 1],
            # 9 digits after the W: the low bits of the draw, which tell people of one seed apart well enough
            member_id=f"W{(draw >> 17) % 1_000_000_000:09d}",
            payer_place=place + 1,
            payer_id=self._payer_ids[place],
            provider_npi=self._provider(root),
            dependent=self._dependent(root),
        )

    def people(self, roots: U64, payer_places: npt.NDArray[np.uint16]) -> list[Person]:
        """What `person` gives for each of these roots, a fifth of the time each."""
        if self._members is not None:
            return [self.person(*each) for each in zip(roots.tolist(), payer_places.tolist(), strict=True)]
        draw, payer, provider, dependent = bits_of_streams(self._keys_of_people, roots)
        drawn = np.searchsorted(self._payer_edges, payer, "right")
        places = np.where(payer_places > 0, payer_places.astype(np.int64) - 1, drawn).tolist()
        columns = (
            _picked(_FIRST_NAMES, draw % np.uint64(len(_FIRST_NAMES))),
            _picked(_LAST_NAMES, (draw >> np.uint64(8)) % np.uint64(len(_LAST_NAMES))),
            _picked(_birth_dates(), (draw >> np.uint64(40)) % np.uint64(_BIRTH_DAYS)),
            _picked("FM", (draw >> np.uint64(16)) & np.uint64(1)),
            map("W%09d".__mod__, ((draw >> np.uint64(17)) % np.uint64(1_000_000_000)).tolist()),
            [place + 1 for place in places],
            [self._payer_ids[place] for place in places],
            _picked(_npis(), provider % np.uint64(_PROVIDERS)),
            self._dependents_of(dependent),
        )
        return list(map(Person, *columns))

    def _dependents_of(self, draws: U64) -> list[Dependent | None]:
        have_one = (draws >> np.uint64(32)) < np.uint64(self._dependents)
        return [
            dependent_of(draw) if has_one else None
            for draw, has_one in zip(draws.tolist(), have_one.tolist(), strict=True)
        ]

    def _member(self, draw: int, root: int, payer_place: int) -> Person:
        """One of a sandbox's own members, as its file has it; of the payer that a trace gave, if it did."""
        among = self._members_of[payer_place]
        member = among[draw % len(among)]
        return Person(
            first_name=member.first_name,
            last_name=member.last_name,
            birth_date=member.birth_date,
            gender=member.gender,
            member_id=member.member_id,
            payer_place=self._payer_places[member.payer_id],
            payer_id=member.payer_id,
            provider_npi=self._provider(root),
        )

    def _provider(self, root: int) -> str:
        return _npis()[bits_of_one(self._keys[Stream.PROVIDER], root) % _PROVIDERS]

    def _dependent(self, root: int) -> Dependent | None:
        draw = bits_of_one(self._keys[Stream.DEPENDENT], root)
        return dependent_of(draw) if draw >> 32 < self._dependents else None

    def claim(self, root: int) -> Claim:
        """The claim whose status a root arrival asks for."""
        return claim_of(bits_of_one(self._keys[Stream.CLAIM], root), root)

    def check_account(self, root: int) -> CheckAccount:
        """An account for eChecks that only a mock gateway may be shown."""
        draw = bits_of_one(self._keys[Stream.CHECK], root)
        return CheckAccount(routing_number=_MOCK_ROUTING, account_number=f"{draw % 1_000_000_000_000:012d}")

    def charge(self, root: int, amount_class: int = 0) -> Charge:
        """What the root arrival's card is asked for: whole dollars, or a documented amount that brings a decline
        (.05) or an approval in part (.10). The dollars are of the class that a trace gave it, if it did."""
        draw = bits_of_one(self._keys[Stream.AMOUNT], root)
        fate = bits_of_one(self._keys[Stream.AMOUNT_KIND], root) >> 32
        cents = 5 if fate < self._declined else 10 if fate < self._partial else 0
        card = self._cards[draw % len(_TEST_CARDS)]
        least, below = _DOLLARS[amount_class].tolist()
        return Charge(card=card, amount_cents=(least + (draw >> 8) % (below - least)) * 100 + cents)

    def charges(self, roots: U64, amount_classes: npt.NDArray[np.uint8]) -> list[Charge]:
        """What `charge` gives for each of these roots."""
        draw, fate = bits_of_streams(self._keys_of_charges, roots)
        fate >>= np.uint64(32)
        cents = np.where(fate < self._declined, 5, np.where(fate < self._partial, 10, 0))
        least, below = _DOLLARS[amount_classes].T
        dollars = least + (draw >> np.uint64(8)) % (below - least)
        amounts = (dollars.astype(np.int64) * 100 + cents).tolist()
        cards = _picked(self._cards, draw % np.uint64(len(_TEST_CARDS)))
        return list(map(Charge, cards, amounts))


def _by_payer(members: Members | None, payer_ids: Sequence[str]) -> list[Sequence[Member]]:
    """Members of the payer at each place, and at place 0 all of them."""
    if members is None:
        return []
    places = {payer_id: place for place, payer_id in enumerate(payer_ids, 1)}
    of_payer: list[list[Member]] = [[] for _ in range(len(payer_ids) + 1)]
    for member in members.members:
        of_payer[places[member.payer_id]].append(member)
    return [members.members, *of_payer[1:]]


def _picked(table: Sequence[T], places: U64) -> list[T]:
    return [table[place] for place in places.tolist()]


@cache
def _birth_dates() -> tuple[str, ...]:
    days = np.datetime64(_OLDEST_BIRTH) + np.arange(_BIRTH_DAYS)
    return tuple(day.replace("-", "") for day in np.datetime_as_string(days).tolist())


@cache
def _npis() -> tuple[str, ...]:
    return tuple(npi(place) for place in range(_PROVIDERS))


def npi(place: int) -> str:
    """A National Provider Identifier with its check digit (Luhn over 80840 and nine digits; 45 CFR 162.406)."""
    body = f"1{place:08d}"
    digits = [int(digit) for digit in "80840" + body]
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[::-2]) + sum(digits[-2::-2])
    return f"{body}{-doubled % 10}"
