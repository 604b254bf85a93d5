"""Classes of amounts: how much a payment is, as far as a trace may tell."""

from __future__ import annotations

from enum import IntEnum


class AmountClass(IntEnum):
    """What size of amount. The numbers enter the plan's digest: add, never renumber."""

    SMALL = 1
    MEDIUM = 2
    LARGE = 3

    @property
    def text(self) -> str:
        """The name used in traces."""
        return self.name.lower()

    @property
    def dollars(self) -> tuple[int, int]:
        """Whole dollars: the least, and the first that is too much."""
        return _DOLLARS[self]


_DOLLARS = {
    AmountClass.SMALL: (10, 50),  # [A] a copay
    AmountClass.MEDIUM: (50, 250),  # [A] a visit's balance
    AmountClass.LARGE: (250, 2500),  # [A] a deductible
}
