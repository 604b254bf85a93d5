"""Eligibility as typed fields in SOAP: `DoEligibilityInquiry` and `DoEligibilityInquiryEnhanced`.

The request's fields are published; of the response only the statuses are, so it is read by names without namespace
and by that vocabulary, wherever in the answer it stands.
"""

from __future__ import annotations

from loadtests.people import Person
from loadtests.transaction import Call, Classified, Reply, Transaction
from loadtests.wires.credentials import Credentials
from loadtests.wires.soap_envelope import NoSoapAnswerError, SoapAnswer, element, operation_call, read_answer
from scenarios.kinds import Kind
from scenarios.observation import Outcome
from scenarios.target import Target

_SELF = "18"
_OUTCOMES = {
    "active": Outcome.COMPLETED,
    "inactive": Outcome.COMPLETED,
    "active with restrictions": Outcome.COMPLETED,
    "needs review": Outcome.COMPLETED,
    "not found": Outcome.REJECTED,
    "not available": Outcome.PAYER_UNAVAILABLE,
    "system error": Outcome.ERROR,
}


def build_call(transaction: Transaction, target: Target, credentials: Credentials) -> Call:
    """The inquiry's fields in a SOAP envelope of the target's version."""
    if target.endpoints.soap_object is None:
        raise ValueError("the target declares no soap_object endpoint")
    enhanced = transaction.kind == Kind.ELIGIBILITY_ENHANCED
    operation = "DoEligibilityInquiryEnhanced" if enhanced else "DoEligibilityInquiry"
    fields = _fields(transaction.person, transaction.identifiers.reference)
    inner = "".join(element(name, value) for name, value in fields.items())
    return operation_call(
        target.endpoints.soap_object, target, credentials, operation, f"<request>{inner}</request>"
    )


def _fields(person: Person, trace: str) -> dict[str, str]:
    """Every required field, and those that tell whose coverage is asked. Qualifiers are X12's [I]."""
    patient = person.dependent
    fields = {
        "RecipientID": person.payer_id,
        "RecipientIDQualifier": "PI",
        "RecipientName": "TEST PAYER",
        "PatientRelationship": patient.relationship if patient else _SELF,
        "ProviderID1": person.provider_npi,
        "ProviderIDQualifier1": "XX",
        "SubscriberID": person.member_id,
        "SubscriberIDQualifier": "MI",
        "SubscriberLastName": person.last_name,
        "SubscriberFirstName": person.first_name[:25],
        "SubscriberDateOfBirth": _american(person.birth_date),
        "ServiceTypeCode": "30",
        "TraceNumber": trace,
    }
    if patient:
        fields |= {
            "PatientLastName": person.last_name,
            "PatientFirstName": patient.first_name,
            "PatientDateOfBirth": _american(patient.birth_date),
            "PatientGender": patient.gender,
        }
    return fields


def _american(day: str) -> str:
    """MM/DD/YYYY of CCYYMMDD."""
    return f"{day[4:6]}/{day[6:]}/{day[:4]}"


def classify_reply(transaction: Transaction, reply: Reply) -> Classified:
    """What the payer said of the patient, after checking that it speaks of this inquiry."""
    try:
        answer = read_answer(reply)
    except NoSoapAnswerError as error:
        return Classified(outcome=Outcome.ERROR, detail=str(error))
    status = next((known for name, text in answer if (known := _status(name, text))), "")
    if not status:
        return Classified(outcome=Outcome.ERROR, detail="reply has no known status")
    stranger = _stranger(transaction, answer)
    if stranger:
        return Classified(outcome=Outcome.WRONG_REPLY, detail=stranger)
    return Classified(outcome=_OUTCOMES[status], detail=status)


def _status(name: str, text: str) -> str:
    """The published status that an element tells; empty where it tells none."""
    said = " ".join(text.lower().split())
    return said if name.endswith("Status") and said in _OUTCOMES else ""


def _stranger(transaction: Transaction, answer: SoapAnswer) -> str:
    """How an answer shows that it is another inquiry's; empty when it is ours.

    That the trace number is repeated is inferred, so without one the subscriber decides. With ours, a member number
    may come back corrected: then the surname decides, where it is repeated.
    """
    person = transaction.person
    trace, member, surname = (
        (answer.text(name) or "").strip() for name in ("TraceNumber", "SubscriberID", "SubscriberLastName")
    )
    if trace and trace != transaction.identifiers.reference:
        return "another inquiry's trace number"
    if not member or member == person.member_id:
        return ""
    is_corrected = surname.upper() == person.last_name.upper() if surname else bool(trace)
    return "" if is_corrected else "another subscriber"
