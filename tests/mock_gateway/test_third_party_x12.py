"""What other people's X12 software says of our answers: x12sdk of 271 and 277, pyx12 of 999 and TA1."""

from __future__ import annotations

import functools
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mock_gateway.answer_rates import AAA_CODES, Answers
from mock_gateway.claims import ClaimState
from mock_gateway.inquiry import read_inquiry
from mock_gateway.payers import Coverage, look_up_benefits
from mock_gateway.x12_reading import read_header, read_interchange
from mock_gateway.x12_writing import write_271
from tests.mock_gateway.messages import claim_276, edi_of, inquiry_270
from tests.mock_gateway.running import RunningGateway
from tests.mock_gateway.test_claim_status import account_with
from tests.mock_gateway.x12_checks import read_answer

_CLAIM = "DoClaimStatusInquiryEDI"


@pytest.fixture(scope="module")
def validate() -> Iterator[Callable[[str], list[str]]]:
    """pyx12's complaints about a text; its map files are read once instead of on every call."""
    x12n_document = pytest.importorskip("pyx12.x12n_document")
    import pyx12.map_if
    import pyx12.map_index
    from pyx12.params import ParamsBase

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pyx12.map_if, "load_map_file", functools.cache(pyx12.map_if.load_map_file))
        patch.setattr(pyx12.map_index, "map_index", functools.cache(pyx12.map_index.map_index))

        def complaints(text: str) -> list[str]:
            report = io.StringIO()
            sound = x12n_document.x12n_document(ParamsBase(), io.StringIO(text), None, None, fd_json=report)
            found = _errors_in(json.loads(report.getvalue())) if report.getvalue() else []
            return found or ([] if sound else ["not sound"])

        yield complaints


def _errors_in(report: Any) -> list[str]:
    """The text of every error anywhere in pyx12's report."""
    if isinstance(report, dict):
        here = [report["err_str"]] if "err_str" in report else []
        return here + [text for value in report.values() for text in _errors_in(value)]
    if isinstance(report, list):
        return [text for value in report for text in _errors_in(value)]
    return []


def read_with_x12sdk(text: str) -> int:
    """How many transaction sets x12sdk reads; raises where it finds a fault."""
    reader = pytest.importorskip("x12sdk.io")
    with reader.X12ModelReader(text) as opened:
        return len(list(opened.models()))


def big_member() -> str:
    """A member whose answer has more than 150 benefit segments."""
    for number in range(100_000):
        member = f"W{number:09d}"
        if len(look_up_benefits(member, "30", Answers()).segments) > 150:
            return member
    raise AssertionError("nobody has that many")


def test_the_largest_answers_are_sound(instant: RunningGateway) -> None:
    edi = edi_of(instant.inquire(inquiry_270(big_member())).content)
    assert edi.count("~EB*") > 150
    assert read_with_x12sdk(edi) == 1


@pytest.mark.parametrize("coverage", [Coverage.ACTIVE, Coverage.INACTIVE])
@pytest.mark.parametrize("dependent", ["", "MARY"])
def test_a_271_is_read_by_x12sdk(instant: RunningGateway, coverage: Coverage, dependent: str) -> None:
    key = "|MARY|20151014" if dependent else ""
    member = next(
        f"W{number:09d}"
        for number in range(10_000)
        if look_up_benefits(f"W{number:09d}{key}", "30", Answers()).coverage is coverage
    )
    sent = inquiry_270(member, dependent=dependent)
    assert read_with_x12sdk(sent) == 1, "what the test sends is sound to begin with"
    assert read_with_x12sdk(edi_of(instant.inquire(sent).content)) == 1


