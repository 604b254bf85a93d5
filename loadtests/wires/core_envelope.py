"""X12 in the CAQH CORE vC2.2.0 real-time envelope: SOAP 1.2 with a WS-Security UsernameToken.

Errors come in three layers, each classed apart: HTTP, the envelope (a fault, or an ErrorCode in it), X12. Real servers
deviate from the schema, so the answer is read by names without namespace at any depth.
"""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID
from xml.sax.saxutils import escape

from loadtests.transaction import Call, Classified, Reply, Transaction
from loadtests.wires.credentials import Credentials
from loadtests.wires.soap_envelope import ENVELOPES, NoSoapAnswerError, element, read_answer
from loadtests.wires.x12 import build_270, classify_interchange
from loadtests.wires.x12_claim import build_276, classify_claim_interchange
from scenarios.kinds import Kind
from scenarios.observation import Outcome
from scenarios.target import Target

_NAMESPACE = "http://www.caqh.org/SOAP/WSDL/CORERule2.2.0.xsd"
_SECURITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_PASSWORD_TEXT = (
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText"
)
_CONTENT_TYPE = 'application/soap+xml; charset=UTF-8; action="RealTimeTransaction"'
_TICKS_2026 = 139_865_184_000_000_000  # 100 ns since 1582-10-15, at the start of 2026
_CDATA_START, _CDATA_END = "<![CDATA[", "]]>"


def build_call(transaction: Transaction, target: Target, credentials: Credentials) -> Call:
    """A 270 or 276 in its envelope."""
    if target.endpoints.core_soap is None:
        raise ValueError("the target declares no core_soap endpoint")
    now = datetime.now(UTC)
    asks_claim = transaction.kind == Kind.CLAIM_STATUS
    payload = build_276(transaction, now) if asks_claim else build_270(transaction, now)
    fields = {
        "PayloadType": "X12_276_Request_005010X212" if asks_claim else "X12_270_Request_005010X279A1",
        "ProcessingMode": "RealTime",
        "PayloadID": str(payload_id(transaction)),
        "TimeStamp": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "SenderID": target.core.sender_id,
        "ReceiverID": target.core.receiver_id,
        "CORERuleVersion": "2.2.0",
    }
    inner = "".join(element(name, value) for name, value in fields.items())
    # A CDATA section cannot hold its own end; cut there, two sections hold it.
    guarded = payload.replace(_CDATA_END, "]]]]><![CDATA[>")
    return Call(
        url=target.endpoints.core_soap,
        headers={"Content-Type": _CONTENT_TYPE},
        body=(
            f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{ENVELOPES["1.2"]}">'
            f"<s:Header>{_username_token(credentials)}</s:Header><s:Body>"
            f'<c:COREEnvelopeRealTimeRequest xmlns:c="{_NAMESPACE}">{inner}'
            f"<Payload>{_CDATA_START}{guarded}{_CDATA_END}</Payload>"
            "</c:COREEnvelopeRealTimeRequest></s:Body></s:Envelope>"
        ).encode(),
    )


def payload_id(transaction: Transaction) -> UUID:
    """A version 1 UUID, as CORE asks for, by arithmetic: arrival and attempt as its time, the run's nonce as its node.

    The node's multicast bit says that it is no network card's (RFC 4122, 4.5).
    """
    ticks = _TICKS_2026 + transaction.arrival * 256 + transaction.attempt
    nonce = int(transaction.identifiers.reference.partition("-")[0], 36)
    node = nonce & 0xFF_FFFF_FFFF | 1 << 40
    return UUID(
        fields=(
            ticks & 0xFFFF_FFFF,
            ticks >> 32 & 0xFFFF,
            ticks >> 48 & 0x0FFF | 0x1000,
            0x80,
            0,
            node,
        )
    )


def _username_token(credentials: Credentials) -> str:
    """WS-Security 1.0 UsernameToken with the password as text; TLS is what hides it."""
    return (
        f'<wsse:Security xmlns:wsse="{_SECURITY}" s:mustUnderstand="true"><wsse:UsernameToken>'
        f"<wsse:Username>{escape(credentials.basic_user)}</wsse:Username>"
        f'<wsse:Password Type="{_PASSWORD_TEXT}">{escape(credentials.basic_password)}</wsse:Password>'
        "</wsse:UsernameToken></wsse:Security>"
    )


def classify_reply(transaction: Transaction, reply: Reply) -> Classified:
    """What the innermost layer says that was reached."""
    try:
        answer = read_answer(reply)
    except NoSoapAnswerError as error:
        return Classified(outcome=Outcome.ERROR, detail=str(error))
    code = (answer.text("ErrorCode") or "").strip()
    if code.lower() not in ("", "success"):
        return Classified(outcome=Outcome.ERROR, detail=f"envelope error {code[:40]!r}")
    payload = _unwrapped(answer.text("Payload") or "")
    if not payload:
        return Classified(outcome=Outcome.ERROR, detail="envelope without Payload")
    if transaction.kind == Kind.CLAIM_STATUS:
        return classify_claim_interchange(transaction, payload)
    return classify_interchange(transaction, payload)


def _unwrapped(payload: str) -> str:
    """The X12 text; some servers escape the CDATA marks themselves."""
    payload = payload.strip()
    if payload.startswith(_CDATA_START):
        payload = payload.removeprefix(_CDATA_START).removesuffix(_CDATA_END).strip()
    return payload
