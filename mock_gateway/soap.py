"""SOAP 1.1 and 1.2: reading a call, writing its answer or a fault.

The namespace of the real operations is not public, so a call is recognised by local names alone and
answered in the namespace that it came in. A document type is refused before anything in it is read,
which leaves no entity to expand and nothing to fetch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import NoReturn
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from mock_gateway.errors import SoapError


class SoapVersion(Enum):
    """Each version's envelope namespace."""

    V1_1 = "http://schemas.xmlsoap.org/soap/envelope/"
    V1_2 = "http://www.w3.org/2003/05/soap-envelope"


_BY_NAMESPACE = {version.value: version for version in SoapVersion}
_CONTENT_TYPES = {
    SoapVersion.V1_1: "text/xml; charset=utf-8",
    SoapVersion.V1_2: "application/soap+xml; charset=utf-8",
}
_CODES_1_2 = {"Client": "Sender", "Server": "Receiver"}
_DEPTH_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SoapCall:
    """One call: the operation's local name and namespace, and the text of each element below it.

    Arguments of a typed call lie one level deeper than those of a plain one; both are found by name, the
    first of its name counts. `headers` are the elements of the SOAP header likewise.
    """

    version: SoapVersion
    operation: str
    namespace: str
    arguments: dict[str, str] = field(repr=False)
    headers: dict[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SoapMessage:
    """What goes back: HTTP status, content type and body."""

    status: int
    content_type: str
    body: bytes = field(repr=False)


class _Reader:
    """Collects the call while expat walks the document."""

    def __init__(self, version: SoapVersion) -> None:
        self.version = version
        self.operation = ""
        self.namespace = ""
        self.arguments: dict[str, str] = {}
        self.headers: dict[str, str] = {}
        self._path: list[str] = []
        # Pieces of text of each open element below the operation or the header.
        self._open: list[list[str]] = []

    def parse(self, body: bytes) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.Parse(body, True)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition(" ")
        self._path.append(local)
        depth = len(self._path)
        if depth == 1:
            self._open_envelope(local, namespace)
        elif depth > _DEPTH_MAX:
            raise SoapError(self.version.name, f"elements lie deeper than {_DEPTH_MAX}")
        elif depth >= 3:
            in_body = self._path[1] == "Body"
            if in_body and depth == 3 and not self.operation:
                self.operation, self.namespace = local, namespace
            if not in_body and local == "Password":
                self.headers.setdefault("PasswordType", attributes.get("Type", ""))
            self._open.append([])

    def _open_envelope(self, local: str, namespace: str) -> None:
        if local != "Envelope":
            raise SoapError(self.version.name, "the document is no SOAP envelope")
        if namespace not in _BY_NAMESPACE:
            known = " or ".join(_BY_NAMESPACE)
            raise SoapError(self.version.name, f"the envelope is not in {known}", code="VersionMismatch")
        self.version = _BY_NAMESPACE[namespace]

    def _end(self, _name: str) -> None:
        local = self._path.pop()
        if len(self._path) < 2:
            return
        text = "".join(self._open.pop())
        if self._path[1] == "Header":
            self.headers.setdefault(local, text)
        elif len(self._path) > 2:
            self.arguments.setdefault(local, text)

    def _characters(self, text: str) -> None:
        if self._open:
            self._open[-1].append(text)

    def _refuse_doctype(self, *_: object) -> NoReturn:
        raise SoapError(self.version.name, "a SOAP message has no document type")


def read_call(body: bytes, content_type: str) -> SoapCall:
    """The call in a message. Raises SoapError, which knows the version to answer in."""
    is_1_2 = content_type.strip().lower().startswith("application/soap+xml")
    reader = _Reader(SoapVersion.V1_2 if is_1_2 else SoapVersion.V1_1)
    try:
        reader.parse(body)
    except expat.ExpatError as failure:
        reason = expat.errors.messages.get(failure.code, "syntax error")
        message = f"not well-formed XML: {reason} (line {failure.lineno})"
        raise SoapError(reader.version.name, message) from None
    except (ValueError, LookupError) as failure:
        if isinstance(failure, SoapError):
            raise
        raise SoapError(reader.version.name, "not readable in the encoding that it declares") from None
    if not reader.operation:
        raise SoapError(reader.version.name, "the SOAP body is empty")
    return SoapCall(
        version=reader.version,
        operation=reader.operation,
        namespace=reader.namespace,
        arguments=reader.arguments,
        headers=reader.headers,
    )


def write_result(call: SoapCall, text: str) -> SoapMessage:
    """The answer `<op>Response/<op>Result` with a text in it, as ASP.NET services name them."""
    return write_typed_result(call, escape(text))


def write_typed_result(call: SoapCall, xml: str) -> SoapMessage:
    """As `write_result`, with elements in it that are XML already; they fall into the call's namespace."""
    name = call.operation
    namespace = f" xmlns={quoteattr(call.namespace)}" if call.namespace else ""
    inner = f"<{name}Response{namespace}><{name}Result>{xml}</{name}Result></{name}Response>"
    return write_envelope(call.version, 200, inner)


def write_fault(version_name: str, code: str, message: str) -> SoapMessage:
    """A fault; `code` is Client, Server or VersionMismatch.

    HTTP status by the book: 500 for every fault in SOAP 1.1, 400 in SOAP 1.2 where the sender is to blame.
    """
    version = SoapVersion[version_name]
    text = escape(message)
    if version is SoapVersion.V1_1:
        inner = (
            f"<soap:Fault><faultcode>soap:{code}</faultcode><faultstring>{text}</faultstring></soap:Fault>"
        )
        return write_envelope(version, 500, inner)
    code = _CODES_1_2.get(code, code)
    inner = (
        f"<soap:Fault><soap:Code><soap:Value>soap:{code}</soap:Value></soap:Code>"
        f'<soap:Reason><soap:Text xml:lang="en">{text}</soap:Text></soap:Reason></soap:Fault>'
    )
    return write_envelope(version, 400 if code == "Sender" else 500, inner)


def write_envelope(version: SoapVersion, status: int, inner: str) -> SoapMessage:
    """A message whose SOAP body is `inner`."""
    text = (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<soap:Envelope xmlns:soap="{version.value}"><soap:Body>{inner}</soap:Body></soap:Envelope>'
    )
    return SoapMessage(status=status, content_type=_CONTENT_TYPES[version], body=text.encode())
