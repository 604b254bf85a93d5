"""Whatever comes in, the answer is the protocol's own: no crash, no hang, no unexplained 500."""

from __future__ import annotations

import asyncio
import socket

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message

from mock_gateway.admission import read_body
from mock_gateway.eligibility_object import REQUEST_FIELDS
from mock_gateway.errors import BodyError
from tests.mock_gateway.messages import (
    BASIC,
    EDI_PATH,
    ENVELOPES,
    REST_HEADERS,
    claim_276,
    fault_of,
    inquiry_270,
    object_call,
    object_fields,
    soap_call,
)
from tests.mock_gateway.running import RunningGateway

CORE_PATH = "/core/soap"
_BOMB = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">'
    + "".join(f'<!ENTITY lol{n} "{f"&lol{n - 1 if n > 1 else str()};" * 10}">' for n in range(1, 10))
    + f']><s:Envelope xmlns:s="{ENVELOPES["1.1"]}"><s:Body><a>&lol9;</a></s:Body></s:Envelope>'
)
_EXTERNAL = (
    '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
    f'<s:Envelope xmlns:s="{ENVELOPES["1.1"]}"><s:Body><a>&x;</a></s:Body></s:Envelope>'
)


def post_soap(gateway: RunningGateway, content: bytes, content_type: str = "text/xml") -> httpx.Response:
    return gateway.client.post(EDI_PATH, content=content, headers={"content-type": content_type}, auth=BASIC)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"not xml", id="no xml"),
        pytest.param(_BOMB.encode(), id="billion laughs"),
        pytest.param(_EXTERNAL.encode(), id="external entity"),
        pytest.param(soap_call("ISA\xe9")[0].encode("latin-1"), id="bad UTF-8"),
        pytest.param(b'<?xml version="1.0" encoding="klingon"?><a/>', id="unknown encoding"),
        pytest.param(b"<a/>", id="no envelope"),
        pytest.param(b'<s:Envelope xmlns:s="urn:other"/>', id="foreign envelope"),
        pytest.param(
            f'<s:Envelope xmlns:s="{ENVELOPES["1.1"]}"><s:Body/></s:Envelope>'.encode(), id="empty body"
        ),
        pytest.param(soap_call("")[0].encode(), id="empty argument"),
        pytest.param(b"<a>" * 100_000, id="deep"),
        pytest.param(soap_call(inquiry_270())[0][:-30].encode(), id="truncated"),
    ],
)
def test_a_broken_soap_message_gets_a_fault(instant: RunningGateway, content: bytes) -> None:
    answer = post_soap(instant, content)
    assert answer.status_code == 500
    assert fault_of(answer.content)


def test_a_fault_is_written_in_the_version_of_the_content_type(instant: RunningGateway) -> None:
    answer = post_soap(instant, b"not xml", "application/soap+xml")
    assert answer.status_code == 400
    assert "Sender" in fault_of(answer.content, "1.2")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe\x00",
        b'{"Amount": NaN}',
        b"[" * 100_000,
        b'{"Amount": ' + b"9" * 5000 + b"}",
    ],
    ids=["empty", "open", "list", "null", "bad UTF-8", "NaN", "deep", "long number"],
)
def test_a_broken_sale_gets_field_errors(instant: RunningGateway, content: bytes) -> None:
    answer = instant.client.post("/rest/payment/sale", content=content, headers=REST_HEADERS)
    assert answer.status_code == 400
    assert answer.json()["FieldErrors"]


@pytest.mark.parametrize("path", ["/rest/payment/sale", EDI_PATH, CORE_PATH])
@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
def test_five_megabytes_are_too_large(instant: RunningGateway, path: str, chunked: bool) -> None:
    body = b" " * 5_000_000
    content = iter([body[i : i + 100_000] for i in range(0, len(body), 100_000)]) if chunked else body
    answer = instant.client.post(path, content=content, headers=REST_HEADERS, auth=BASIC)
    assert answer.status_code == 413
    assert instant.client.get("/healthz").status_code == 200


def test_a_body_shorter_than_declared_holds_up_nobody(instant: RunningGateway) -> None:
    head = "POST /rest/payment/sale HTTP/1.1\r\nHost: x\r\napi-key: mock-key\r\napi-secret: mock-secret\r\n"
    with socket.create_connection(("127.0.0.1", instant.announcement["port"]), timeout=2) as connection:
        connection.sendall(f"{head}Content-Length: 100\r\n\r\n{{".encode())
        assert instant.client.get("/healthz").status_code == 200


def test_bytes_that_are_not_http_are_refused(instant: RunningGateway) -> None:
    with socket.create_connection(("127.0.0.1", instant.announcement["port"]), timeout=2) as connection:
        connection.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        assert b" 400 " in connection.recv(1000)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(_BOMB.encode(), id="billion laughs"),
        pytest.param(_EXTERNAL.encode(), id="external entity"),
        pytest.param(b"\xff\xfe<\x00", id="bad UTF-8"),
        pytest.param(b"<a>" * 100_000, id="deep"),
    ],
)
def test_a_broken_core_message_gets_a_fault(instant: RunningGateway, content: bytes) -> None:
    answer = instant.client.post(CORE_PATH, content=content, headers={"content-type": "application/soap+xml"})
    version = "1.1" if b"schemas.xmlsoap.org" in answer.content else "1.2"
    assert answer.status_code in (400, 500)
    assert fault_of(answer.content, version)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_claim_inquiries_are_always_answered_in_x12(
    instant: RunningGateway, data: st.DataObject
) -> None:
    edi = claim_276()
    start = data.draw(st.integers(0, len(edi) - 1))
    length = data.draw(st.integers(0, 60))
    patch = data.draw(st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), max_size=10))
    answer = instant.ask_claim("ISA" + (edi[:start] + patch + edi[start + length :])[3:])
    assert answer.status_code == 200


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    fields=st.dictionaries(
        st.sampled_from(sorted(REQUEST_FIELDS)),
        st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=40),
    )
)
def test_any_typed_inquiry_is_answered_or_refused_with_a_fault(
    instant: RunningGateway, fields: dict[str, str]
) -> None:
    content, headers = object_call(object_fields(**fields))
    answer = instant.client.post(EDI_PATH, content=content.encode(), headers=headers, auth=BASIC)
    if answer.status_code != 200:
        assert fault_of(answer.content), "the only 500 is the SOAP fault that SOAP 1.1 wants"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_inquiries_are_always_answered_in_x12(instant: RunningGateway, data: st.DataObject) -> None:
    edi = inquiry_270()
    start = data.draw(st.integers(0, len(edi) - 1))
    length = data.draw(st.integers(0, 40))
    patch = data.draw(st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), max_size=10))
    answer = instant.inquire("ISA" + (edi[:start] + patch + edi[start + length :])[3:])
    assert answer.status_code == 200


def test_a_body_that_never_comes_is_given_up_on() -> None:
    async def receive() -> Message:
        await asyncio.sleep(10)
        raise AssertionError("nobody waits that long")

    request = Request({"type": "http", "headers": [(b"content-length", b"5")]}, receive)
    with pytest.raises(BodyError, match="did not arrive") as caught:
        asyncio.run(read_body(request, max_bytes=100, timeout_s=0.05))
    assert caught.value.status == 408