# x12sdk cannot read category A4 (not found): a fault of its own, so that state is left to our reader.
@pytest.mark.parametrize("state", [ClaimState.PAID, ClaimState.PENDING, ClaimState.DENIED])
@pytest.mark.parametrize("dependent", ["", "MARY"])
def test_a_277_is_read_by_x12sdk(instant: RunningGateway, state: ClaimState, dependent: str) -> None:
    sent = claim_276(account=account_with(state), dependent=dependent)
    assert read_with_x12sdk(sent) == 1, "what the test sends is sound to begin with"
    assert read_with_x12sdk(edi_of(instant.ask_claim(sent).content, operation=_CLAIM)) == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("SE*13", "SE*14", id="segment count"),
        pytest.param("*0042~GE", "*0043~GE", id="set control number"),
        pytest.param("GE*1*77", "GE*1*78", id="group control number"),
        pytest.param("GE*1*77", "GE*2*77", id="group count"),
        pytest.param("NM1*IL*1*DOE*JANE****MI*W000000001~", "", id="no name"),
        pytest.param("DMG*D8*19800101*F", "DMG*D8*19809999*F", id="bad birth date"),
        pytest.param("EQ*30", "XX*30", id="unknown segment"),
    ],
)
def test_a_999_is_accepted_by_pyx12(
    instant: RunningGateway, validate: Callable[[str], list[str]], old: str, new: str
) -> None:
    edi = edi_of(instant.inquire(inquiry_270().replace(old, new)).content)
    assert "ST*999*" in edi
    assert validate(edi) == []


def test_a_999_to_a_276_is_accepted_by_pyx12(
    instant: RunningGateway, validate: Callable[[str], list[str]]
) -> None:
    edi = edi_of(instant.ask_claim(claim_276().replace("SE*16", "SE*1")).content, operation=_CLAIM)
    assert "AK2*276*" in edi
    assert validate(edi) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("IEA*1*000000123", "IEA*1*000000124", id="control numbers"),
        pytest.param("IEA*1*", "IEA*3*", id="group count"),
        pytest.param("*00501*", "*00401*", id="version"),
        pytest.param("*261121*1200*^", "*261321*1200*^", id="date"),
        pytest.param("GE*1*77~IEA*1*000000123~", "", id="truncated"),
    ],
)
def test_a_ta1_is_accepted_by_pyx12(
    instant: RunningGateway, validate: Callable[[str], list[str]], old: str, new: str
) -> None:
    edi = edi_of(instant.inquire(inquiry_270().replace(old, new)).content)
    assert "TA1*" in edi
    assert validate(edi) == []


def test_pyx12_does_find_faults(validate: Callable[[str], list[str]], instant: RunningGateway) -> None:
    edi = edi_of(instant.inquire(inquiry_270().replace("SE*13", "SE*14")).content)
    assert validate(edi.replace("AK1*HS", "AK1*QQ")) != []


@pytest.mark.parametrize(
    ("declared", "loop"),
    [
        ("75", "2100C"),
        ("2100B:43", "2100B"),
        ("51", "2100B"),
        ("42", "2100A"),
        ("2100C:42", "2100C"),
    ],
)
def test_a_rejection_stands_in_the_loop_that_its_code_belongs_to(declared: str, loop: str) -> None:
    answers = Answers(inactive=0, rejected=1, rejections={declared: 1.0})
    benefits = look_up_benefits("W1", "30", answers)
    interchange = read_interchange(read_header(inquiry_270()), inquiry_270())
    dependents = inquiry_270(dependent="MARY")
    with_dependent = read_interchange(read_header(dependents), dependents)
    for sent in (interchange, with_dependent):
        answer = read_answer(write_271(read_inquiry(sent), benefits))
        loops = {"20": "2100A", "21": "2100B", "22": "2100C", "23": "2100D"}
        last_level = answer.all("HL")[-1]
        if loop == "2100C" and sent is with_dependent and benefits.reject_code not in AAA_CODES["2100D"]:
            assert last_level[3] == "22", "a code about the subscriber ends the answer at the subscriber"
        elif loop in ("2100A", "2100B"):
            assert loops[last_level[3]] == loop
        assert answer.one("AAA")[3] == benefits.reject_code
        assert benefits.reject_loop == loop
