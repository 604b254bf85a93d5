"""The services as a third party's SOAP client sees them: zeep builds itself from the WSDL and calls."""

from __future__ import annotations

from typing import Any
from uuid import uuid1

import httpx
import pytest
import requests
import zeep
from zeep.transports import Transport
from zeep.wsse.username import UsernameToken

from tests.mock_gateway.conftest import StartGateway
from tests.mock_gateway.messages import (
    BASIC,
    EDI_PATH,
    claim_276,
    fault_of,
    inquiry_270,
    object_call,
    object_fields,
)
from tests.mock_gateway.running import RunningGateway
from tests.mock_gateway.x12_checks import read_answer

CORE_PATH = "/core/soap"


def healthcare_client(gateway: RunningGateway, version: str = "") -> Any:
    """zeep's service for the healthcare WSDL, over SOAP 1.1 or 1.2 ("12")."""
    session = requests.Session()
    session.auth = BASIC
    client = zeep.Client(f"{gateway.url}{EDI_PATH}?WSDL", transport=Transport(session=session))
    return client.bind("HealthcareService", f"HealthcareServiceSoap{version}")


@pytest.fixture
def core(instant: RunningGateway) -> Any:
    token = UsernameToken(*BASIC)
    return zeep.Client(f"{instant.url}{CORE_PATH}?WSDL", wsse=token).service


def core_fields(payload: str, **changes: str) -> dict[str, str]:
    return {
        "PayloadType": "X12_270_Request_005010X279A1",
        "ProcessingMode": "RealTime",
        "PayloadID": str(uuid1()),
        "TimeStamp": "2026-11-20T14:30:00Z",
        "SenderID": "CLINIC01",
        "ReceiverID": "GATEWAY",
        "CORERuleVersion": "2.2.0",
        "Payload": payload,
        **changes,
    }


@pytest.mark.parametrize("version", ["", "12"], ids=["SOAP 1.1", "SOAP 1.2"])
def test_zeep_calls_every_healthcare_operation(instant: RunningGateway, version: str) -> None:
    service = healthcare_client(instant, version)
    assert read_answer(service.DoEligibilityInquiryEDI(inquiry_270(trace="Z-1"))).one("TRN", "2")[2] == "Z-1"
    assert read_answer(service.DoClaimStatusInquiryEDI(claim_276(trace="Z-2"))).one("TRN", "2")[2] == "Z-2"
    plain = service.DoEligibilityInquiry(object_fields(TraceNumber="Z-3"))
    assert (plain.TraceNumber, plain.SystemStatus) == ("Z-3", "Active")
    assert plain.Benefits.Benefit[0].BenefitCode == "1"
    assert plain.EffectiveBenefits is None
    enhanced = service.DoEligibilityInquiryEnhanced(object_fields(TraceNumber="Z-4"))
    assert enhanced.TraceNumber == "Z-4"
    assert enhanced.EffectiveBenefits is not None


def test_the_typed_answer_and_the_271_tell_the_same_of_a_member(instant: RunningGateway) -> None:
    member = "W000000004"
    service = healthcare_client(instant)
    benefits = service.DoEligibilityInquiry(object_fields(SubscriberID=member)).Benefits.Benefit
    segments = read_answer(service.DoEligibilityInquiryEDI(inquiry_270(member))).all("EB")
    assert [benefit.BenefitCode for benefit in benefits] == [segment[1] for segment in segments]
    assert [benefit.Amount or "" for benefit in benefits] == [
        segment[7] if len(segment) > 7 else "" for segment in segments
    ]


def test_a_refused_member_has_a_status_and_an_error_code(start_gateway: StartGateway) -> None:
    gateway = start_gateway()
    gateway.add_fault(kind="payer_outage", payer="PAYER02")
    reply = healthcare_client(gateway).DoEligibilityInquiry(object_fields(RecipientID="PAYER02"))
    assert reply.SystemStatus == "Not Available"
    assert [error.ErrorCode for error in reply.Errors.Error] == ["42"]


