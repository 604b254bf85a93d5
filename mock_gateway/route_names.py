"""What requests ask for: the names that faults, the truth log and the counters share, whatever the wire.

A request of which only the class is known, as it is refused or not read yet, has the name of its class.
"""

from __future__ import annotations

from typing import Literal

from mock_gateway.payment import Action

PAYMENT = "payment"
HEALTHCARE = "healthcare"
ANY = "any"
RECEIPT = "receipt"
ELIGIBILITY = "eligibility"
ELIGIBILITY_ENHANCED = "eligibility_enhanced"
CLAIM_STATUS = "claim_status"

# Actions that store something, and the look-up, which stores nothing.
ACTIONS = frozenset(action.value for action in Action)
PAYMENT_ROUTES = ACTIONS | {RECEIPT, PAYMENT}
HEALTHCARE_ROUTES = frozenset({ELIGIBILITY, ELIGIBILITY_ENHANCED, CLAIM_STATUS, HEALTHCARE})
ALL_ROUTES = PAYMENT_ROUTES | HEALTHCARE_ROUTES

# What a fault may name.
RouteName = Literal[
    "any",
    "payment",
    "healthcare",
    "sale",
    "auth",
    "capture",
    "void",
    "refund",
    "token",
    "receipt",
    "eligibility",
    "eligibility_enhanced",
    "claim_status",
]
_CLASSES = {ANY: ALL_ROUTES, PAYMENT: PAYMENT_ROUTES, HEALTHCARE: HEALTHCARE_ROUTES}


def routes_of(name: str) -> frozenset[str]:
    """The routes that a name stands for: those of a class, or the one itself."""
    return _CLASSES.get(name) or frozenset({name})
