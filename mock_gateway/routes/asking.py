"""Asking a payer: the way that every healthcare request takes, whatever its wire."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from mock_gateway.faults import Effect, FaultKind
from mock_gateway.gateway import Gateway
from mock_gateway.routes.business import meet_faults
from mock_gateway.visit import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A payer was asked and has answered, or is known to be down."""

    effect: Effect

    @property
    def is_payer_down(self) -> bool:
        return self.effect.kind is FaultKind.PAYER_OUTAGE

    @property
    def is_somebody_elses(self) -> bool:
        return self.effect.kind is FaultKind.ANOTHER_PATIENTS_ANSWER

    def cut_if_malformed(self, reply: str) -> str:
        """The payer's words, broken off in the middle where the fault says so."""
        return reply[: len(reply) // 2] if self.effect.kind is FaultKind.MALFORMED_REPLY else reply


async def ask_payer(gateway: Gateway, visit: Visit, payer: str, *, extra_s: float = 0.0) -> Asked | Response:
    """Wait for the payer. A fault that replaces the work gives its answer instead."""
    refusal = meet_faults(gateway, visit, payer=payer)
    if refusal is not None:
        return refusal
    asked = Asked(effect=visit.effect)
    await gateway.serve(visit, extra_s=extra_s, asks_others=not asked.is_payer_down)
    return asked
