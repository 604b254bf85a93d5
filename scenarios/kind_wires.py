"""Which wire carries which kind of transaction: what is possible, and what is chosen."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict

from scenarios.kinds import Kind, Wire

_Eligibility = Literal["soap_edi", "soap_object", "core_soap"]
_ClaimStatus = Literal["soap_edi", "core_soap"]
_Payment = Literal["rest", "nvp"]


class KindWires(BaseModel):
    """A field for each kind: the wires that can carry it, and the one that does unless the target says otherwise."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    eligibility_inquiry: _Eligibility = "soap_edi"
    eligibility_enhanced: Literal["soap_object"] = "soap_object"
    claim_status: _ClaimStatus = "soap_edi"
    card_sale: _Payment = "rest"
    card_authorization: _Payment = "rest"
    card_capture: _Payment = "rest"
    token_save: _Payment = "rest"
    token_sale: _Payment = "rest"
    echeck_sale: Literal["nvp"] = "nvp"
    void: _Payment = "rest"
    refund: _Payment = "rest"
    receipt_lookup: Literal["nvp"] = "nvp"

    def of(self, kind: Kind) -> Wire:
        """The wire that carries a kind."""
        return Wire[getattr(self, kind.text).upper()]


def possible_wires(kind: Kind) -> tuple[Wire, ...]:
    """Every wire that can carry a kind, its default first."""
    return tuple(Wire[name.upper()] for name in get_args(KindWires.model_fields[kind.text].annotation))