def test_missing_and_wrong_fields_are_all_named_and_no_value_repeated(instant: RunningGateway) -> None:
    fields = object_fields(SubscriberDateOfBirth="1980-01-01", PatientRelationship="self")
    del fields["RecipientID"], fields["ProviderID1"]
    content, headers = object_call(fields)
    answer = instant.client.post(EDI_PATH, content=content, headers=headers, auth=BASIC)
    said = fault_of(answer.content)
    assert answer.status_code == 500
    for name in (
        "RecipientID is required",
        "ProviderID1 is required",
        "PatientRelationship must have 2 to 2",
    ):
        assert name in said
    assert "SubscriberDateOfBirth must be a date" in said
    assert "1980-01-01" not in said


@pytest.mark.parametrize(
    "name",
    [
        *("RecipientID", "RecipientIDQualifier", "RecipientName"),
        *("PatientRelationship", "ProviderID1", "ProviderIDQualifier1"),
    ],
)
def test_each_published_required_field_is_required(instant: RunningGateway, name: str) -> None:
    fields = object_fields()
    del fields[name]
    content, headers = object_call(fields)
    answer = instant.client.post(EDI_PATH, content=content, headers=headers, auth=BASIC)
    assert f"{name} is required" in fault_of(answer.content)


def test_fields_of_a_typed_call_may_lie_right_below_the_operation(instant: RunningGateway) -> None:
    content, headers = object_call(object_fields(TraceNumber="FLAT"), wrapped=False)
    answer = instant.client.post(EDI_PATH, content=content, headers=headers, auth=BASIC)
    assert "<TraceNumber>FLAT</TraceNumber>" in answer.text


def test_response_names_are_settings(start_gateway: StartGateway, tmp_path: Any) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(
        'claim_status_operation = "AskClaim"\nsoap_namespace = "urn:mine"\n'
        '[soap_response_names]\nSystemStatus = "EligibilityStatus"\n'
    )
    service = healthcare_client(start_gateway("", "--settings", str(path)))
    assert service.DoEligibilityInquiry(object_fields()).EligibilityStatus == "Active"
    assert read_answer(service.AskClaim(claim_276())).segments[0][1] == "277"


def test_core_answers_an_inquiry_in_its_own_envelope(core: Any) -> None:
    reply = core.RealTimeTransaction(**core_fields(inquiry_270(trace="C-1")))
    assert (reply.ErrorCode, reply.ErrorMessage) == ("Success", "None")
    assert reply.PayloadType == "X12_271_Response_005010X279A1"
    assert (reply.SenderID, reply.ReceiverID) == ("GATEWAY", "CLINIC01")
    assert (reply.ProcessingMode, reply.CORERuleVersion) == ("RealTime", "2.2.0")
    assert read_answer(reply.Payload).one("TRN", "2")[2] == "C-1"


def test_core_answers_a_claim_status_inquiry(core: Any) -> None:
    fields = core_fields(claim_276(trace="C-2"), PayloadType="X12_276_Request_005010X212")
    reply = core.RealTimeTransaction(**fields)
    assert reply.PayloadType == "X12_277_Response_005010X212"
    assert read_answer(reply.Payload).one("TRN", "2")[2] == "C-2"


def test_core_names_the_payload_of_a_999_and_of_a_ta1(core: Any) -> None:
    wrong_count = core.RealTimeTransaction(**core_fields(inquiry_270().replace("SE*13", "SE*99")))
    assert wrong_count.PayloadType == "X12_999_Response_005010X231A1"
    assert read_answer(wrong_count.Payload).one("IK5")[1:] == ["R", "4"]
    truncated = core.RealTimeTransaction(**core_fields(inquiry_270()[:60]))
    assert truncated.PayloadType == "X12_TA1_Response_00501X231A1"
    assert "TA1*" in truncated.Payload
    assert truncated.ErrorCode == "Success", "the envelope was sound, its payload was not"


