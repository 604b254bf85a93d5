"""One business request on its way through the gateway, as the truth log will remember it."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.types import Scope

from mock_gateway.faults import NO_EFFECT, Effect, FaultKind

_KEY = "mock_gateway.visit"

# Causes besides the kinds of faults: why a request got the answer that it got.
OK = "ok"
UNAUTHORIZED = "unauthorized"
REFUSED = "refused"  # an HTTP error status, a SOAP fault or an errorCode
SYNTAX_REJECTED = "syntax_rejected"  # a 999 or a TA1
ENVELOPE_REJECTED = "envelope_rejected"  # an error code in the CORE envelope
INTERNAL_ERROR = "internal_error"
CAUSES = (
    OK,
    UNAUTHORIZED,
    REFUSED,
    SYNTAX_REJECTED,
    ENVELOPE_REJECTED,
    INTERNAL_ERROR,
    *(kind.value for kind in FaultKind),
)


@dataclass(slots=True, kw_only=True)
class Visit:
    """Moments in seconds of the monotonic clock.

    Service started at `started_s` (0 if the request never got that far); the answer was due at `due_s` and
    went out at `ended_s`, and what lies between those two is this process's own lateness.
    """

    route: str
    arrived_s: float
    payer: str = ""
    started_s: float = 0.0
    due_s: float = 0.0
    ended_s: float = 0.0
    effect: Effect = NO_EFFECT
    held_by: FaultKind | None = None
    is_refused: bool = False
    cause: str = ""

    def find_cause(self, status: str) -> str:
        """The cause noted on the way, else the fault that befell it, else what the answer says."""
        if self.cause:
            return self.cause
        if self.effect.kind is not None:
            return self.effect.kind.value
        if self.held_by is not None:
            return self.held_by.value
        if self.effect.delayed_by is not None:
            return self.effect.delayed_by.value
        if status.startswith("2"):
            # Not every wire refuses by the status.
            return REFUSED if self.is_refused else OK
        if status == "401":
            return UNAUTHORIZED
        return REFUSED if status.isdigit() else status


def begin_visit(scope: Scope, route: str, now_s: float) -> Visit:
    """The visit of a request that arrives now; kept with the request."""
    visit = Visit(route=route, arrived_s=now_s)
    scope[_KEY] = visit
    return visit


def visit_of(request: Request) -> Visit:
    """The visit of a request on a business route."""
    visit: Visit = request.scope[_KEY]
    return visit
