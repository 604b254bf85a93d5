"""Eligibility inquiries: the 270 goes in by SOAP, a sound 271 comes back."""

from __future__ import annotations

from collections import Counter

import pytest

from mock_gateway.answer_rates import Answers
from mock_gateway.payers import Coverage, look_up_benefits
from tests.mock_gateway.messages import (
    BASIC,
    EDI_PATH,
    edi_of,
    fault_of,
    inquiry_270,
    soap_call,
)
from tests.mock_gateway.running import RunningGateway
from tests.mock_gateway.x12_checks import Answer, read_answer, split_segments

_RATES = Answers()


def member_with(coverage: Coverage, code: str = "") -> str:
    """The first member id that gets this answer at the default rates."""
    for number in range(100_000):
        member = f"W{number:09d}"
        benefits = look_up_benefits(member, "30", _RATES)
        if benefits.coverage is coverage and code in ("", benefits.reject_code):
            return member
    raise AssertionError(f"no member is {coverage} {code}")


def ask(gateway: RunningGateway, edi: str) -> Answer:
    answer = gateway.inquire(edi)
    assert answer.status_code == 200
    return read_answer(edi_of(answer.content))


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_an_active_member_is_answered_in_the_version_asked(instant: RunningGateway, version: str) -> None:
    member = member_with(Coverage.ACTIVE)
    reply = instant.inquire(inquiry_270(member, trace="T-77"), version)
    assert reply.headers["content-type"].split(";")[0] == (
        "text/xml" if version == "1.1" else "application/soap+xml"
    )
    answer = read_answer(edi_of(reply.content, version))
    assert (answer.isa[6].strip(), answer.isa[8].strip()) == ("GATEWAY", "CLINIC01")
    assert answer.gs[:4] == ["GS", "HB", "GATEWAY", "CLINIC01"]
    assert answer.segments[0] == ["ST", "271", "0042", "005010X279A1"]
    assert answer.one("BHT")[1:4] == ["0022", "11", "REFT-77"]
    assert answer.one("TRN", "2")[2:] == ["T-77", "9LOADTEST1"]
    assert answer.one("NM1", "IL")[3:] == ["DOE", "JANE", "", "", "", "MI", member]
    assert answer.one("NM1", "PR")[9] == "PAYER02"
    benefits = answer.all("EB")
    assert benefits[0][:4] == ["EB", "1", "", "30"]
    assert 4 <= len(benefits) <= 200


def test_an_inactive_member_is_said_to_be_inactive(instant: RunningGateway) -> None:
    answer = ask(instant, inquiry_270(member_with(Coverage.INACTIVE)))
    assert [segment[1] for segment in answer.all("EB")] == ["6"]


@pytest.mark.parametrize("code", ["71", "72", "73", "75"])
def test_an_unknown_member_is_rejected_in_the_subscriber_loop(instant: RunningGateway, code: str) -> None:
    answer = ask(instant, inquiry_270(member_with(Coverage.REJECTED, code)))
    assert answer.one("AAA") == ["AAA", "N", "", code, "C"]
    assert answer.one("TRN", "2")
    assert answer.all("EB") == []


@pytest.mark.parametrize("code", ["42", "80"])
def test_a_payer_that_cannot_answer_says_so_in_the_payer_loop(instant: RunningGateway, code: str) -> None:
    answer = ask(instant, inquiry_270(member_with(Coverage.REJECTED, code), trace="T-9"))
    assert [segment[0] for segment in answer.segments] == ["ST", "BHT", "HL", "NM1", "AAA", "SE"]
    assert answer.one("AAA") == ["AAA", "Y", "", code, "R"]
    assert answer.one("BHT")[3] == "REFT-9"


def test_a_dependent_is_answered_in_the_dependent_loop(instant: RunningGateway) -> None:
    answer = ask(instant, inquiry_270("W000000002", trace="T-5", dependent="MARY"))
    assert answer.one("NM1", "03")[4] == "MARY"
    assert answer.one("TRN", "2")[2] == "T-5"
    assert [segment[3] for segment in answer.all("HL")] == ["20", "21", "22", "23"]


@pytest.mark.parametrize("separators", ["*^:~", "|^>~", "+!:'", "*^:\n"])
def test_separators_are_taken_from_the_isa(instant: RunningGateway, separators: str) -> None:
    answer = ask(instant, inquiry_270(separators=separators))
    assert answer.one("TRN", "2")[2] == "TRACE-1"


def test_line_ends_between_segments_do_no_harm(instant: RunningGateway) -> None:
    assert ask(instant, inquiry_270(line_end="\r\n")).one("TRN", "2")


def test_the_same_member_always_gets_the_same_benefits(instant: RunningGateway) -> None:
    member = member_with(Coverage.ACTIVE)
    first = ask(instant, inquiry_270(member, trace="A", payer="PAYER03"))
    second = ask(instant, inquiry_270(member, trace="B", payer="PAYER07"))
    assert first.all("EB") == second.all("EB")


