"""Eligibility as X12 in SOAP: `DoEligibilityInquiryEDI`, one string in, one string out."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from loadtests.transaction import Call, Classified, Reply, Transaction
from loadtests.wires.credentials import Credentials
from loadtests.wires.prepared import Prepared
from loadtests.wires.x12 import classify_interchange, fill_270
from scenarios.observation import Outcome
from scenarios.target import Target

_OPERATION = "DoEligibilityInquiryEDI"
_ENVELOPES = {
    "1.1": "http://schemas.xmlsoap.org/soap/envelope/",
    "1.2": "http://www.w3.org/2003/05/soap-envelope",
}


_MARKUP = b"<>&" + bytes(range(32))  # with control characters, which XML changes or forbids


class _Common(NamedTuple):
    url: str
    headers: dict[str, str]
    opening: str
    closing: str


def _common(target: Target, credentials: Credentials) -> _Common:
    if target.endpoints.soap_edi is None:
        raise ValueError("the target declares no soap_edi endpoint")
    action = f"{target.soap_namespace}{_OPERATION}"
    if target.soap_version == "1.1":
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{action}"'}
    else:
        headers = {"Content-Type": f'application/soap+xml; charset=utf-8; action="{action}"'}
    return _Common(
        url=target.endpoints.soap_edi,
        headers={**headers, "Authorization": credentials.basic_header()},
        opening='<?xml version="1.0" encoding="utf-8"?>'
        f'<s:Envelope xmlns:s="{_ENVELOPES[target.soap_version]}"><s:Body>'
        f'<{_OPERATION} xmlns="{escape(target.soap_namespace)}"><requestEDI>',
        closing=f"</requestEDI></{_OPERATION}></s:Body></s:Envelope>",
    )


_prepared = Prepared(_common)


@lru_cache(maxsize=2)
def _day_and_clock(minute: int) -> tuple[str, str]:
    when = datetime.fromtimestamp(minute * 60, UTC)
    return when.strftime("%Y%m%d"), when.strftime("%H%M")


def build_call(transaction: Transaction, target: Target, credentials: Credentials) -> Call:
    """A 270 in a SOAP envelope of the target's version."""
    common = _prepared(target, credentials)
    inquiry = fill_270(transaction, *_day_and_clock(int(time.time()) // 60))
    if "&" in inquiry or "<" in inquiry or ">" in inquiry:
        inquiry = escape(inquiry)
    return Call(
        url=common.url, headers=common.headers, body=f"{common.opening}{inquiry}{common.closing}".encode()
    )


class _Wrapping:
    """The XML around the last result that was parsed, byte for byte; the same bytes wrap the next one the same way.

    Only around plain text: ASCII without control characters, markup or entities, so that where the wrapping fits,
    what lies between is the text of the same element.
    """

    def __init__(self) -> None:
        self._before = self._after = b""

    def text_in(self, body: bytes) -> str | None:
        """The result's text, if this body is wrapped as the last one was."""
        before, after = self._before, self._after
        if not before or not body.startswith(before) or not body.endswith(after):
            return None
        if len(body) < len(before) + len(after):
            return None
        return _plain(body[len(before) : len(body) - len(after)])

    def learn(self, body: bytes, text: str) -> None:
        """`text` is what a parser found in `body`."""
        told = text.encode("utf-8", "replace")
        start = body.find(told)
        if len(told) < 2 or body.count(told) != 1 or _plain(told) != text:
            return
        before, after = body[:start], body[start + len(told) :]
        declared = before.lower()
        in_ascii = b"encoding=" not in declared or b'encoding="utf-8"' in declared
        if in_ascii and before.endswith(b">") and after.startswith(b"</"):
            self._before, self._after = before, after


def _plain(between: bytes) -> str | None:
    """Text that XML hands over as it stands; None for what might mean something else."""
    if not between.isascii() or len(between.translate(None, _MARKUP)) != len(between):
        return None
    return between.decode("ascii")


_wrapping = _Wrapping()


def classify_reply(transaction: Transaction, reply: Reply) -> Classified:
    """Three layers, each classed apart: HTTP, SOAP, X12. Element names are matched without their namespace."""
    if not 200 <= reply.status < 300:
        return Classified(outcome=Outcome.ERROR, detail=f"HTTP {reply.status}")
    text = _wrapping.text_in(reply.body)
    if text is not None:
        return classify_interchange(transaction, text, printable=True)
    try:
        root: Element = fromstring(reply.body)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        return Classified(outcome=Outcome.ERROR, detail=f"reply is not XML: {type(error).__name__}")
    for element in root.iter():
        name = str(element.tag).rpartition("}")[2]
        if name == "Fault":
            return Classified(outcome=Outcome.ERROR, detail="SOAP fault")
        if name == f"{_OPERATION}Result":
            if len(element) == 0:  # a child would hide what follows it
                _wrapping.learn(reply.body, element.text or "")
            return classify_interchange(transaction, element.text or "")
    return Classified(outcome=Outcome.ERROR, detail=f"reply has no {_OPERATION}Result")
