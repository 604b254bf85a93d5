"""Claim status: the 276 goes in by SOAP, a sound 277 comes back, the same for the same claim."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from mock_gateway.answer_rates import ClaimAnswers
from mock_gateway.claims import ClaimState, look_up_claim, payer_down
from tests.mock_gateway.conftest import StartGateway
from tests.mock_gateway.messages import claim_276, edi_of, inquiry_270
from tests.mock_gateway.running import RunningGateway
from tests.mock_gateway.x12_checks import Answer, read_answer, split_segments

_OPERATION = "DoClaimStatusInquiryEDI"
_RATES = ClaimAnswers()


def ask(gateway: RunningGateway, edi: str) -> Answer:
    answer = gateway.ask_claim(edi)
    assert answer.status_code == 200
    return read_answer(edi_of(answer.content, operation=_OPERATION))


def account_with(state: ClaimState) -> str:
    """The first account number of Jane Doe's whose claim is in this state."""
    for number in range(1000):
        if look_up_claim(f"W000000001|DOE|JANE|A{number}", "211", _RATES).state is state:
            return f"A{number}"
    raise AssertionError(f"no claim is {state}")


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (ClaimState.PAID, "F1:65"),
        (ClaimState.PENDING, "P1:20"),
        (ClaimState.DENIED, "F2:88"),
        (ClaimState.NOT_FOUND, "A4:35"),
    ],
)
def test_each_state_is_told_by_its_category_and_code(
    instant: RunningGateway, state: ClaimState, status: str
) -> None:
    answer = ask(instant, claim_276(account=account_with(state), trace="T-9"))
    assert answer.gs[:4] == ["GS", "HN", "GATEWAY", "CLINIC01"]
    assert answer.segments[0] == ["ST", "277", "0043", "005010X212"]
    assert answer.one("BHT")[1:4] == ["0010", "08", "REFT-9"]
    assert answer.one("TRN")[1:] == ["2", "T-9"]
    stc = answer.one("STC")
    assert (stc[1], stc[4]) == (status, "211")
    assert (len(stc) == 10) == (state is ClaimState.PAID), "only a payment has a day and a check"
    assert bool([ref for ref in answer.all("REF") if ref[1] == "1K"]) == (state is not ClaimState.NOT_FOUND)


def test_a_dependents_claim_is_answered_in_the_dependents_loop(instant: RunningGateway) -> None:
    answer = ask(instant, claim_276(dependent="MARY", trace="T-5"))
    assert answer.one("NM1", "QC")[4] == "MARY"
    assert answer.one("TRN")[2] == "T-5"


def test_the_same_claim_always_has_the_same_status(instant: RunningGateway) -> None:
    first, second = (ask(instant, claim_276(trace=trace, account="SAME")) for trace in ("A", "B"))
    assert first.one("STC") == second.one("STC")


def test_states_come_at_the_declared_rates() -> None:
    claims = [look_up_claim(f"W1|DOE|JANE|{number}", "100", _RATES) for number in range(20_000)]
    shares = Counter(claim.state for claim in claims)
    # Four standard errors of a share among 20 000.
    assert shares[ClaimState.PAID] / 20_000 == pytest.approx(0.62, abs=0.014)
    assert shares[ClaimState.PENDING] / 20_000 == pytest.approx(0.20, abs=0.012)
    assert shares[ClaimState.DENIED] / 20_000 == pytest.approx(0.12, abs=0.010)
    assert shares[ClaimState.NOT_FOUND] / 20_000 == pytest.approx(0.06, abs=0.007)
    assert all(0 < float(claim.paid) <= 100 for claim in claims if claim.state is ClaimState.PAID)


@pytest.mark.parametrize("charge", ["", "-5", "NaN", "1e400", "lots", "Infinity"])
def test_a_charge_that_is_no_amount_counts_as_nothing(charge: str) -> None:
    assert payer_down(charge, date(2026, 11, 21)).charge == "0"


def test_a_payer_that_is_down_is_told_in_the_status(start_gateway: StartGateway) -> None:
    gateway = start_gateway()
    gateway.add_fault(kind="payer_outage", payer="PAYER02")
    assert ask(gateway, claim_276()).one("STC")[1] == "E1:484"
    assert ask(gateway, claim_276(payer="PAYER03")).one("STC")[1] != "E1:484"


@pytest.mark.parametrize(
    ("old", "new", "segment"),
    [
        pytest.param("NM1*41*", "NM1*40*", ["IK3", "NM1", "6", "2100", "8"], id="receiver qualifier"),
        pytest.param("TRN*1*CLAIM-1~", "TRN*1~", ["IK3", "TRN", "15", "2200", "3"], id="no trace"),
        pytest.param("HL*3*2*19*1", "HL*3*2*22*1", ["IK3", "HL", "7", "2000", "7"], id="level left out"),
    ],
)
def test_a_broken_276_gets_a_999(instant: RunningGateway, old: str, new: str, segment: list[str]) -> None:
    answer = ask(instant, claim_276().replace(old, new))
    assert answer.segments[0][1] == "999"
    assert answer.one("AK2")[1:3] == ["276", "0043"]
    assert answer.one("IK3") == segment


def test_a_270_is_no_claim_status_inquiry(instant: RunningGateway) -> None:
    answer = ask(instant, inquiry_270())
    assert answer.one("AK9") == ["AK9", "R", "1", "1", "0", "1"]


def test_a_truncated_276_gets_a_ta1(instant: RunningGateway) -> None:
    text = edi_of(instant.ask_claim(claim_276()[:200]).content, operation=_OPERATION)
    assert [segment[0] for segment in split_segments(text)] == ["ISA", "TA1", "IEA"]
