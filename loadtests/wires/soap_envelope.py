"""SOAP 1.1 and 1.2 as a caller needs them: one operation out, the elements of the answer back."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape, quoteattr

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from loadtests.transaction import Call, Reply
from loadtests.wires.credentials import Credentials
from scenarios.target import Target

ENVELOPES = {
    "1.1": "http://schemas.xmlsoap.org/soap/envelope/",
    "1.2": "http://www.w3.org/2003/05/soap-envelope",
}


class NoSoapAnswerError(ValueError):
    """A reply that holds no answer: another HTTP status, no XML, or a fault."""


def operation_call(url: str, target: Target, credentials: Credentials, operation: str, inner: str) -> Call:
    """A call of an operation in the target's SOAP version, with HTTP Basic; `inner` is XML."""
    action = f"{target.soap_namespace}{operation}"
    if target.soap_version == "1.1":
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{action}"'}
    else:
        headers = {"Content-Type": f'application/soap+xml; charset=utf-8; action="{action}"'}
    namespace = quoteattr(target.soap_namespace)
    return Call(
        url=url,
        headers={**headers, "Authorization": credentials.basic_header()},
        body=(
            f'<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="{ENVELOPES[target.soap_version]}"><s:Body>'
            f"<{operation} xmlns={namespace}>{inner}</{operation}></s:Body></s:Envelope>"
        ).encode(),
    )


def element(name: str, text: str) -> str:
    """An element with text in it."""
    return f"<{name}>{escape(text)}</{name}>"


class SoapAnswer:
    """The elements of an answer by their names without namespace, in the order of the document."""

    def __init__(self, root: Element) -> None:
        self._found = [(str(each.tag).rpartition("}")[2], each.text or "") for each in root.iter()]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._found)

    def text(self, name: str) -> str | None:
        """The text of the first element of this name; None without one."""
        return next((text for found, text in self._found if found == name), None)

    def result(self) -> str | None:
        """The text of the first `...Result`, as ASP.NET services name what they return."""
        return next((text for found, text in self._found if found.endswith("Result")), None)


def read_answer(reply: Reply) -> SoapAnswer:
    """The answer in a reply. Raises NoSoapAnswerError with the layer that failed."""
    if not 200 <= reply.status < 300:
        raise NoSoapAnswerError(f"HTTP {reply.status}{', SOAP fault' if b'Fault>' in reply.body else ''}")
    try:
        root: Element = fromstring(reply.body)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise NoSoapAnswerError(f"reply is not XML: {type(error).__name__}") from error
    answer = SoapAnswer(root)
    if answer.text("Fault") is not None:
        raise NoSoapAnswerError("SOAP fault")
    return answer
