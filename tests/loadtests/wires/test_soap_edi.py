"""Eligibility in SOAP: the envelope of either version, and three layers of replies classed apart."""

from __future__ import annotations

from encodings.aliases import aliases
from xml.sax.saxutils import escape

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from loadtests.transaction import Classified
from loadtests.wires import soap_edi
from loadtests.wires.x12 import read_interchange
from scenarios.kinds import Kind
from scenarios.observation import Outcome
from scenarios.target import Endpoints
from tests.loadtests.builders import CREDENTIALS, reply, target, transaction
from tests.loadtests.x12_answers import benefits_271, payer_level_271, rejection_ta1

SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
INQUIRY = transaction(Kind.ELIGIBILITY_INQUIRY)
TRACE = INQUIRY.identifiers.reference
ACTIVE = benefits_271(TRACE, "EB*1**30")


def envelope(edi: str, soap: str = SOAP_11, prolog: str = "") -> str:
    return (
        f'{prolog}<s:Envelope xmlns:s="{soap}"><s:Body>'
        '<DoEligibilityInquiryEDIResponse xmlns="http://www.instamed.com/">'
        f"<DoEligibilityInquiryEDIResult>{edi}</DoEligibilityInquiryEDIResult>"
        "</DoEligibilityInquiryEDIResponse></s:Body></s:Envelope>"
    )


def classified(body: str | bytes, status: int = 200) -> Classified:
    return soap_edi.classify_reply(INQUIRY, reply(body, status))


@pytest.mark.parametrize(
    ("version", "namespace", "headers"),
    [
        pytest.param(
            "1.1",
            SOAP_11,
            {
                "Content-Type": "text/xml; charset=utf-8",
                "SOAPAction": '"http://www.instamed.com/DoEligibilityInquiryEDI"',
            },
            id="SOAP-1.1",
        ),
        pytest.param(
            "1.2",
            SOAP_12,
            {
                "Content-Type": "application/soap+xml; charset=utf-8; "
                'action="http://www.instamed.com/DoEligibilityInquiryEDI"'
            },
            id="SOAP-1.2",
        ),
    ],
)
def test_an_inquiry_travels_in_the_envelope_of_its_version(
    version: str, namespace: str, headers: dict[str, str]
) -> None:
    call = soap_edi.build_call(INQUIRY, target("http://127.0.0.1:9", soap_version=version), CREDENTIALS)
    assert call.url == "http://127.0.0.1:9/healthcare/service.asmx"
    assert call.headers == {**headers, "Authorization": "Basic am9lOnA6dw=="}
    root = fromstring(call.body)
    assert root.tag == f"{{{namespace}}}Envelope"
    (edi,) = root.findall(
        ".//{http://www.instamed.com/}DoEligibilityInquiryEDI/{http://www.instamed.com/}requestEDI"
    )
    assert edi.text is not None
    assert read_interchange(edi.text).of("TRN") == [["TRN", "1", TRACE, "9SLAGATE00"]]


def test_another_namespace_is_used_throughout() -> None:
    call = soap_edi.build_call(INQUIRY, target(soap_namespace="urn:a&b/"), CREDENTIALS)
    assert call.headers["SOAPAction"] == '"urn:a&b/DoEligibilityInquiryEDI"'
    assert fromstring(call.body).find(".//{urn:a&b/}requestEDI") is not None


def test_a_target_without_the_endpoint_is_refused() -> None:
    with pytest.raises(ValueError, match="declares no soap_edi endpoint"):
        soap_edi.build_call(INQUIRY, target(endpoints=Endpoints(rest="http://127.0.0.1:9")), CREDENTIALS)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(envelope(ACTIVE), Outcome.COMPLETED, id="SOAP-1.1"),
        pytest.param(envelope(ACTIVE, SOAP_12), Outcome.COMPLETED, id="SOAP-1.2"),
        pytest.param(envelope(f"<![CDATA[{ACTIVE}]]>"), Outcome.COMPLETED, id="in-CDATA"),
        pytest.param(envelope(f"\n  {ACTIVE}\n"), Outcome.COMPLETED, id="blanks-around"),
        pytest.param(
            envelope(escape(benefits_271(TRACE, "EB*1**30**SMITH & SONS"))), Outcome.COMPLETED, id="escaped"
        ),
        pytest.param(
            envelope(ACTIVE).replace(' xmlns="http://www.instamed.com/"', ""),
            Outcome.COMPLETED,
            id="no-namespace",
        ),
        pytest.param(
            envelope(ACTIVE).replace("http://www.instamed.com/", "urn:other"),
            Outcome.COMPLETED,
            id="another-namespace",
        ),
        pytest.param(
            envelope(ACTIVE, prolog='<?xml version="1.0" encoding="utf-8"?>'), Outcome.COMPLETED, id="prolog"
        ),
        pytest.param(envelope(payer_level_271(TRACE, "42")), Outcome.PAYER_UNAVAILABLE, id="payer-down"),
        pytest.param(envelope(benefits_271(TRACE, "AAA*N**75*C")), Outcome.REJECTED, id="not-found"),
        pytest.param(
            envelope(rejection_ta1(INQUIRY.identifiers.control_number)), Outcome.SYNTAX_REJECTED, id="TA1"
        ),
        pytest.param(envelope(benefits_271("other", "EB*1**30")), Outcome.WRONG_REPLY, id="anothers"),
    ],
)
def test_an_answer_in_an_envelope_is_worth_what_its_x12_says(body: str, expected: Outcome) -> None:
    assert classified(body).outcome is expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1"])
