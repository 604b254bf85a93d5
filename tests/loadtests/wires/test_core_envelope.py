"""The CORE envelope: what goes out, three layers of errors told apart, and deviations that real servers show."""

from __future__ import annotations

from itertools import product
from uuid import RFC_4122
from xml.sax.saxutils import escape

import pytest
from defusedxml.ElementTree import fromstring

from loadtests.transaction import Classified, Transaction, identify
from loadtests.wires import core_envelope
from loadtests.wires.core_envelope import payload_id
from loadtests.wires.x12 import read_interchange
from scenarios.kinds import Kind, Wire
from scenarios.observation import Outcome
from scenarios.target import CoreParties
from tests.loadtests.builders import CREDENTIALS, reply, transaction
from tests.loadtests.wires.answers import (
    CORE,
    answer_271,
    answer_277,
    asked,
    core_reply,
    soap,
    target_with,
)
from tests.loadtests.x12_answers import rejection_999, rejection_ta1

INQUIRY = asked(Kind.ELIGIBILITY_INQUIRY, Wire.CORE_SOAP)
CLAIM = asked(Kind.CLAIM_STATUS, Wire.CORE_SOAP)
ACTIVE = answer_271(INQUIRY)


def classified(body: bytes, asked_for: Transaction = INQUIRY, status: int = 200) -> Classified:
    return core_envelope.classify_reply(asked_for, reply(body, status))


@pytest.mark.parametrize(
    ("asked_for", "payload_type", "functional"),
    [
        (INQUIRY, "X12_270_Request_005010X279A1", "HS"),
        (CLAIM, "X12_276_Request_005010X212", "HR"),
    ],
)
def test_an_envelope_has_every_field_of_the_rule(
    asked_for: Transaction, payload_type: str, functional: str
) -> None:
    target = target_with(
        Kind(asked_for.kind), Wire.CORE_SOAP, core=CoreParties(sender_id="A&B", receiver_id="R")
    )
    call = core_envelope.build_call(asked_for, target, CREDENTIALS)
    assert call.headers == {
        "Content-Type": 'application/soap+xml; charset=UTF-8; action="RealTimeTransaction"'
    }
    root = fromstring(call.body)
    assert root.tag == "{http://www.w3.org/2003/05/soap-envelope}Envelope"
    (envelope,) = root.iter(f"{{{CORE}}}COREEnvelopeRealTimeRequest")
    fields = {each.tag: each.text or "" for each in envelope}
    assert list(fields) == [
        "PayloadType",
        "ProcessingMode",
        "PayloadID",
        "TimeStamp",
        "SenderID",
        "ReceiverID",
        "CORERuleVersion",
        "Payload",
    ]
    assert (fields["PayloadType"], fields["ProcessingMode"]) == (payload_type, "RealTime")
    assert (fields["SenderID"], fields["ReceiverID"], fields["CORERuleVersion"]) == ("A&B", "R", "2.2.0")
    assert read_interchange(fields["Payload"]).of("GS")[0][1] == functional


def test_payload_ids_are_time_based_unique_and_computed() -> None:
    made = [
        payload_id(
            transaction(
                Kind.ELIGIBILITY_INQUIRY, root=root, attempt=attempt, identifiers=identify(nonce, 0, 0)
            )
        )
        for nonce, root, attempt in product(["000000", "k3x9ab", "zzzzzz"], [*range(50), 2**32], range(3))
    ]
    assert len(set(made)) == len(made)
    assert all((each.version, each.variant) == (1, RFC_4122) for each in made)
    assert all(each.node >> 40 & 1 for each in made), "no network card's address"
    assert payload_id(INQUIRY) == payload_id(INQUIRY)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(core_reply(ACTIVE), Outcome.COMPLETED, id="as-the-rule-has-it"),
        pytest.param(core_reply(ACTIVE, ErrorCode="success"), Outcome.COMPLETED, id="small-letters"),
        pytest.param(
            core_reply(ACTIVE).replace(b"<ErrorCode>Success</ErrorCode>", b""),
            Outcome.COMPLETED,
            id="no-error-code",
        ),
        pytest.param(
            soap(f"<Wrapper><Inner><Payload>{escape(ACTIVE)}</Payload></Inner></Wrapper>"),
            Outcome.COMPLETED,
            id="extra-wrapper",
        ),
        pytest.param(
            soap(f"<Payload>{escape(f'<![CDATA[{ACTIVE}]]>')}</Payload>"),
            Outcome.COMPLETED,
            id="CDATA-escaped-as-text",
        ),
        pytest.param(
            core_reply(answer_271(INQUIRY, "AAA*N**75*C")), Outcome.REJECTED, id="AAA-in-the-third-layer"
        ),
        pytest.param(
            core_reply(rejection_999(INQUIRY.identifiers.control_number)), Outcome.SYNTAX_REJECTED, id="999"
        ),
        pytest.param(
            core_reply(rejection_ta1(INQUIRY.identifiers.control_number)), Outcome.SYNTAX_REJECTED, id="TA1"
        ),
    ],
)
def test_an_answer_is_read_leniently(body: bytes, expected: Outcome) -> None:
    assert classified(body).outcome is expected


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        pytest.param(core_reply(ACTIVE), 503, "HTTP 503", id="HTTP"),
        pytest.param(soap("<s:Fault></s:Fault>"), 500, "HTTP 500, SOAP fault", id="fault"),
        pytest.param(
            soap("<PayloadType>CoreEnvelopeError</PayloadType><ErrorCode>UnAuthorized</ErrorCode>"),
            200,
            "envelope error 'UnAuthorized'",
            id="envelope",
        ),
        pytest.param(
            core_reply(ACTIVE, ErrorCode="VersionMismatch"),
            200,
            "envelope error 'VersionMismatch'",
            id="envelope-error-beside-a-payload",
        ),
        pytest.param(soap("<x/>"), 200, "envelope without Payload", id="empty"),
        pytest.param(core_reply("nonsense"), 200, "unreadable X12: no ISA segment", id="no-X12"),
        pytest.param(
            core_reply(answer_277(INQUIRY)), 200, "unexpected X12 transaction set '277'", id="another-set"
        ),
    ],
)
def test_errors_of_each_layer_are_told_apart(body: bytes, status: int, detail: str) -> None:
    said = classified(body, status=status)
    assert (said.outcome, said.detail) == (Outcome.ERROR, detail)


def test_a_claims_answer_is_read_as_one() -> None:
    assert classified(core_reply(answer_277(CLAIM)), CLAIM).outcome is Outcome.COMPLETED
    assert classified(core_reply(answer_271(CLAIM)), CLAIM).outcome is Outcome.ERROR