def test_core_refuses_an_inquiry_under_the_payload_type_of_the_other(core: Any) -> None:
    reply = core.RealTimeTransaction(**core_fields(inquiry_270(), PayloadType="X12_276_Request_005010X212"))
    assert reply.PayloadType == "X12_999_Response_005010X231A1"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"PayloadType": "X12_837_Request_005010X222A1"}, "PayloadTypeIllegal"),
        ({"PayloadType": ""}, "PayloadTypeRequired"),
        ({"ProcessingMode": "Batch"}, "NotSupported"),
        ({"ProcessingMode": "Soon"}, "ProcessingModeIllegal"),
        ({"PayloadID": "12"}, "PayloadIDIllegal"),
        ({"TimeStamp": "yesterday"}, "TimeStampIllegal"),
        ({"TimeStamp": "2026-13-40T00:00:00Z"}, "TimeStampIllegal"),
        ({"SenderID": "S" * 51}, "SenderIDIllegal"),
        ({"ReceiverID": ""}, "ReceiverIDRequired"),
        ({"CORERuleVersion": "4.0.0"}, "VersionMismatch"),
        ({"Payload": ""}, "PayloadRequired"),
    ],
)
def test_a_broken_core_envelope_gets_its_error_code(core: Any, changes: dict[str, str], code: str) -> None:
    reply = core.RealTimeTransaction(**core_fields(inquiry_270(), **changes))
    assert (reply.PayloadType, reply.ErrorCode) == ("CoreEnvelopeError", code)
    assert reply.Payload is None


@pytest.mark.parametrize("use_digest", [False, True], ids=["text", "digest"])
def test_core_knows_both_kinds_of_password(instant: RunningGateway, use_digest: bool) -> None:
    for password, code in ((BASIC[1], "Success"), ("wrong", "UnAuthorized")):
        token = UsernameToken(BASIC[0], password, use_digest=use_digest)
        client = zeep.Client(f"{instant.url}{CORE_PATH}?WSDL", wsse=token)
        assert client.service.RealTimeTransaction(**core_fields(inquiry_270())).ErrorCode == code


def test_core_without_a_token_is_unauthorized(instant: RunningGateway) -> None:
    client = zeep.Client(f"{instant.url}{CORE_PATH}?WSDL")
    reply = client.service.RealTimeTransaction(**core_fields(inquiry_270()))
    assert (reply.PayloadType, reply.ErrorCode) == ("CoreEnvelopeError", "UnAuthorized")


@pytest.mark.parametrize(
    ("content", "content_type", "version", "said"),
    [
        pytest.param(b"junk", "application/soap+xml", "1.2", "not well-formed", id="no XML"),
        pytest.param(
            b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><x/></s:Body></s:Envelope>',
            "application/soap+xml",
            "1.2",
            "holds no COREEnvelopeRealTimeRequest",
            id="another message",
        ),
        pytest.param(
            b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><x/></s:Body></s:Envelope>',
            "text/xml",
            "1.1",
            "SOAP 1.2",
            id="SOAP 1.1",
        ),
    ],
)
def test_core_answers_what_is_no_envelope_with_a_fault(
    instant: RunningGateway, content: bytes, content_type: str, version: str, said: str
) -> None:
    answer = instant.client.post(CORE_PATH, content=content, headers={"content-type": content_type})
    assert said in fault_of(answer.content, version)


def test_the_wsdl_needs_no_credentials_and_names_the_address_it_was_asked_at(instant: RunningGateway) -> None:
    answer = httpx.get(f"{instant.url}{EDI_PATH}?wsdl")
    assert answer.status_code == 200
    assert f'location="{instant.url}{EDI_PATH}"' in answer.text
    assert httpx.get(f"{instant.url}{EDI_PATH}").status_code == 405
