"""POST /core/soap: X12 in the CAQH CORE vC2.2.0 real-time envelope, over SOAP 1.2 only."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from mock_gateway.admission import read_body
from mock_gateway.core_envelope import (
    CLAIM_STATUS_PAYLOAD,
    REQUEST_ELEMENT,
    read_core_request,
    write_core_error,
    write_core_reply,
)
from mock_gateway.errors import BodyError, CoreError, SoapError
from mock_gateway.gateway import Gateway
from mock_gateway.route_names import CLAIM_STATUS, ELIGIBILITY
from mock_gateway.routes.edi import EdiReply, exchange_edi
from mock_gateway.routes.healthcare import send_soap
from mock_gateway.soap import SoapCall, SoapVersion, read_call, write_fault
from mock_gateway.username_token import is_right_token
from mock_gateway.visit import ENVELOPE_REJECTED, UNAUTHORIZED, Visit, visit_of


async def answer_core(gateway: Gateway, request: Request) -> Response:
    """Three layers of errors: a SOAP fault, an error code in the envelope, X12 in the payload."""
    settings = gateway.settings
    try:
        body = await read_body(request, max_bytes=settings.max_body_bytes, timeout_s=settings.body_timeout_s)
    except BodyError as failure:
        return PlainTextResponse(str(failure), status_code=failure.status)
    visit = visit_of(request)
    try:
        call = read_call(body, request.headers.get("content-type", "application/soap+xml"))
        if call.version is not SoapVersion.V1_2:
            raise SoapError(call.version.name, "CORE speaks SOAP 1.2 here", code="VersionMismatch")
        if call.operation != REQUEST_ELEMENT:
            raise SoapError(call.version.name, f"the SOAP body holds no {REQUEST_ELEMENT}")
    except SoapError as refused:
        return send_soap(write_fault(refused.version, refused.code, str(refused)))
    try:
        return await _answer_envelope(gateway, visit, call)
    except CoreError as refused:
        visit.cause = visit.cause or ENVELOPE_REJECTED
        return send_soap(write_core_error(call.arguments, refused))


async def _answer_envelope(gateway: Gateway, visit: Visit, call: SoapCall) -> Response:
    if not is_right_token(call.headers, gateway.settings.credentials):
        visit.cause = UNAUTHORIZED
        raise CoreError("UnAuthorized", "user name or password is wrong")
    gateway.begin()
    envelope = read_core_request(call.arguments)
    visit.route = CLAIM_STATUS if envelope.payload_type == CLAIM_STATUS_PAYLOAD else ELIGIBILITY
    reply = await exchange_edi(gateway, visit, envelope.payload)
    if not isinstance(reply, EdiReply):
        return reply
    return send_soap(write_core_reply(envelope, reply.kind, reply.text))
