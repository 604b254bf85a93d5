"""Each fault and each planted defect demonstrably happens, and is counted."""

from __future__ import annotations

import json
import time

import httpx
import pytest

from mock_gateway.fault_plan import FaultPlan
from mock_gateway.faults import Fault, FaultKind
from tests.mock_gateway.conftest import StartGateway
from tests.mock_gateway.messages import edi_of, inquiry_270, sale_body
from tests.mock_gateway.x12_checks import read_answer


def test_an_error_status_comes_at_once_and_takes_no_money(start_gateway: StartGateway) -> None:
    gateway = start_gateway('[[faults]]\nkind = "error_status"\nstatus = 503\ncount = 2\n')
    answers = [gateway.sale(sale_body()), gateway.inquire(inquiry_270()), gateway.sale(sale_body())]
    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert len(gateway.ledger()) == 1
    assert gateway.stats()["faults_fired"] == {"error_status": 2}


def test_a_reset_cuts_the_connection(start_gateway: StartGateway) -> None:
    gateway = start_gateway('[[faults]]\nkind = "reset"\ncount = 1\nroute = "sale"\n')
    assert gateway.inquire(inquiry_270()).status_code == 200
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        gateway.sale(sale_body())
    assert gateway.sale(sale_body()).status_code == 200
    assert gateway.stats()["requests"]["sale"] == {"reset": 1, "200": 1}


def test_a_black_hole_never_answers_until_the_caller_leaves(start_gateway: StartGateway) -> None:
    gateway = start_gateway('[[faults]]\nkind = "black_hole"\nroute = "sale"\n')
    with httpx.Client(base_url=gateway.url, timeout=0.3) as impatient, pytest.raises(httpx.ReadTimeout):
        impatient.post(
            "/rest/payment/sale",
            json=sale_body(),
            headers={"api-key": "mock-key", "api-secret": "mock-secret"},
        )
    deadline = time.monotonic() + 2
    while gateway.stats()["in_flight"] and time.monotonic() < deadline:
        time.sleep(0.02)
    stats = gateway.stats()
    assert (stats["in_flight"], stats["requests"]["sale"]) == (0, {"black_hole": 1})
    assert gateway.ledger() == []


def test_a_stall_delays_only_the_payer_it_names(start_gateway: StartGateway) -> None:
    gateway = start_gateway('[[faults]]\nkind = "stall"\nadd = "400ms"\npayer = "PAYER01"\n')
    took = {}
    for payer in ("PAYER01", "PAYER02"):
        started = time.monotonic()
        assert gateway.inquire(inquiry_270(payer=payer)).status_code == 200
        took[payer] = time.monotonic() - started
    assert took["PAYER01"] >= 0.4
    assert took["PAYER02"] < 0.4
    assert gateway.stats()["faults_fired"] == {"stall": 1}


def test_a_crash_ends_the_process_with_code_1(start_gateway: StartGateway) -> None:
    gateway = start_gateway('[[faults]]\nkind = "crash"\nat = "100ms"\n')
    time.sleep(0.2)
    assert gateway.process.poll() is None, "time counts from the first business request"
    assert gateway.sale(sale_body()).status_code == 200
    assert gateway.process.wait(timeout=3) == 1


def test_the_271_of_another_patient_is_well_formed_but_wrong(start_gateway: StartGateway) -> None:
    gateway = start_gateway('[[faults]]\nkind = "another_patients_answer"\n')
    first, second = (
        read_answer(edi_of(gateway.inquire(inquiry_270(member, trace=trace)).content))
        for member, trace in [("W1", "TRACE-A"), ("W2", "TRACE-B")]
    )
    assert first.one("TRN", "2")[2] not in ("TRACE-A", "TRACE-B")
    assert first.all("EB")
    assert (second.one("TRN", "2")[2], second.one("NM1", "IL")[9]) == ("TRACE-A", "W1")
    assert gateway.stats()["faults_fired"] == {"another_patients_answer": 2}


def test_a_sale_can_show_another_transactions_amounts(start_gateway: StartGateway) -> None:
    gateway = start_gateway('[[faults]]\nkind = "another_patients_answer"\nroute = "sale"\n')
    shown = [gateway.sale(sale_body(amount)).json()["Amount"] for amount in ("10.00", "12.00", "12.00")]
    assert shown == ["17.00", "10.00", "19.00"]
    assert [payment["approved_cents"] for payment in gateway.ledger()] == [1000, 1200, 1200]


def test_a_changed_amount_is_approved_told_and_stored(start_gateway: StartGateway) -> None:
    gateway = start_gateway('[[faults]]\nkind = "amount_changed"\n')
    replies = [gateway.sale(sale_body(amount)).json() for amount in ("10.00", "10.10", "10.05")]
    assert [reply["Amount"] for reply in replies] == ["11.00", "11.10", "10.05"]
    assert replies[1]["PartialApprovalAmount"] == 11
    assert [payment["approved_cents"] for payment in gateway.ledger()] == [1100, 1100, 0]
    assert [payment["asked_cents"] for payment in gateway.ledger()] == [1000, 1010, 1005]
    assert gateway.stats()["faults_fired"] == {"amount_changed": 2}, "a decline has no amount to change"


def test_a_malformed_reply_breaks_off(start_gateway: StartGateway) -> None:
    gateway = start_gateway('[[faults]]\nkind = "malformed_reply"\n')
    sale = gateway.sale(sale_body())
    assert sale.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        sale.json()
    edi = edi_of(gateway.inquire(inquiry_270()).content)
    assert edi.startswith("ISA")
    assert "IEA" not in edi
    assert len(gateway.ledger()) == 1, "the money was taken all the same"


def plan_of(*faults: dict[str, object], seed: int = 1) -> FaultPlan:
    return FaultPlan(tuple(Fault.model_validate(fault) for fault in faults), seed)


def test_a_share_is_drawn_the_same_way_for_the_same_seed() -> None:
    fault: dict[str, object] = {"kind": "reset", "share": 0.3}

    def fates(seed: int) -> list[bool]:
        plan = plan_of(fault, seed=seed)
        return [plan.choose("sale", 0.0).kind is FaultKind.RESET for _ in range(2000)]

    assert fates(1) == fates(1)
    assert fates(1) != fates(2)
    assert sum(fates(1)) / 2000 == pytest.approx(0.3, abs=0.041)


def test_a_fault_is_active_only_in_its_window() -> None:
    plan = plan_of({"kind": "reset", "at": "10s", "for": "5s"})
    fates = [plan.choose("sale", elapsed_s).kind for elapsed_s in (9.9, 10.0, 14.9, 15.0)]
    assert fates == [None, FaultKind.RESET, FaultKind.RESET, None]


def test_stalls_add_up_and_the_first_other_fault_wins() -> None:
    plan = plan_of(
        {"kind": "stall", "add": "1s"},
        {"kind": "malformed_reply"},
        {"kind": "stall", "add": "2s"},
        {"kind": "reset"},
    )
    effect = plan.choose("sale", 0.0)
    assert (effect.added_s, effect.kind) == (3.0, FaultKind.MALFORMED_REPLY)
    assert plan.fired == {"stall": 2, "malformed_reply": 1, "reset": 0}
