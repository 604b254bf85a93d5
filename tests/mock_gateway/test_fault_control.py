"""Faults put in force, listed and ended while the gateway runs; each kind demonstrably happens."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from xml.etree import ElementTree

import httpx
import pytest

from mock_gateway.fault_plan import FaultPlan
from mock_gateway.faults import Fault, FaultKind
from tests.mock_gateway.conftest import StartGateway
from tests.mock_gateway.messages import (
    BASIC,
    EDI_PATH,
    claim_276,
    edi_of,
    inquiry_270,
    object_call,
    object_fields,
    sale_body,
    soap_call,
)
from tests.mock_gateway.running import RunningGateway
from tests.mock_gateway.x12_checks import read_answer


@pytest.fixture(scope="module")
def shared() -> Iterator[RunningGateway]:
    """One gateway for this module; it has had a request, so that its timeline runs."""
    started = RunningGateway("--profile", "instant")
    assert started.sale(sale_body()).status_code == 200
    yield started
    assert started.close() == ""


@pytest.fixture
def gateway(shared: RunningGateway) -> Iterator[RunningGateway]:
    """The shared gateway without faults; every test ends the faults that it began."""
    yield shared
    shared.client.delete("/_control/faults")


def causes_of(gateway: RunningGateway, latest: int) -> list[str]:
    """Causes of the latest requests."""
    return [row["cause"] for row in gateway.truth()[-latest:]]


def fired(gateway: RunningGateway) -> int:
    """How often the faults in force befell a request."""
    return sum(int(str(fault["fired"])) for fault in faults_of(gateway))


def faults_of(gateway: RunningGateway) -> list[dict[str, object]]:
    listed: list[dict[str, object]] = gateway.client.get("/_control/faults").json()
    return listed


def seconds_of(gateway: RunningGateway) -> float:
    started = time.monotonic()
    gateway.inquire(inquiry_270())
    return time.monotonic() - started


def test_a_fault_is_added_listed_and_taken_away(gateway: RunningGateway) -> None:
    number = gateway.add_fault(kind="error_status", status=502, route="sale")
    assert gateway.sale(sale_body()).status_code == 502
    assert faults_of(gateway) == [
        {"number": number, "kind": "error_status", "status": 502, "route": "sale", "fired": 1, "active": True}
    ]
    assert gateway.client.delete(f"/_control/faults/{number}").json() == {"removed": 1}
    assert gateway.sale(sale_body()).status_code == 200
    assert faults_of(gateway) == []
    assert gateway.client.delete(f"/_control/faults/{number}").status_code == 404


def test_all_faults_end_at_once(gateway: RunningGateway) -> None:
    for _ in range(3):
        gateway.add_fault(kind="reset", at="1h")
    assert gateway.client.delete("/_control/faults").json() == {"removed": 3}


def test_times_of_a_later_fault_count_from_when_it_was_added() -> None:
    plan = FaultPlan((), seed=1)
    plan.add(Fault.model_validate({"kind": "reset", "at": "2s", "for": "1s"}), elapsed_s=100.0)
    kinds = [plan.choose("sale", moment_s).kind for moment_s in (2.5, 101.0, 102.5, 103.5)]
    assert kinds == [None, None, FaultKind.RESET, None]


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b'{"kind": "rest"}', "kind: must be"),
        (b'{"kind": "reset", "fro": "1s"}', "fro: unknown key; did you mean for?"),
        (b'{"kind": "latency"}', "latency needs add"),
        (b'{"kind": "stall"}', "stall needs add"),
        (b'{"kind": "payer_outage", "route": "sale"}', "payer_outage happens to"),
        (b'{"kind": "maintenance", "share": 0.5}', "maintenance takes only"),
        (b'{"kind": "stall", "for": "1s", "count": 1}', "leave share and count out"),
        (b"[]", "must be a JSON object"),
        (b"{", "not JSON"),
        (b"[" * 50_000, "not JSON"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(instant: RunningGateway, sent: bytes, said: str) -> None:
    answer = instant.client.post("/_control/faults", content=sent)
    assert answer.status_code == 400
    assert said in answer.json()["problems"]
    assert faults_of(instant) == []


def test_latency_is_added_to_the_route_it_names(gateway: RunningGateway) -> None:
    gateway.add_fault(kind="latency", add="300ms", route="healthcare")
    assert seconds_of(gateway) >= 0.3
    started = time.monotonic()
    gateway.sale(sale_body())
    assert time.monotonic() - started < 0.3
    assert causes_of(gateway, 2) == ["latency", "ok"]


@pytest.mark.parametrize("route", ["healthcare", "any"])
def test_a_stall_holds_what_it_concerns_until_it_ends(gateway: RunningGateway, route: str) -> None:
    gateway.add_fault(kind="stall", route=route, **{"for": "600ms"})
    started = time.monotonic()
    answers: list[int] = []
    callers = [
        threading.Thread(target=lambda: answers.append(gateway.inquire(inquiry_270()).status_code))
        for _ in range(5)
    ]
    for caller in callers:
        caller.start()
    assert gateway.sale(sale_body()).status_code == 200
    assert (time.monotonic() - started >= 0.5) == (route == "any"), "only a gateway-wide stall holds sales"
    for caller in callers:
        caller.join()
    assert time.monotonic() - started >= 0.5
    assert answers == [200] * 5
    assert fired(gateway) == (6 if route == "any" else 5)
    assert seconds_of(gateway) < 0.5, "the stall is over"


def test_a_stall_that_is_taken_away_lets_everybody_go(gateway: RunningGateway) -> None:
    number = gateway.add_fault(kind="stall", payer="PAYER02", **{"for": "1h"})
    took: list[float] = []
    caller = threading.Thread(target=lambda: took.append(seconds_of(gateway)))
    caller.start()
    with httpx.Client(base_url=gateway.url) as control:
        deadline = time.monotonic() + 5
        while not control.get("/_control/faults").json()[0]["fired"]:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert gateway.sale(sale_body()).status_code == 200, "a payer's stall does not hold sales"
        control.delete(f"/_control/faults/{number}")
    caller.join(timeout=3)
    assert len(took) == 1
    assert gateway.truth()[-1]["cause"] == "stall"


def test_a_maintenance_window_refuses_everything_and_says_when_to_come_again(
    gateway: RunningGateway,
) -> None:
    payments = len(gateway.ledger())
    gateway.add_fault(kind="maintenance", **{"for": "90s"})
    for answer in (gateway.sale(sale_body()), gateway.inquire(inquiry_270())):
        assert answer.status_code == 503
        assert 80 <= int(answer.headers["retry-after"]) <= 90
    assert len(gateway.ledger()) == payments, "no money is taken"
    assert gateway.client.get("/healthz").status_code == 200
    assert causes_of(gateway, 2) == ["maintenance", "maintenance"]


def test_a_maintenance_window_of_a_profile_ends_although_everything_was_refused(
    start_gateway: StartGateway,
) -> None:
    gateway = start_gateway('[[faults]]\nkind = "maintenance"\nfor = "300ms"\n')
    assert gateway.sale(sale_body()).status_code == 503
    time.sleep(0.35)
    assert gateway.sale(sale_body()).status_code == 200


def test_a_payer_outage_is_told_as_aaa_42_by_that_payer_alone(gateway: RunningGateway) -> None:
    gateway.add_fault(kind="payer_outage", payer="PAYER01")
    down = read_answer(edi_of(gateway.inquire(inquiry_270(payer="PAYER01")).content))
    assert down.one("AAA") == ["AAA", "Y", "", "42", "R"]
    up = read_answer(edi_of(gateway.inquire(inquiry_270(payer="PAYER02")).content))
    assert up.all("AAA") == []
    assert [(row["payer"], row["cause"]) for row in gateway.truth()[-2:]] == [
        ("PAYER01", "payer_outage"),
        ("PAYER02", "ok"),
    ]


def test_a_slow_drip_sends_the_head_at_once_and_the_body_bit_by_bit(gateway: RunningGateway) -> None:
    whole = gateway.inquire(inquiry_270()).content
    gateway.add_fault(kind="slow_drip", add="600ms")
    started = time.monotonic()
    content, headers = soap_call(inquiry_270())
    with gateway.client.stream("POST", EDI_PATH, content=content, headers=headers, auth=BASIC) as answer:
        head_s = time.monotonic() - started
        pieces = list(answer.iter_raw())
    whole_s = time.monotonic() - started
    assert whole_s >= 0.58
    assert head_s < whole_s / 2
    assert len(pieces) > 5
    assert b"".join(pieces) == whole


def test_a_truncated_body_is_shorter_than_announced(gateway: RunningGateway) -> None:
    gateway.add_fault(kind="truncated_body", count=2)
    for _ in range(2):
        with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
            gateway.inquire(inquiry_270())
    assert gateway.inquire(inquiry_270()).status_code == 200


def test_a_malformed_envelope_is_no_xml_and_no_json(gateway: RunningGateway) -> None:
    gateway.add_fault(kind="malformed_envelope")
    with pytest.raises(ElementTree.ParseError):
        ElementTree.fromstring(gateway.inquire(inquiry_270()).content)
    with pytest.raises(json.JSONDecodeError):
        gateway.sale(sale_body()).json()


def test_a_malformed_reply_is_sound_xml_around_broken_x12(gateway: RunningGateway) -> None:
    gateway.add_fault(kind="malformed_reply")
    edi = edi_of(gateway.ask_claim(claim_276()).content, operation="DoClaimStatusInquiryEDI")
    assert edi.startswith("ISA")
    assert "IEA" not in edi


def test_a_crash_ordered_at_run_time_ends_the_process(start_gateway: StartGateway) -> None:
    gateway = start_gateway()
    gateway.sale(sale_body())
    gateway.add_fault(kind="crash", at="100ms")
    assert gateway.process.wait(timeout=5) == 1


def test_a_crash_ordered_before_any_traffic_waits_for_it(start_gateway: StartGateway) -> None:
    gateway = start_gateway()
    gateway.add_fault(kind="crash", at="100ms")
    time.sleep(0.15)
    assert gateway.client.get("/healthz").status_code == 200
    gateway.sale(sale_body())
    assert gateway.process.wait(timeout=5) == 1


def test_another_patients_answer_comes_on_every_healthcare_wire(gateway: RunningGateway) -> None:
    gateway.add_fault(kind="another_patients_answer")
    claim = edi_of(gateway.ask_claim(claim_276(trace="MINE")).content, operation="DoClaimStatusInquiryEDI")
    assert read_answer(claim).one("TRN")[2] != "MINE"
    content, headers = object_call(object_fields(TraceNumber="MINE"))
    typed = gateway.client.post(EDI_PATH, content=content, headers=headers, auth=BASIC).text
    assert "<TraceNumber>MINE</TraceNumber>" not in typed
    assert "<SystemStatus>Active</SystemStatus>" in typed
