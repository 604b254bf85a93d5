"""POST /healthcare/service.asmx: eligibility inquiries, X12 text inside SOAP."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from mock_gateway.admission import has_basic, read_body
from mock_gateway.errors import BodyError, EnvelopeError, InquiryError, SoapError
from mock_gateway.faults import FaultKind
from mock_gateway.gateway import ELIGIBILITY, Gateway
from mock_gateway.gateway_profile import Answers
from mock_gateway.inquiry import Inquiry, Patient, element, read_inquiry
from mock_gateway.payers import look_up_benefits
from mock_gateway.routes.business import refuse_at_once
from mock_gateway.soap import (
    SoapCall,
    SoapMessage,
    read_call,
    write_fault,
    write_result,
)
from mock_gateway.x12_reading import Header, read_header, read_interchange
from mock_gateway.x12_writing import write_271, write_999, write_ta1

_OPERATION = "DoEligibilityInquiryEDI"
_ARGUMENT = "requestEDI"


async def answer_eligibility(gateway: Gateway, request: Request) -> Response:
    """Read, wait as long as the payer takes, answer; broken X12 is refused at once and in X12."""
    settings = gateway.settings
    if not has_basic(request, settings.credentials):
        headers = {"WWW-Authenticate": 'Basic realm="mock gateway"'}
        return JSONResponse({"Message": "Unauthorized"}, status_code=401, headers=headers)
    try:
        body = await read_body(request, max_bytes=settings.max_body_bytes, timeout_s=settings.body_timeout_s)
    except BodyError as failure:
        return PlainTextResponse(str(failure), status_code=failure.status)
    gateway.begin()
    try:
        call = read_call(body, request.headers.get("content-type", ""))
        text = _edi_of(call)
    except SoapError as refused:
        return _send(write_fault(refused.version, refused.code, str(refused)))
    asked = _read(text)
    if isinstance(asked, str):
        return _send(write_result(call, asked))
    return await _answer_inquiry(gateway, call, asked)


def _edi_of(call: SoapCall) -> str:
    if call.operation != _OPERATION:
        raise SoapError(call.version.name, f"no such operation here; there is {_OPERATION}")
    text = call.arguments.get(_ARGUMENT, "").lstrip()
    if not text:
        raise SoapError(call.version.name, f"{_ARGUMENT} is missing or empty")
    return text


def _read(text: str) -> Inquiry | str:
    """The inquiry, or the TA1 or 999 that refuses it."""
    header: Header | None = None
    try:
        header = read_header(text)
        interchange = read_interchange(header, text)
    except EnvelopeError as refused:
        return write_ta1(header, refused.note_code)
    try:
        return read_inquiry(interchange)
    except InquiryError as refused:
        return write_999(interchange, refused)


async def _answer_inquiry(gateway: Gateway, call: SoapCall, inquiry: Inquiry) -> Response:
    service_s = gateway.draw_service_s(ELIGIBILITY)
    effect = gateway.faults.choose(ELIGIBILITY, gateway.tally.elapsed_s(), payer=inquiry.payer_id)
    refusal = refuse_at_once(effect)
    if refusal is not None:
        return refusal
    previous, gateway.previous_inquiry = gateway.previous_inquiry, inquiry
    await asyncio.sleep(service_s + effect.added_s)
    answers = gateway.profile.eligibility.answers
    if effect.kind is FaultKind.ANOTHER_PATIENTS_ANSWER:
        inquiry = _somebody_elses(inquiry, previous)
        # Always active: a refusal by the payer would name no patient, and the defect could hide.
        answers = Answers(inactive=0, rejected=0)
    benefits = look_up_benefits(_member_key(inquiry), inquiry.service_type, answers)
    reply = write_271(inquiry, benefits)
    if effect.kind is FaultKind.MALFORMED_REPLY:
        reply = reply[: len(reply) // 2]
    return _send(write_result(call, reply))


def _member_key(inquiry: Inquiry) -> str:
    """What the answer hangs on: the member id, or name and birth without one, and which dependent."""
    name, birth = inquiry.subscriber.name, inquiry.subscriber.birth
    member = inquiry.member_id or "|".join([element(name, 3), element(name, 4), element(birth, 2)])
    if inquiry.dependent is None:
        return member
    return f"{member}|{element(inquiry.dependent.name, 4)}|{element(inquiry.dependent.birth, 2)}"


def _somebody_elses(inquiry: Inquiry, previous: Inquiry | None) -> Inquiry:
    """The last inquiry but this one; a made-up patient where that one would look like ours."""
    if previous is not None and previous.patient.traces != inquiry.patient.traces:
        return previous
    stranger = Patient(
        name=["NM1", "IL", "1", "STRANGER", "ALEX", "", "", "", "MI", "W999999999"],
        birth=["DMG", "D8", "19700101", "F"],
        traces=(["TRN", "1", "SOMEBODY-ELSES-TRACE", "9000000000"],),
    )
    return replace(inquiry, reference="SOMEBODYELSES", subscriber=stranger, dependent=None)


def _send(message: SoapMessage) -> Response:
    return Response(message.body, status_code=message.status, media_type=message.content_type)
