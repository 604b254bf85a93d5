"""POST /healthcare/service.asmx: eligibility and claim status over SOAP, typed or as X12 text."""

from __future__ import annotations

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from mock_gateway.admission import has_basic, read_body
from mock_gateway.answer_rates import Answers
from mock_gateway.eligibility_object import ObjectInquiry, read_object_inquiry, write_object_answer
from mock_gateway.errors import BodyError, SoapError
from mock_gateway.gateway import Gateway
from mock_gateway.payers import PAYER_DOWN, look_up_benefits
from mock_gateway.route_names import CLAIM_STATUS, ELIGIBILITY, ELIGIBILITY_ENHANCED
from mock_gateway.routes.asking import Asked, ask_payer
from mock_gateway.routes.edi import EdiReply, exchange_edi
from mock_gateway.soap import (
    SoapCall,
    SoapMessage,
    read_call,
    write_fault,
    write_result,
    write_typed_result,
)
from mock_gateway.soap_names import EDI_ARGUMENT, EDI_OPERATION, ENHANCED_OPERATION, OBJECT_OPERATION
from mock_gateway.visit import Visit, visit_of

_MOST_PROBLEMS = 10


async def answer_healthcare(gateway: Gateway, request: Request) -> Response:
    """Read the call, wait as long as the payer takes, answer as the operation answers."""
    settings = gateway.settings
    if not has_basic(request, settings.credentials):
        headers = {"WWW-Authenticate": 'Basic realm="mock gateway"'}
        return JSONResponse({"Message": "Unauthorized"}, status_code=401, headers=headers)
    try:
        body = await read_body(request, max_bytes=settings.max_body_bytes, timeout_s=settings.body_timeout_s)
    except BodyError as failure:
        return PlainTextResponse(str(failure), status_code=failure.status)
    gateway.begin()
    visit = visit_of(request)
    try:
        call = read_call(body, request.headers.get("content-type", ""))
        if call.operation in (OBJECT_OPERATION, ENHANCED_OPERATION):
            return await _answer_object(gateway, visit, call)
        return await _answer_edi(gateway, visit, call)
    except SoapError as refused:
        return send_soap(write_fault(refused.version, refused.code, str(refused)))


async def _answer_edi(gateway: Gateway, visit: Visit, call: SoapCall) -> Response:
    claim_status = gateway.settings.soap.claim_status_operation
    if call.operation == claim_status:
        visit.route = CLAIM_STATUS
    elif call.operation == EDI_OPERATION:
        visit.route = ELIGIBILITY
    else:
        known = ", ".join((EDI_OPERATION, OBJECT_OPERATION, ENHANCED_OPERATION, claim_status))
        raise SoapError(call.version.name, f"no such operation here; there are {known}")
    text = call.arguments.get(EDI_ARGUMENT, "").lstrip()
    if not text:
        raise SoapError(call.version.name, f"{EDI_ARGUMENT} is missing or empty")
    reply = await exchange_edi(gateway, visit, text)
    return send_soap(write_result(call, reply.text)) if isinstance(reply, EdiReply) else reply


async def _answer_object(gateway: Gateway, visit: Visit, call: SoapCall) -> Response:
    is_enhanced = call.operation == ENHANCED_OPERATION
    visit.route = ELIGIBILITY_ENHANCED if is_enhanced else ELIGIBILITY
    inquiry = read_object_inquiry(call.arguments)
    if isinstance(inquiry, list):
        # [I] How the real service refuses a bad field is unknown; a fault names each of them.
        raise SoapError(call.version.name, "; ".join(inquiry[:_MOST_PROBLEMS]))
    previous = gateway.previous.get("object")
    extra_s = gateway.profile.eligibility.enhanced_adds if is_enhanced else 0.0
    asked = await ask_payer(gateway, visit, inquiry.payer_id, extra_s=extra_s)
    if not isinstance(asked, Asked):
        return asked
    gateway.previous["object"] = inquiry
    answers = gateway.profile.eligibility.answers
    if asked.is_somebody_elses:
        inquiry = _somebody_elses(inquiry, previous)
        answers = Answers(inactive=0, rejected=0)
    benefits = (
        PAYER_DOWN
        if asked.is_payer_down
        else look_up_benefits(inquiry.member_key, inquiry.service_type, answers)
    )
    xml = write_object_answer(inquiry, benefits, gateway.settings.soap, is_enhanced=is_enhanced)
    return send_soap(write_typed_result(call, asked.cut_if_malformed(xml)))


def _somebody_elses(inquiry: ObjectInquiry, previous: object) -> ObjectInquiry:
    """The last inquiry but this one; a made-up patient where that one would look like ours."""
    if isinstance(previous, ObjectInquiry) and previous.member_key != inquiry.member_key:
        return previous
    return replace(inquiry, member_id="W999999999", member_key="W999999999", trace="SOMEBODY-ELSES-TRACE")


def send_soap(message: SoapMessage) -> Response:
    """A SOAP message as an HTTP response."""
    return Response(message.body, status_code=message.status, media_type=message.content_type)
