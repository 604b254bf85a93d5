"""X12: the 270 as a third party reads it, and what 271, 999 and TA1 say of an inquiry."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from x12sdk.io import X12ModelReader

from loadtests.people import Population
from loadtests.transaction import Classified, identify
from loadtests.wires.x12 import build_270, classify_interchange, read_interchange
from scenarios.kinds import Kind
from scenarios.observation import Outcome
from tests.loadtests.builders import scenario, transaction
from tests.loadtests.x12_answers import (
    benefits_271,
    enveloped,
    interchange,
    payer_level_271,
    rejection_999,
    rejection_ta1,
)

WHEN = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
INQUIRY = transaction(Kind.ELIGIBILITY_INQUIRY)
TRACE = INQUIRY.identifiers.reference
CONTROL = INQUIRY.identifiers.control_number
ACTIVE = benefits_271(TRACE, "EB*1**30**GOLD")


def outcome(text: str) -> Outcome:
    return classify_interchange(INQUIRY, text).outcome


def test_an_inquiry_is_written_as_the_implementation_guide_has_it() -> None:
    assert build_270(INQUIRY, WHEN).replace("~", "~\n").splitlines() == [
        "ISA*00*          *00*          *ZZ*SLAGATE        *ZZ*INSTAMED       *261120*1430*^*00501*"
        f"{CONTROL:09d}*0*T*:~",
        f"GS*HS*SLAGATE*INSTAMED*20261120*1430*{CONTROL}*X*005010X279A1~",
        "ST*270*0001*005010X279A1~",
        f"BHT*0022*13*{TRACE}*20261120*1430~",
        "HL*1**20*1~",
        "NM1*PR*2*TEST PAYER*****PI*PAYER03~",
        "HL*2*1*21*1~",
        "NM1*1P*2*LOAD CLINIC*****XX*1234567893~",
        "HL*3*2*22*0~",
        f"TRN*1*{TRACE}*9SLAGATE00~",
        "NM1*IL*1*BIRCH*ALEX****MI*W012345678~",
        "DMG*D8*19630519*F~",
        "DTP*291*D8*20261120~",
        "EQ*30~",
        "SE*13*0001~",
        f"GE*1*{CONTROL}~",
        f"IEA*1*{CONTROL:09d}~",
    ]


@pytest.mark.parametrize("root", [0, 1, 999_983, 10**9])
def test_a_third_party_parser_accepts_the_inquiry(tmp_path: Path, root: int) -> None:
    inquiry = transaction(
        Kind.ELIGIBILITY_INQUIRY,
        root=root,
        person=Population(scenario(), 1, expiration_year=2029).person(root),
    )
    path = tmp_path / "inquiry.x12"
    path.write_text(build_270(inquiry, WHEN))
    with X12ModelReader(str(path)) as reader:
        (model,) = list(reader.models())
    assert model.header.st_segment.transaction_set_identifier_code == "270"
    assert model.header.bht_segment.submitter_transactional_identifier == inquiry.identifiers.reference


def test_the_moment_of_an_inquiry_is_in_universal_time() -> None:
    east = WHEN.astimezone(timezone(timedelta(hours=12)))
    assert build_270(INQUIRY, east) == build_270(INQUIRY, WHEN)


def test_the_interchange_header_has_its_fixed_width_and_a_nine_digit_control_number() -> None:
    small = transaction(
        Kind.ELIGIBILITY_INQUIRY, identifiers=identify("000000", 7 * 256, 0)
    )  # numbers start at 1
    isa = build_270(small, WHEN).split("~")[0]
    assert len(isa) == 105
    assert isa.split("*")[13] == "000000008"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(ACTIVE, Outcome.COMPLETED, id="active"),
        pytest.param(benefits_271(TRACE, "EB*6**30"), Outcome.COMPLETED, id="inactive"),
        pytest.param(
            benefits_271(TRACE, "EB*1**30", "EB*C*IND*30***23*2000"), Outcome.COMPLETED, id="with-deductible"
        ),
        pytest.param(benefits_271(TRACE, "AAA*N**75*C"), Outcome.REJECTED, id="AAA-75-not-found"),
        pytest.param(benefits_271(TRACE, "AAA*N**72*C", "AAA*N**73*C"), Outcome.REJECTED, id="two-AAA"),
        pytest.param(benefits_271(TRACE, "AAA*Y**42*R"), Outcome.PAYER_UNAVAILABLE, id="AAA-42-with-trace"),
        pytest.param(payer_level_271(TRACE, "42"), Outcome.PAYER_UNAVAILABLE, id="AAA-42-payer-level"),
        pytest.param(payer_level_271(TRACE, "80"), Outcome.PAYER_UNAVAILABLE, id="AAA-80-payer-level"),
        pytest.param(payer_level_271(TRACE, "T4"), Outcome.REJECTED, id="AAA-T4-payer-level"),
        pytest.param(benefits_271(TRACE), Outcome.ERROR, id="neither-EB-nor-AAA"),
        pytest.param(rejection_999(CONTROL), Outcome.SYNTAX_REJECTED, id="999"),
        pytest.param(rejection_ta1(CONTROL), Outcome.SYNTAX_REJECTED, id="TA1"),
        pytest.param(rejection_999(CONTROL + 1), Outcome.WRONG_REPLY, id="999-for-another-interchange"),
        pytest.param(rejection_ta1(CONTROL + 1), Outcome.WRONG_REPLY, id="TA1-for-another-interchange"),
        pytest.param(
            benefits_271("k3x9ab-6-0-0", "EB*1**30"), Outcome.WRONG_REPLY, id="another-inquirys-trace"
        ),
        pytest.param(
            benefits_271("k3x9ab-6-0-0", "EB*1**30", reference=TRACE),
            Outcome.WRONG_REPLY,
            id="our-reference-but-anothers-trace",
        ),
        pytest.param(
            benefits_271(TRACE, "EB*1**30", origin="9OTHER0000"), Outcome.WRONG_REPLY, id="anothers-TRN03"
        ),
        pytest.param(payer_level_271("k3x9ab-6-0-0", "42"), Outcome.WRONG_REPLY, id="AAA-42-for-another"),
        pytest.param(
            benefits_271(TRACE, "EB*1**30", surname="OAK", member="W999999999"),
            Outcome.WRONG_REPLY,
            id="another-patient",
        ),
        pytest.param(
            benefits_271(TRACE, "EB*1**30", member="W999999999"), Outcome.COMPLETED, id="corrected-member"
        ),
        pytest.param(
            benefits_271(TRACE, "EB*1**30", surname="OAK"), Outcome.COMPLETED, id="corrected-surname"
        ),
        pytest.param(
            benefits_271(TRACE, "EB*1**30", surname="Birch", member="W999999999"),
            Outcome.COMPLETED,
            id="surname-in-small-letters",
        ),
        pytest.param(
            benefits_271(TRACE, "EB*1**30", more_traces=("TRN*1*PAYERS-OWN-77*9PAYER0000",)),
            Outcome.COMPLETED,
            id="payers-own-trace-beside-ours",
        ),
        pytest.param(
            payer_level_271(TRACE, "42")
            .replace("AAA*", "TRN*1*PAYERS-OWN-77*9PAYER0000~AAA*")
            .replace("SE*6", "SE*7"),
            Outcome.PAYER_UNAVAILABLE,
            id="payers-own-trace-alone",
        ),
        pytest.param(
            benefits_271(TRACE, "EB*1**30", more_traces=("TRN*2*CLEARINGHOUSE-9*9CLEARING0",)),
            Outcome.COMPLETED,
            id="a-second-echo-beside-ours",
        ),
    ],
)
def test_an_answer_is_worth(text: str, expected: Outcome) -> None:
    assert outcome(text) is expected


def test_the_words_of_a_rejection_are_its_codes() -> None:
    said = classify_interchange(INQUIRY, benefits_271(TRACE, "AAA*N**73*C", "AAA*N**72*C"))
    assert said.detail == "AAA 72+73"


def changed(before: str, after: str) -> str:
    assert before in ACTIVE
    return ACTIVE.replace(before, after)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("   \n", id="blanks"),
        pytest.param("payer busy", id="prose"),
        pytest.param("ISA", id="three-letters"),
        pytest.param(ACTIVE[:105], id="a-header-without-its-terminator"),
        pytest.param(ACTIVE[:106], id="a-header-only"),
        pytest.param(ACTIVE[:300], id="cut-off"),
        pytest.param(ACTIVE[:-1], id="last-terminator-missing"),
        pytest.param(ACTIVE[: ACTIVE.index("IEA")], id="no-IEA"),
        pytest.param(changed("IEA*1*000000041", "IEA*1*000000042"), id="IEA-of-another-interchange"),
        pytest.param(changed("SE*11*0001", "SE*12*0001"), id="wrong-count"),
        pytest.param(changed("SE*11*0001", "SE*12*0002"), id="wrong-set-number"),
        pytest.param(changed("SE*11*0001~", ""), id="no-SE"),
        pytest.param(changed("SE*11*0001", "SE"), id="bare-SE"),
        pytest.param(changed("ST*271*0001*005010X279A1", "ST"), id="bare-ST"),
        pytest.param(
            changed("BHT*0022*11*", "XXX*0022*11*").replace("TRN*2*", "TRN*1*"), id="no-BHT-and-no-echo"
        ),
        pytest.param(changed("ST*271", "ST*277"), id="another-set"),
        pytest.param(enveloped("GS*HB*P*S", "GE*0*1"), id="no-set-at-all"),
        pytest.param(rejection_ta1(CONTROL).replace(f"{CONTROL:09d}", "CONTROL"), id="TA1-without-a-number"),
        pytest.param(rejection_999(CONTROL).replace("AK1*", "AK7*"), id="999-without-AK1"),
        pytest.param(
            rejection_999(CONTROL).replace(f"AK1*HS*{CONTROL}*", f"AK1*HS*{'9' * 5000}*"), id="999-huge"
        ),
    ],
)
def test_what_is_no_sound_answer_is_an_error(text: str) -> None:
    assert classify_interchange(INQUIRY, text) == Classified(outcome=Outcome.ERROR)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(ACTIVE.replace("~", "~\n"), id="line-breaks-after-segments"),
        pytest.param(f"\n  {ACTIVE}\n", id="blanks-around"),
        pytest.param(ACTIVE.replace("*", "|").replace("~", "'"), id="other-separators"),
        pytest.param(ACTIVE.replace("~", "\n"), id="line-breaks-as-terminators"),
    ],
)
def test_separators_are_those_that_the_header_declares(text: str) -> None:
    assert outcome(text) is Outcome.COMPLETED


def test_segments_are_found_by_name() -> None:
    answer = read_interchange(ACTIVE)
    assert answer.of("EB") == [["EB", "1", "", "30", "", "GOLD"]]
    assert [segment[1] for segment in answer.of("NM1")] == ["PR", "1P", "IL"]
    assert answer.of("AAA") == []


@given(st.text(max_size=400))
def test_no_text_is_a_crash(text: str) -> None:
    assert outcome(text) is Outcome.ERROR


segment_text = st.text(st.sampled_from("ABTRNEM12*0:^ "), max_size=12)


@given(
    st.lists(
        segment_text | st.sampled_from(["AAA", "TRN*2", "NM1*IL", "EB", "BHT", "AK1", "TA1"]), max_size=6
    )
)
def test_no_segments_in_sound_envelopes_are_a_crash(segments: list[str]) -> None:
    for kind in ("271", "999", "277"):
        assert outcome(interchange(*segments, kind=kind)) in Outcome
    assert outcome(enveloped(*segments)) in Outcome


@given(st.integers(0, ACTIVE.index("BHT*") - 1))
def test_a_byte_lost_from_the_envelope_never_makes_an_answer_another_inquirys(place: int) -> None:
    assert outcome(ACTIVE[:place] + ACTIVE[place + 1 :]) in (Outcome.COMPLETED, Outcome.ERROR)
