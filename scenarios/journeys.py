"""Journeys: what one root arrival does, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from scenarios.kinds import Kind

MOST_STEPS = 16  # of one journey: identifiers leave room for so many


class Journey(IntEnum):
    """The journeys a scenario can weigh. The numbers enter the plan's digest: add, never renumber."""

    ELIGIBILITY_ONLY = 1
    CARD_SALE_ONLY = 2
    CHECK_IN = 3
    BILL_PAY = 4
    CLAIM_FOLLOW_UP = 5
    ELIGIBILITY_SWEEP = 6
    AUTO_PAY = 7
    CORRECTION = 8

    @property
    def text(self) -> str:
        """The name used in scenario files."""
        return self.name.lower()

    @property
    def by_system(self) -> bool:
        """Whether a program goes through it, and not a person: that decides who tries again, and when."""
        return self in _BY_SYSTEMS


_BY_SYSTEMS = frozenset({Journey.CLAIM_FOLLOW_UP, Journey.ELIGIBILITY_SWEEP, Journey.AUTO_PAY})


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A step that comes once the step before it was answered as hoped (outcome `completed`)."""

    kinds: tuple[Kind, ...]  # two: the first with the share `follow_ups.void_share`
    think: str  # its range under [think]
    times: str = ""  # how often it comes: this key of [follow_ups]; once without


FIRST_KINDS: dict[Journey, Kind] = {
    Journey.ELIGIBILITY_ONLY: Kind.ELIGIBILITY_INQUIRY,
    Journey.CARD_SALE_ONLY: Kind.CARD_SALE,
    Journey.CHECK_IN: Kind.ELIGIBILITY_INQUIRY,
    Journey.BILL_PAY: Kind.TOKEN_SAVE,
    Journey.CLAIM_FOLLOW_UP: Kind.CLAIM_STATUS,
    Journey.ELIGIBILITY_SWEEP: Kind.ELIGIBILITY_INQUIRY,
    Journey.AUTO_PAY: Kind.TOKEN_SAVE,
    Journey.CORRECTION: Kind.CARD_SALE,
}
FOLLOW_UPS: dict[Journey, tuple[FollowUp, ...]] = {
    Journey.CHECK_IN: (
        FollowUp((Kind.CARD_SALE,), "copay"),
        FollowUp((Kind.RECEIPT_LOOKUP,), "receipt"),
    ),
    Journey.BILL_PAY: (FollowUp((Kind.TOKEN_SALE,), "on_file_sale"),),
    Journey.CLAIM_FOLLOW_UP: (FollowUp((Kind.CLAIM_STATUS,), "claim_poll", "polls_again"),),
    Journey.AUTO_PAY: (FollowUp((Kind.TOKEN_SALE,), "instalment", "instalments"),),
    Journey.CORRECTION: (FollowUp((Kind.VOID, Kind.REFUND), "correction"),),
}
STEPS: dict[Journey, tuple[Kind, ...]] = {
    journey: (first, *(kind for follow_up in FOLLOW_UPS.get(journey, ()) for kind in follow_up.kinds))
    for journey, first in FIRST_KINDS.items()
}  # every kind a journey may send, its first step's first
JOURNEY_NAMES = {journey.text: journey for journey in Journey}
