"""Journeys: what one root arrival does, step by step."""

from __future__ import annotations

from enum import IntEnum

from scenarios.kinds import Kind


class Journey(IntEnum):
    """The journeys a scenario can weigh. The numbers enter the plan's digest: add, never renumber."""

    ELIGIBILITY_ONLY = 1
    CARD_SALE_ONLY = 2

    @property
    def text(self) -> str:
        """The name used in scenario files."""
        return self.name.lower()


STEPS: dict[Journey, tuple[Kind, ...]] = {
    Journey.ELIGIBILITY_ONLY: (Kind.ELIGIBILITY_INQUIRY,),
    Journey.CARD_SALE_ONLY: (Kind.CARD_SALE,),
}
JOURNEY_NAMES = {journey.text: journey for journey in Journey}
