"""What is recognised at a glance is what a full reading would have come to, on sound replies and on broken ones."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from loadtests.transaction import Classified, Reply
from loadtests.wires import rest, soap_edi
from loadtests.wires.rest import _any_answer, _plain_answer
from loadtests.wires.soap_edi import _Wrapping
from loadtests.wires.x12 import classify_interchange, classify_segments
from loadtests.wires.x12_search import is_plain_271
from scenarios.kinds import Kind
from scenarios.observation import Outcome
from tests.loadtests.builders import CHARGE, PERSON, transaction
from tests.loadtests.x12_answers import benefits_271, interchange, payer_level_271

SALE, INQUIRY = transaction(), transaction(Kind.ELIGIBILITY_INQUIRY)
TRACE = INQUIRY.identifiers.reference
REFERENCE = SALE.identifiers.reference
ACTIVE = benefits_271(TRACE, "EB*1**30**GOLD", "EB*C*IND*30***23*2500")


def at_a_glance(text: str) -> bool:
    return text.isprintable() and is_plain_271(
        text, trace=TRACE, origin="9SLAGATE00", member_id=PERSON.member_id, patient=PERSON.first_name
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(ACTIVE, id="usual"),
        pytest.param(ACTIVE.replace("*", "|").replace("~", "'"), id="other-separators"),
        pytest.param(
            benefits_271(TRACE, f"NM1*03*1*BIRCH*{PERSON.first_name}", "EB*1**30"), id="with-a-dependent"
        ),
    ],
)
def test_the_usual_answer_is_recognised(text: str) -> None:
    assert at_a_glance(text)
    assert classify_segments(INQUIRY, text).outcome is Outcome.COMPLETED


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(benefits_271(TRACE, "EB*1**30", "AAA*N**75*C"), id="rejected"),
        pytest.param(benefits_271(TRACE, "EB*1**30", " AAA*N**75*C"), id="rejected-behind-a-blank"),
        pytest.param(benefits_271(TRACE), id="no-benefit"),
        pytest.param(benefits_271("another", "EB*1**30"), id="another-trace"),
        pytest.param(benefits_271(f"{TRACE}1", "EB*1**30"), id="a-longer-trace"),
        pytest.param(benefits_271(TRACE, "EB*1**30", origin="9OTHER0000"), id="another-origin"),
        pytest.param(benefits_271(TRACE, "EB*1**30", member="W999999999"), id="another-member"),
        pytest.param(benefits_271(TRACE, "NM1*03*1*BIRCH*PAUL", "EB*1**30"), id="another-dependent"),
        pytest.param(benefits_271(TRACE, "NM1*IL*1*OAK*X****MI*W1", "EB*1**30"), id="a-second-subscriber"),
        pytest.param(benefits_271(TRACE, "NM1", "EB*1**30"), id="a-name-without-elements"),
        pytest.param(benefits_271(TRACE, "SE", "EB*1**30"), id="a-bare-SE-in-between"),
        pytest.param(payer_level_271(TRACE, "42"), id="payer-level"),
        pytest.param(ACTIVE.replace("SE*12*", "SE*13*"), id="wrong-count"),
        pytest.param(ACTIVE.replace("IEA*1*000000041", "IEA*1*000000042"), id="another-IEA"),
        pytest.param(interchange("BHT*0022*11*x*1*1", kind="277"), id="another-set"),
        pytest.param("", id="nothing"),
    ],
)
def test_what_needs_a_full_reading_gets_one(text: str) -> None:
    assert not at_a_glance(text)
    assert classify_interchange(INQUIRY, text) == classify_segments(INQUIRY, text)


edit = st.tuples(
    st.integers(0, len(ACTIVE)), st.integers(0, 6), st.text(st.sampled_from("~* :AENSM1I0L3"), max_size=5)
)
segment = st.sampled_from(
    [
        *(
            "AAA*N**75*C",
            " AAA*N**75",
            "SE",
            "SE*3*0001",
            "NM1",
            "NM1*IL",
            "NM1*IL*1*OAK*X****MI*W1",
            "",
            " ",
        ),
        *("NM1*03*1*OAK*PAUL", "ST*271*0002", "TRN*2*other*9OTHER0000", f"TRN*2*{TRACE}", "DMG*D8*19630519"),
        *("IEA*1*000000041", "EB"),
    ]
)


@given(st.lists(edit, min_size=1, max_size=3))
@example([(0, 0, "")])
def test_a_glance_never_sees_more_than_a_reading_whatever_was_changed(
    edits: list[tuple[int, int, str]],
) -> None:
    text = ACTIVE
    for place, cut, put in edits:
        text = text[:place] + put + text[place + cut :]
    if at_a_glance(text):
        assert classify_segments(INQUIRY, text).outcome is Outcome.COMPLETED


@given(st.lists(st.tuples(segment, st.integers(0, 30)), min_size=1, max_size=3), st.booleans())
@example([("", 3)], True)
def test_nor_whatever_segment_was_put_in(added: list[tuple[str, int]], recount: bool) -> None:
    segments = ACTIVE.split("~")
    for put, place in added:
        segments.insert(min(place, len(segments) - 1), put)
    text = "~".join(segments)
    if recount:
        text = text.replace("SE*12*", f"SE*{12 + len(added)}*")
    if at_a_glance(text):
        assert classify_segments(INQUIRY, text).outcome is Outcome.COMPLETED


PLAIN: dict[str, Any] = {
    "TransactionID": "T-1",
    "TransactionStatus": "C",
    "Amount": "123.45",
    "IsPartiallyApproved": False,
    "PartialApprovalAmount": None,
    "Patient": {"AccountNumber": REFERENCE},
    "AdditionalInfo1": REFERENCE,
    "CardResult": {"LastFour": CHARGE.card.number[-4:]},
}
value = st.sampled_from(
    [
        *(
            None,
            True,
            False,
            0,
            5,
            123.45,
            123.450001,
            "123.45",
            "123.450",
            "12.345",
            "",
            "C",
            "D",
            "X",
            "1111",
        ),
        *(REFERENCE, "other", "2222", [], {}, {"AccountNumber": REFERENCE}, {"AccountNumber": "other"}),
        *({"AccountNumber": None}, {"LastFour": "1111"}, {"LastFour": 1111}, "ü", "\ud800"),
    ]
)
names = st.sampled_from(sorted(PLAIN))


@given(st.dictionaries(names, value, max_size=3), st.sets(names, max_size=2))
def test_a_plain_reply_to_a_sale_is_worth_what_a_full_reading_says(
    changed: dict[str, Any], absent: set[str]
) -> None:
    content = {name: each for name, each in {**PLAIN, **changed}.items() if name not in absent}
    body = json.dumps(content).encode()
    plain = _plain_answer(SALE, body)
    assert plain is None or plain == _any_answer(SALE, body)
    assert rest.classify_reply(SALE, Reply(status=200, body=body)) == _any_answer(SALE, body)


@given(st.integers(0, 300), st.integers(0, 3), st.binary(max_size=3))
def test_nor_does_a_broken_reply_differ(place: int, cut: int, put: bytes) -> None:
    body = json.dumps(PLAIN).encode()
    body = body[:place] + put + body[place + cut :]
    plain = _plain_answer(SALE, body)
    assert plain is None or plain == _any_answer(SALE, body)


def test_the_usual_reply_to_a_sale_is_recognised() -> None:
    assert _plain_answer(SALE, json.dumps(PLAIN).encode()) == Classified(Outcome.COMPLETED, 12_345, "T-1")
    declined = json.dumps({**PLAIN, "TransactionStatus": "D"}).encode()
    assert _plain_answer(SALE, declined) == Classified(Outcome.DECLINED, transaction_id="T-1")


BEFORE = (
    b'<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    b"<DoEligibilityInquiryEDIResponse><DoEligibilityInquiryEDIResult>"
)
AFTER = b"</DoEligibilityInquiryEDIResult></DoEligibilityInquiryEDIResponse></s:Body></s:Envelope>"


def test_a_wrapping_that_was_parsed_once_is_known_the_next_time() -> None:
    wrapping = _Wrapping()
    assert wrapping.text_in(BEFORE + b"ISA*1" + AFTER) is None
    wrapping.learn(BEFORE + b"ISA*1" + AFTER, "ISA*1")
    assert wrapping.text_in(BEFORE + b"ISA*2~IEA" + AFTER) == "ISA*2~IEA"
    assert wrapping.text_in(BEFORE + b"ISA*2~IEA" + AFTER + b" ") is None


@pytest.mark.parametrize(
    "between",
    [b"A&amp;B", b"A<b/>", b"]]>", b"A\nB", b"A\x01B", "Ü".encode(), b"A\rB", b"\xff"],
)
def test_text_that_xml_would_change_or_refuse_is_left_to_the_parser(between: bytes) -> None:
    wrapping = _Wrapping()
    wrapping.learn(BEFORE + b"ISA*1" + AFTER, "ISA*1")
    assert wrapping.text_in(BEFORE + between + AFTER) is None


@pytest.mark.parametrize(
    ("body", "text"),
    [
        pytest.param(BEFORE.replace(b"utf-8", b"cp037") + b"ISA*1" + AFTER, "ISA*1", id="another-encoding"),
        pytest.param(BEFORE + b"ISA*1<!-- ISA*1 -->" + AFTER, "ISA*1", id="twice"),
        pytest.param(BEFORE + b"&#73;SA*1" + AFTER, "ISA*1", id="entity"),
        pytest.param(BEFORE + b"<![CDATA[ISA*1]]>" + AFTER, "ISA*1", id="cdata"),
        pytest.param(BEFORE + b"I" + AFTER, "I", id="a-letter"),
    ],
)
def test_a_wrapping_that_could_mislead_is_not_learnt(body: bytes, text: str) -> None:
    wrapping = _Wrapping()
    wrapping.learn(body, text)
    assert wrapping.text_in(BEFORE + b"ISA*2" + AFTER) is None


@given(st.text(st.characters(codec="utf-8"), max_size=12))
def test_a_known_wrapping_never_changes_what_a_reply_is_worth(noise: str) -> None:
    answer = BEFORE + ACTIVE.encode() + AFTER
    assert soap_edi.classify_reply(INQUIRY, Reply(status=200, body=answer)).outcome is Outcome.COMPLETED
    noisy = BEFORE + ACTIVE.replace("GOLD", noise).encode() + AFTER
    known = soap_edi.classify_reply(INQUIRY, Reply(status=200, body=noisy))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(soap_edi, "_wrapping", _Wrapping())
        assert soap_edi.classify_reply(INQUIRY, Reply(status=200, body=noisy)) == known
    assume(noise)
