"""The gateway's own account of the money: one record per acknowledged payment."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """One payment that the gateway answered; amounts in cents, of the card only the last four digits."""

    transaction_id: str
    asked_cents: int
    approved_cents: int
    merchant_reference: str
    last_four: str
    status: str


class Ledger:
    """Payments in the order in which they were stored; in memory, so it ends with the process."""

    def __init__(self) -> None:
        self._payments: list[Payment] = []
        self._asked_cents = 0
        self._approved_cents = 0

    def record(self, payment: Payment) -> None:
        """Store the payment. Call before it is acknowledged, never after."""
        self._payments.append(payment)
        self._asked_cents += payment.asked_cents
        self._approved_cents += payment.approved_cents

    def latest(self) -> Payment | None:
        return self._payments[-1] if self._payments else None

    def totals(self) -> dict[str, int]:
        return {
            "count": len(self._payments),
            "asked_cents": self._asked_cents,
            "approved_cents": self._approved_cents,
        }

    def read_all(self) -> list[dict[str, str | int]]:
        return [asdict(payment) for payment in self._payments]
