"""Eligibility as X12 in SOAP: `DoEligibilityInquiryEDI`, one string in, one string out."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from loadtests.transaction import Call, Classified, Reply, Transaction
from loadtests.wires.credentials import Credentials
from loadtests.wires.x12 import build_270, classify_interchange
from scenarios.observation import Outcome
from scenarios.target import Target

_OPERATION = "DoEligibilityInquiryEDI"
_ENVELOPES = {
    "1.1": "http://schemas.xmlsoap.org/soap/envelope/",
    "1.2": "http://www.w3.org/2003/05/soap-envelope",
}


def build_call(transaction: Transaction, target: Target, credentials: Credentials) -> Call:
    """A 270 in a SOAP envelope of the target's version."""
    if target.endpoints.soap_edi is None:
        raise ValueError("the target declares no soap_edi endpoint")
    action = f"{target.soap_namespace}{_OPERATION}"
    if target.soap_version == "1.1":
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{action}"'}
    else:
        headers = {"Content-Type": f'application/soap+xml; charset=utf-8; action="{action}"'}
    inquiry = escape(build_270(transaction, datetime.now(UTC)))
    return Call(
        url=target.endpoints.soap_edi,
        headers={**headers, "Authorization": credentials.basic_header()},
        body=(
            f'<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="{_ENVELOPES[target.soap_version]}"><s:Body>'
            f'<{_OPERATION} xmlns="{escape(target.soap_namespace)}"><requestEDI>{inquiry}</requestEDI></{_OPERATION}>'
            "</s:Body></s:Envelope>"
        ).encode(),
    )


def classify_reply(transaction: Transaction, reply: Reply) -> Classified:
    """Three layers, each classed apart: HTTP, SOAP, X12. Element names are matched without their namespace."""
    if not 200 <= reply.status < 300:
        return Classified(outcome=Outcome.ERROR, detail=f"HTTP {reply.status}")
    try:
        root: Element = fromstring(reply.body)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        return Classified(outcome=Outcome.ERROR, detail=f"reply is not XML: {type(error).__name__}")
    for element in root.iter():
        name = str(element.tag).rpartition("}")[2]
        if name == "Fault":
            return Classified(outcome=Outcome.ERROR, detail="SOAP fault")
        if name == f"{_OPERATION}Result":
            return classify_interchange(transaction, element.text or "")
    return Classified(outcome=Outcome.ERROR, detail=f"reply has no {_OPERATION}Result")
