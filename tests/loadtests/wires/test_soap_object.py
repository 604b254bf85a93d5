"""Typed eligibility: the published fields, and the published statuses wherever they stand."""

from __future__ import annotations

import pytest
from defusedxml.ElementTree import fromstring

from loadtests.transaction import Classified, Transaction
from loadtests.wires import soap_object
from scenarios.kinds import Kind, Wire
from scenarios.observation import Outcome
from tests.loadtests.builders import CREDENTIALS, reply
from tests.loadtests.wires.answers import asked, object_reply, soap, target_with

INQUIRY = asked(Kind.ELIGIBILITY_INQUIRY, Wire.SOAP_OBJECT)
ENHANCED = asked(Kind.ELIGIBILITY_ENHANCED, Wire.SOAP_OBJECT)
OF_DEPENDENT = asked(Kind.ELIGIBILITY_INQUIRY, Wire.SOAP_OBJECT, dependents=1.0)


def fields(transaction: Transaction, **target: str) -> dict[str, str]:
    kind = Kind(transaction.kind)
    call = soap_object.build_call(transaction, target_with(kind, Wire.SOAP_OBJECT, **target), CREDENTIALS)
    (request,) = fromstring(call.body).iter("{http://www.instamed.com/}request")
    return {each.tag.rpartition("}")[2]: each.text or "" for each in request}


def classified(body: bytes) -> Classified:
    return soap_object.classify_reply(INQUIRY, reply(body))


def test_every_required_field_is_sent_within_its_length() -> None:
    sent = fields(INQUIRY)
    required = {"RecipientID": 7, "RecipientIDQualifier": 2, "RecipientName": 35, "PatientRelationship": 2}
    for name, most in (required | {"ProviderID1": 80, "ProviderIDQualifier1": 3, "TraceNumber": 30}).items():
        assert 1 <= len(sent[name]) <= most, name
    assert sent["PatientRelationship"] == "18"
    assert sent["TraceNumber"] == "k3x9ab-5-0-0"
    born = INQUIRY.person.birth_date
    assert sent["SubscriberDateOfBirth"] == f"{born[4:6]}/{born[6:]}/{born[:4]}"
    assert not any(name.startswith("PatientF") for name in sent)


def test_a_dependent_is_named_beside_the_subscriber() -> None:
    sent, person = fields(OF_DEPENDENT), OF_DEPENDENT.person
    assert person.dependent
    assert sent["PatientRelationship"] == person.dependent.relationship in ("19", "01")
    assert (sent["PatientFirstName"], sent["PatientLastName"]) == (
        person.dependent.first_name,
        person.last_name,
    )
    assert sent["SubscriberID"] == person.member_id


@pytest.mark.parametrize(
    ("transaction", "operation"),
    [(INQUIRY, "DoEligibilityInquiry"), (ENHANCED, "DoEligibilityInquiryEnhanced")],
)
def test_each_kind_has_its_operation(transaction: Transaction, operation: str) -> None:
    kind = Kind(transaction.kind)
    call = soap_object.build_call(transaction, target_with(kind, Wire.SOAP_OBJECT), CREDENTIALS)
    assert call.headers["SOAPAction"] == f'"http://www.instamed.com/{operation}"'
    assert fromstring(call.body).find(f".//{{http://www.instamed.com/}}{operation}") is not None


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("Active", Outcome.COMPLETED),
        ("Inactive", Outcome.COMPLETED),
        ("Active with Restrictions", Outcome.COMPLETED),
        ("Needs Review", Outcome.COMPLETED),
        ("Not Found", Outcome.REJECTED),
        ("Not Available", Outcome.PAYER_UNAVAILABLE),
        ("System Error", Outcome.ERROR),
        (" not\n  found ", Outcome.REJECTED),
        ("Something Else", Outcome.ERROR),
        ("", Outcome.ERROR),
    ],
)
def test_each_published_status_has_its_outcome(status: str, expected: Outcome) -> None:
    assert classified(object_reply(INQUIRY, SystemStatus=status)).outcome is expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"TraceNumber": "", "SubscriberID": ""}, Outcome.COMPLETED, id="nothing-repeated"),
        pytest.param({"SubscriberID": "W999999999"}, Outcome.COMPLETED, id="corrected-member"),
        pytest.param({"TraceNumber": ""}, Outcome.COMPLETED, id="our-member-without-trace"),
        pytest.param(
            {"SubscriberID": "W999999999", "SubscriberLastName": INQUIRY.person.last_name.lower()},
            Outcome.COMPLETED,
            id="corrected-member-of-our-name",
        ),
        pytest.param({"TraceNumber": "k3x9ab-6-0-0"}, Outcome.WRONG_REPLY, id="another-trace"),
        pytest.param(
            {"TraceNumber": "", "SubscriberID": "W999999999"}, Outcome.WRONG_REPLY, id="another-member"
        ),
        pytest.param(
            {"SubscriberID": "W999999999", "SubscriberLastName": "STRANGER"},
            Outcome.WRONG_REPLY,
            id="another-person",
        ),
    ],
)
def test_an_answer_is_matched_by_what_it_repeats(changes: dict[str, str], expected: Outcome) -> None:
    assert classified(object_reply(INQUIRY, **changes)).outcome is expected


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "reply is not XML: ParseError"),
        (soap("<s:Fault><faultstring>busy</faultstring></s:Fault>"), "SOAP fault"),
        (soap("<x>1</x>"), "reply has no known status"),
        (b'<!DOCTYPE x [<!ENTITY a "ha">]><x>&a;</x>', "reply is not XML: EntitiesForbidden"),
    ],
)
def test_what_is_no_answer_is_an_error_with_its_layer(body: bytes, detail: str) -> None:
    said = classified(body)
    assert (said.outcome, said.detail) == (Outcome.ERROR, detail)


def test_a_fault_with_an_error_status_is_told_as_one() -> None:
    said = soap_object.classify_reply(INQUIRY, reply(soap("<s:Fault/><s:Fault></s:Fault>"), 500))
    assert said.detail == "HTTP 500, SOAP fault"