def test_answers_come_at_the_declared_rates_and_in_many_sizes() -> None:
    benefits = [look_up_benefits(f"M{number}", "30", _RATES) for number in range(20_000)]
    shares = Counter(answer.coverage for answer in benefits)
    # Four standard errors of a share among 20 000.
    assert shares[Coverage.ACTIVE] / 20_000 == pytest.approx(0.84, abs=0.011)
    assert shares[Coverage.INACTIVE] / 20_000 == pytest.approx(0.06, abs=0.007)
    rejected = Counter(answer.reject_code for answer in benefits if answer.reject_code)
    assert rejected.most_common(1)[0][0] == "75"
    assert (rejected["42"] + rejected["80"]) / rejected.total() == pytest.approx(0.08, abs=0.025)
    sizes = [len(answer.segments) for answer in benefits if answer.coverage is Coverage.ACTIVE]
    assert (min(sizes), max(sizes)) == (4, 200)
    assert 13 < sum(sizes) / len(sizes) < 22


def test_a_third_party_reader_accepts_the_271(instant: RunningGateway) -> None:
    reader = pytest.importorskip("x12sdk.io")
    members = [member_with(Coverage.ACTIVE), member_with(Coverage.INACTIVE)]
    inquiries = [inquiry_270(member) for member in members] + [inquiry_270("W000000002", dependent="MARY")]
    for edi in inquiries:
        with reader.X12ModelReader(edi) as sent:
            assert len(list(sent.models())) == 1
        with reader.X12ModelReader(edi_of(instant.inquire(edi).content)) as answered:
            assert len(list(answered.models())) == 1


@pytest.mark.parametrize(
    ("change", "note"),
    [
        pytest.param(lambda edi: edi[:50], "023", id="truncated ISA"),
        pytest.param(lambda edi: edi[:300], "023", id="truncated later"),
        pytest.param(lambda edi: edi.replace("IEA*1*000000123", "IEA*1*000000124"), "001", id="IEA02"),
        pytest.param(lambda edi: edi.replace("IEA*1*", "IEA*2*"), "021", id="IEA01"),
        pytest.param(lambda edi: edi.replace("*00501*", "*00401*"), "017", id="version"),
        pytest.param(lambda edi: edi.replace("*261121*", "*261399*"), "014", id="date"),
        pytest.param(lambda edi: "XYZ" + edi[3:], "022", id="no ISA"),
        pytest.param(lambda edi: edi.replace("*", "A"), "022", id="separator A"),
        pytest.param(lambda edi: edi.replace("GS*HS*CLINIC01*", "GS*HS**"), "024", id="GS incomplete"),
    ],
)
def test_a_broken_envelope_gets_a_ta1(instant: RunningGateway, change: object, note: str) -> None:
    assert callable(change)
    answer = instant.inquire(change(inquiry_270()))
    segments = split_segments(edi_of(answer.content))
    assert [segment[0] for segment in segments] == ["ISA", "TA1", "IEA"]
    assert segments[1][4:] == ["R", note]


@pytest.mark.parametrize(
    ("old", "new", "tail"),
    [
        pytest.param("SE*13", "SE*14", [["IK5", "R", "4"], ["AK9", "R", "1", "1", "0"]], id="SE01"),
        pytest.param("*0042~GE", "*0043~GE", [["IK5", "R", "3"], ["AK9", "R", "1", "1", "0"]], id="SE02"),
        pytest.param("GE*1*77", "GE*1*78", [["AK9", "R", "1", "1", "0", "4"]], id="GE02"),
        pytest.param("GS*HS", "GS*HR", [["AK9", "R", "1", "1", "0", "1"]], id="claim status group"),
        pytest.param(
            "DMG*D8*19800101",
            "DMG*D8*19800199",
            [["IK3", "DMG", "10", "2100", "8"], ["IK5", "R", "5"], ["AK9", "R", "1", "1", "0"]],
            id="birth date",
        ),
        pytest.param(
            "EQ*30",
            "XX*30",
            [["IK3", "XX", "12", "2000", "2"], ["IK5", "R", "5"], ["AK9", "R", "1", "1", "0"]],
            id="foreign segment",
        ),
        pytest.param(
            "HL*3*2*22*0",
            "HL*3*2*23*0",
            [["IK3", "HL", "7", "2000", "7"], ["IK5", "R", "5"], ["AK9", "R", "1", "1", "0"]],
            id="dependent without subscriber",
        ),
    ],
)
def test_a_broken_270_gets_a_999(instant: RunningGateway, old: str, new: str, tail: list[list[str]]) -> None:
    edi = inquiry_270().replace(old, new)
    assert edi != inquiry_270()
    answer = ask(instant, edi)
    assert answer.segments[0][:2] == ["ST", "999"]
    assert answer.one("AK1")[1:] == [edi.split("GS*")[1][:2], "77", "005010X279A1"]
    assert answer.segments[-1 - len(tail) : -1] == tail


@pytest.mark.parametrize("auth", [None, ("mock-user", "wrong"), ("wrong", "mock-password")])
def test_wrong_passwords_are_unauthorized(instant: RunningGateway, auth: tuple[str, str] | None) -> None:
    content, headers = soap_call(inquiry_270())
    answer = instant.client.post(EDI_PATH, content=content, headers=headers, auth=auth)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic ")


@pytest.mark.parametrize(("version", "status"), [("1.1", 500), ("1.2", 400)])
def test_an_unknown_operation_gets_a_fault(instant: RunningGateway, version: str, status: int) -> None:
    content, headers = soap_call(inquiry_270(), version, operation="DoMagic")
    answer = instant.client.post(EDI_PATH, content=content, headers=headers, auth=BASIC)
    assert answer.status_code == status
    assert "no such operation" in fault_of(answer.content, version)
