"""The last answers to charges: what the defects that answer with somebody else's need."""

from __future__ import annotations

from dataclasses import dataclass

from mock_gateway.card_network import CardAnswer
from mock_gateway.payment import Charge, Payment

_MOST_KEPT = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Charged:
    """What a caller is told of a charge: the stored payment, the network's answer, the order itself."""

    payment: Payment
    answer: CardAnswer
    charge: Charge


class RecentCharges:
    """The latest charge, and the latest of each card and amount, as far back as memory is lent to it."""

    def __init__(self) -> None:
        self.latest: Charged | None = None
        self._by_card: dict[tuple[str, int], Charged] = {}

    def remember(self, charged: Charged) -> None:
        self.latest = charged
        self._by_card[charged.payment.last_four, charged.payment.asked_cents] = charged
        if len(self._by_card) > _MOST_KEPT:
            del self._by_card[next(iter(self._by_card))]

    def find_stale(self, charge: Charge) -> Charged | None:
        """What a careless idempotency cache would give back: the same card and amount, else the latest."""
        return self._by_card.get((charge.last_four, charge.asked_cents), self.latest)
