"""Dependents in X12: a 270 with loop 2000D as a third party reads it, and a 271 matched to the patient asked about."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace
from x12sdk.io import X12ModelReader

from loadtests.dependents import Dependent
from loadtests.wires.x12 import build_270, classify_interchange
from scenarios.kinds import Kind, Wire
from scenarios.observation import Outcome
from tests.loadtests.wires.answers import answer_271, asked

WHEN = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
PATIENT = Dependent(first_name="MARY", birth_date="20151014", gender="F", relationship="19")
SUBSCRIBER = asked(Kind.ELIGIBILITY_INQUIRY, Wire.SOAP_EDI)
INQUIRY = replace(SUBSCRIBER, person=replace(SUBSCRIBER.person, dependent=PATIENT))
ANSWER = answer_271(INQUIRY)


def outcome(text: str) -> Outcome:
    return classify_interchange(INQUIRY, text).outcome


def test_the_dependent_carries_trace_birth_date_and_question() -> None:
    person = INQUIRY.person
    segments = build_270(INQUIRY, WHEN).split("~")
    assert segments[segments.index("HL*3*2*22*1") :][:9] == [
        "HL*3*2*22*1",
        f"NM1*IL*1*{person.last_name}*{person.first_name}****MI*{person.member_id}",
        "HL*4*3*23*0",
        "TRN*1*k3x9ab-5-0-0*9SLAGATE00",
        f"NM1*03*1*{person.last_name}*MARY",
        "DMG*D8*20151014*F",
        "INS*N*19",
        "DTP*291*D8*20261120",
        "EQ*30",
    ]
    assert "SE*16*0001" in segments


@pytest.mark.parametrize("root", range(6))
def test_a_third_party_parser_accepts_the_inquiry(tmp_path: Path, root: int) -> None:
    inquiry = asked(Kind.ELIGIBILITY_INQUIRY, Wire.SOAP_EDI, root, dependents=1.0)
    path = tmp_path / "inquiry.x12"
    path.write_text(build_270(inquiry, WHEN))
    with X12ModelReader(str(path)) as reader:
        (model,) = list(reader.models())
    assert model.header.st_segment.transaction_set_identifier_code == "270"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(ANSWER, Outcome.COMPLETED, id="active"),
        pytest.param(answer_271(INQUIRY, "AAA*N**67*C"), Outcome.REJECTED, id="patient-not-found"),
        pytest.param(ANSWER.replace("*MARY", "*Mary"), Outcome.COMPLETED, id="small-letters"),
        pytest.param(ANSWER.replace("*MARY", "*MARY ANN"), Outcome.COMPLETED, id="corrected-name"),
        pytest.param(ANSWER.replace("20151014", "20151015"), Outcome.COMPLETED, id="corrected-birth-date"),
        pytest.param(
            ANSWER.replace("DMG*D8*20151014*F~", "").replace("SE*15", "SE*14").replace("*MARY", "*PAUL"),
            Outcome.COMPLETED,
            id="another-name-and-no-birth-date",
        ),
        pytest.param(
            ANSWER.replace("*MARY", "*PAUL").replace("20151014", "20180303"),
            Outcome.WRONG_REPLY,
            id="another-dependent-of-the-same-subscriber",
        ),
        pytest.param(ANSWER.replace("TRN*2*k3x9ab-5", "TRN*2*k3x9ab-6"), Outcome.WRONG_REPLY, id="trace"),
        pytest.param(
            answer_271(SUBSCRIBER), Outcome.COMPLETED, id="the-payer-answers-in-the-subscribers-loop"
        ),
    ],
)
def test_an_answer_is_matched_to_the_dependent(text: str, expected: Outcome) -> None:
    assert outcome(text) is expected


def test_an_answer_about_a_dependent_that_nobody_asked_about_is_a_wrong_reply() -> None:
    assert classify_interchange(SUBSCRIBER, ANSWER).outcome is Outcome.WRONG_REPLY