def test_the_encoding_is_the_one_that_the_reply_declares(encoding: str) -> None:
    text = envelope(
        benefits_271(TRACE, "EB*1**30**ZÜRICH"), prolog=f'<?xml version="1.0" encoding="{encoding}"?>'
    )
    assert classified(text.encode(encoding)).outcome is Outcome.COMPLETED


FAULT = (
    f'<s:Envelope xmlns:s="{SOAP_11}"><s:Body><s:Fault><faultcode>s:Server</faultcode>'
    "<faultstring>busy</faultstring></s:Fault></s:Body></s:Envelope>"
)
BOMB = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        pytest.param(FAULT, "SOAP fault", id="fault"),
        pytest.param(FAULT.replace(SOAP_11, SOAP_12), "SOAP fault", id="fault-1.2"),
        pytest.param(
            envelope("").replace("Result", "Answer"),
            "reply has no DoEligibilityInquiryEDIResult",
            id="no-result",
        ),
        pytest.param("<html/>", "reply has no DoEligibilityInquiryEDIResult", id="other-xml"),
        pytest.param(envelope(""), "unreadable X12: no ISA segment", id="empty-result"),
        pytest.param(envelope("<x>1</x>"), "unreadable X12: no ISA segment", id="xml-in-the-result"),
        pytest.param(envelope(ACTIVE[:200]), "unreadable X12: cut off in the middle", id="cut-off-x12"),
        pytest.param(envelope(ACTIVE)[:200], "reply is not XML: ParseError", id="cut-off-xml"),
        pytest.param("", "reply is not XML: ParseError", id="nothing"),
        pytest.param('{"busy": 1}', "reply is not XML: ParseError", id="json"),
        pytest.param(envelope("&b;", prolog=BOMB), "reply is not XML: EntitiesForbidden", id="entity-bomb"),
        pytest.param(
            envelope("&b;", prolog='<!DOCTYPE x [<!ENTITY b SYSTEM "file:///etc/passwd">]>'),
            "reply is not XML: EntitiesForbidden",
            id="external-entity",
        ),
        pytest.param(b"<a>\xff\xfe</a>", "reply is not XML: ParseError", id="not-utf8"),
        pytest.param("<a>" * 50_000, "reply is not XML: ParseError", id="deep-and-open"),
        pytest.param(
            "<a>" * 50_000 + "</a>" * 50_000,
            "reply has no DoEligibilityInquiryEDIResult",
            id="deep-and-closed",
        ),
    ],
)
def test_what_is_no_answer_is_an_error_with_its_layer(body: str | bytes, detail: str) -> None:
    said = classified(body)
    assert said.outcome is Outcome.ERROR
    assert said.detail == detail


@pytest.mark.parametrize("status", [302, 400, 401, 403, 429, 500, 503])
def test_any_other_status_than_success_is_an_error_whatever_the_body_says(status: int) -> None:
    said = classified(envelope(ACTIVE), status)
    assert (said.outcome, said.detail) == (Outcome.ERROR, f"HTTP {status}")


@given(st.binary(max_size=300), st.sampled_from([200, 204, 299, 401, 500]))
def test_no_bytes_make_a_reply_crash_or_count_as_an_answer(body: bytes, status: int) -> None:
    assert classified(body, status).outcome is Outcome.ERROR


@given(st.text(st.characters(codec="utf-8"), max_size=100))
def test_no_text_in_an_envelope_is_a_crash(text: str) -> None:
    assert classified(envelope(escape(text))).outcome is Outcome.ERROR


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # unicode_escape warns of odd escapes
@given(
    st.sampled_from(sorted({*aliases, *aliases.values(), "undefined", "unicode_escape", "x-none"})),
    st.binary(max_size=40),
)
def test_no_declared_encoding_is_a_crash(encoding: str, rest: bytes) -> None:
    body = f'<?xml version="1.0" encoding="{encoding}"?><a>'.encode() + rest
    assert classified(body).outcome is Outcome.ERROR
