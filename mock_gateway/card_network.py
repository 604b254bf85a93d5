"""What the card network answers. The documented test rule: the cents of the amount decide."""

from __future__ import annotations

from dataclasses import dataclass

# Documented: .00 approved, .05 declined, .10 approved in part. That the part is the whole dollars, and
# that the decline carries 005, is an inference from samples.
_DECLINED_CENTS = 5
_PARTIAL_CENTS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class CardAnswer:
    """The network's word on one sale; amounts in cents, `status` as in the transaction status codes."""

    status: str
    code: str
    message: str
    asked_cents: int
    approved_cents: int

    @property
    def is_approved(self) -> bool:
        return self.status != "D"

    @property
    def is_partial(self) -> bool:
        return self.code == "010"


def decide_sale(asked_cents: int, *, approved_status: str = "C", decline_code: str = "005") -> CardAnswer:
    """The answer to a sale of so many cents; the same amount always gets the same answer.

    An authorization is decided alike; its `approved_status` is "A".
    """
    cents = asked_cents % 100
    whole_dollars = asked_cents - cents
    # $0.10 has no whole dollar to approve, so it is declined.
    if cents == _DECLINED_CENTS or (cents == _PARTIAL_CENTS and whole_dollars == 0):
        return CardAnswer(
            status="D", code=decline_code, message="DECLINED", asked_cents=asked_cents, approved_cents=0
        )
    if cents == _PARTIAL_CENTS:
        return CardAnswer(
            status=approved_status,
            code="010",
            message="PARTIAL APPROVAL",
            asked_cents=asked_cents,
            approved_cents=whole_dollars,
        )
    return CardAnswer(
        status=approved_status,
        code="000",
        message="APPROVAL",
        asked_cents=asked_cents,
        approved_cents=asked_cents,
    )
