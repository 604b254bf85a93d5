"""X12 text in, X12 text out: what every wire that carries EDI shares."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from starlette.responses import Response

from mock_gateway.answer_rates import Answers
from mock_gateway.claim_inquiry import ClaimInquiry, read_claim_inquiry
from mock_gateway.claims import look_up_claim, payer_down
from mock_gateway.errors import EnvelopeError, InquiryError
from mock_gateway.gateway import Gateway
from mock_gateway.inquiry import Inquiry, Patient, read_inquiry
from mock_gateway.payers import PAYER_DOWN, look_up_benefits
from mock_gateway.route_names import CLAIM_STATUS
from mock_gateway.routes.asking import Asked, ask_payer
from mock_gateway.visit import SYNTAX_REJECTED, Visit
from mock_gateway.x12_reading import Header, Interchange, read_header, read_interchange
from mock_gateway.x12_writing import write_271, write_277, write_999, write_ta1


@dataclass(frozen=True, slots=True, kw_only=True)
class EdiReply:
    """An X12 answer; `kind` is 271, 277, 999 or TA1."""

    kind: str
    text: str = field(repr=False)


async def exchange_edi(gateway: Gateway, visit: Visit, text: str) -> EdiReply | Response:
    """The answer to X12 text on the route of the visit; broken X12 is refused at once and in X12.

    Gives a Response where a fault leaves no X12 answer at all.
    """
    interchange = _open(text)
    if isinstance(interchange, EdiReply):
        visit.cause = SYNTAX_REJECTED
        return interchange
    try:
        if visit.route == CLAIM_STATUS:
            return await _answer_claim(gateway, visit, read_claim_inquiry(interchange))
        return await _answer_eligibility(gateway, visit, read_inquiry(interchange))
    except InquiryError as refused:
        visit.cause = SYNTAX_REJECTED
        return EdiReply(kind="999", text=write_999(interchange, refused))


def _open(text: str) -> Interchange | EdiReply:
    """The interchange, or the TA1 that refuses it."""
    header: Header | None = None
    try:
        header = read_header(text)
        return read_interchange(header, text)
    except EnvelopeError as refused:
        return EdiReply(kind="TA1", text=write_ta1(header, refused.note_code))


async def _answer_eligibility(gateway: Gateway, visit: Visit, inquiry: Inquiry) -> EdiReply | Response:
    previous = gateway.previous.get("270")
    asked = await ask_payer(gateway, visit, inquiry.payer_id)
    if not isinstance(asked, Asked):
        return asked
    gateway.previous["270"] = inquiry
    answers = gateway.profile.eligibility.answers
    if asked.is_somebody_elses:
        inquiry = _somebody_elses(inquiry, previous)
        # Always active: a refusal by the payer would name no patient, and the defect could hide.
        answers = Answers(inactive=0, rejected=0)
    benefits = (
        PAYER_DOWN
        if asked.is_payer_down
        else look_up_benefits(inquiry.member_key, inquiry.service_type, answers)
    )
    return EdiReply(kind="271", text=asked.cut_if_malformed(write_271(inquiry, benefits)))


async def _answer_claim(gateway: Gateway, visit: Visit, inquiry: ClaimInquiry) -> EdiReply | Response:
    previous = gateway.previous.get("276")
    asked = await ask_payer(gateway, visit, inquiry.payer_id)
    if not isinstance(asked, Asked):
        return asked
    gateway.previous["276"] = inquiry
    if asked.is_somebody_elses:
        inquiry = _another_claim(inquiry, previous)
    claim = (
        payer_down(inquiry.charge, datetime.now(UTC).date())
        if asked.is_payer_down
        else look_up_claim(inquiry.claim_key, inquiry.charge, gateway.profile.claim_status.answers)
    )
    return EdiReply(kind="277", text=asked.cut_if_malformed(write_277(inquiry, claim)))


def _somebody_elses(inquiry: Inquiry, previous: object) -> Inquiry:
    """The last inquiry but this one; a made-up patient where that one would look like ours."""
    if isinstance(previous, Inquiry) and previous.patient.traces != inquiry.patient.traces:
        return previous
    stranger = Patient(
        name=["NM1", "IL", "1", "STRANGER", "ALEX", "", "", "", "MI", "W999999999"],
        birth=["DMG", "D8", "19700101", "F"],
        traces=(["TRN", "1", "SOMEBODY-ELSES-TRACE", "9000000000"],),
    )
    return replace(inquiry, reference="SOMEBODYELSES", subscriber=stranger, dependent=None)


def _another_claim(inquiry: ClaimInquiry, previous: object) -> ClaimInquiry:
    if isinstance(previous, ClaimInquiry) and previous.trace != inquiry.trace:
        return previous
    return replace(
        inquiry,
        reference="SOMEBODYELSES",
        subscriber=["NM1", "IL", "1", "STRANGER", "ALEX", "", "", "", "MI", "W999999999"],
        dependent=None,
        trace="SOMEBODY-ELSES-TRACE",
        account="SOMEBODYELSES",
    )
