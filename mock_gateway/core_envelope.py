"""The CAQH CORE vC2.2.0 real-time envelope: reading a request, and writing its answer or its error.

Field names, namespace and the unqualified children are those of public clients. The error codes and the
names of the 999 and TA1 payloads are from the rule's text as remembered: [M].
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid1
from xml.sax.saxutils import escape

from mock_gateway.errors import CoreError
from mock_gateway.soap import SoapMessage, SoapVersion, write_envelope

CORE_NAMESPACE = "http://www.caqh.org/SOAP/WSDL/CORERule2.2.0.xsd"
REQUEST_ELEMENT = "COREEnvelopeRealTimeRequest"
_RULE_VERSION = "2.2.0"
_ENVELOPE = (
    "PayloadType",
    "ProcessingMode",
    "PayloadID",
    "TimeStamp",
    "SenderID",
    "ReceiverID",
    "CORERuleVersion",
)
REQUEST_FIELDS = (*_ENVELOPE, "Payload")
RESPONSE_FIELDS = (*_ENVELOPE, "Payload", "ErrorCode", "ErrorMessage")

ELIGIBILITY_PAYLOAD = "X12_270_Request_005010X279A1"
CLAIM_STATUS_PAYLOAD = "X12_276_Request_005010X212"
_REPLY_PAYLOADS = {
    "271": "X12_271_Response_005010X279A1",
    "277": "X12_277_Response_005010X212",
    "999": "X12_999_Response_005010X231A1",
    "TA1": "X12_TA1_Response_00501X231A1",
}
_ERROR_PAYLOAD = "CoreEnvelopeError"
_REAL_TIME = "RealTime"
_PARTY_MOST = 50
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9:]{5})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreRequest:
    """One sound envelope."""

    payload_type: str
    payload_id: str
    sender_id: str
    receiver_id: str
    payload: str = field(repr=False)


def read_core_request(fields: Mapping[str, str]) -> CoreRequest:
    """The request in the fields of an envelope. Raises CoreError with the first thing that is wrong."""
    sent = {name: fields.get(name, "").strip() for name in REQUEST_FIELDS}
    for name in REQUEST_FIELDS:
        if not sent[name]:
            raise CoreError(f"{name}Required", f"{name} is missing or empty")
    # The version first: the fields of another version would be misread.
    if sent["CORERuleVersion"] != _RULE_VERSION:
        raise CoreError("VersionMismatch", f"only CORERuleVersion {_RULE_VERSION} is spoken here")
    if sent["PayloadType"] not in (ELIGIBILITY_PAYLOAD, CLAIM_STATUS_PAYLOAD):
        raise CoreError(
            "PayloadTypeIllegal", f"PayloadType must be {ELIGIBILITY_PAYLOAD} or {CLAIM_STATUS_PAYLOAD}"
        )
    if sent["ProcessingMode"] == "Batch":
        raise CoreError("NotSupported", "there is no batch processing here")
    if sent["ProcessingMode"] != _REAL_TIME:
        raise CoreError("ProcessingModeIllegal", f"ProcessingMode must be {_REAL_TIME}")
    if not _is_uuid(sent["PayloadID"]):
        raise CoreError("PayloadIDIllegal", "PayloadID must be a UUID")
    if not _is_moment(sent["TimeStamp"]):
        raise CoreError("TimeStampIllegal", "TimeStamp must be a date and time such as 2026-11-20T14:30:00Z")
    for name in ("SenderID", "ReceiverID"):
        if len(sent[name]) > _PARTY_MOST:
            raise CoreError(f"{name}Illegal", f"{name} must have at most {_PARTY_MOST} characters")
    return CoreRequest(
        payload_type=sent["PayloadType"],
        payload_id=sent["PayloadID"],
        sender_id=sent["SenderID"],
        receiver_id=sent["ReceiverID"],
        payload=sent["Payload"],
    )


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


def _is_moment(text: str) -> bool:
    if not _MOMENT.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def write_core_reply(request: CoreRequest, kind: str, payload: str) -> SoapMessage:
    """The envelope of an X12 answer; `kind` is 271, 277, 999 or TA1."""
    # A CDATA section cannot hold its own end; cut there, two sections hold it.
    guarded = payload.replace("]]>", "]]]]><![CDATA[>")
    return _write(
        _REPLY_PAYLOADS[kind],
        sender_id=request.receiver_id,
        receiver_id=request.sender_id,
        payload=f"<Payload><![CDATA[{guarded}]]></Payload>",
        error_code="Success",
        error_message="None",
    )


def write_core_error(fields: Mapping[str, str], error: CoreError) -> SoapMessage:
    """The envelope that refuses an envelope, with HTTP status 200 as the rule has it; it has no payload."""
    return _write(
        _ERROR_PAYLOAD,
        sender_id=fields.get("ReceiverID", "").strip()[:_PARTY_MOST],
        receiver_id=fields.get("SenderID", "").strip()[:_PARTY_MOST],
        payload="",
        error_code=error.code,
        error_message=str(error),
    )


def _write(
    payload_type: str,
    *,
    sender_id: str,
    receiver_id: str,
    payload: str,
    error_code: str,
    error_message: str,
) -> SoapMessage:
    inner = (
        f'<core:COREEnvelopeRealTimeResponse xmlns:core="{CORE_NAMESPACE}">'
        f"<PayloadType>{payload_type}</PayloadType><ProcessingMode>{_REAL_TIME}</ProcessingMode>"
        f"<PayloadID>{uuid1()}</PayloadID><TimeStamp>{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}</TimeStamp>"
        f"<SenderID>{escape(sender_id)}</SenderID><ReceiverID>{escape(receiver_id)}</ReceiverID>"
        f"<CORERuleVersion>{_RULE_VERSION}</CORERuleVersion>{payload}"
        f"<ErrorCode>{error_code}</ErrorCode><ErrorMessage>{escape(error_message)}</ErrorMessage>"
        "</core:COREEnvelopeRealTimeResponse>"
    )
    return write_envelope(SoapVersion.V1_2, 200, inner)
