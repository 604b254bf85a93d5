"""The sender: one attempt, one row, whatever happens in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import gevent
import pytest

from loadtests.clock import RunClock
from loadtests.http_client import ConnectionFailedError, NoAnswerInTimeError, UnreadableReplyError
from loadtests.pacing import Due
from loadtests.recorder import Recorder
from loadtests.sender import Sender, Sent
from loadtests.tally import Tally
from loadtests.transaction import Call, Reply
from scenarios.kinds import Kind, Wire
from scenarios.observation import Outcome, Rows
from scenarios.run_folder import RunFolder
from scenarios.trace_context import traceparent_line
from tests.loadtests.builders import CREDENTIALS, NONCE, phase, run_plan

MS = 1_000_000


class StandingClock(RunClock):
    """Shows the moments that a test lists, then stays at the last."""

    moments: tuple[int, ...] = (0,)

    def now_ns(self) -> int:
        first, *rest = StandingClock.moments
        StandingClock.moments = tuple(rest) or (first,)
        return first


@dataclass
class Gateway:
    """Stands in for the client: answers, or fails, as told."""

    answer: Callable[[Call], Reply]
    calls: list[Call] = field(default_factory=list)

    def exchange(self, call: Call) -> Reply:
        self.calls.append(call)
        return self.answer(call)


class Bench:
    """A sender with everything around it."""

    def __init__(self, path: Path, journey: str) -> None:
        self.folder = RunFolder.at(path)
        self.folder.create()
        self.plan = run_plan(phase(10, "1s", "even"), journeys={journey: 1})
        self.recorder = Recorder(self.folder, len(self.plan.arrivals))
        self.tally = Tally(limit_ns=10_000 * MS, measured_from_ns=0)
        clock = StandingClock(t0_ns=0, monotonic_at_t0_ns=0)
        self.sender = Sender(self.plan, CREDENTIALS, clock, self.recorder, self.tally)
        self.reports: list[Sent] = []

    def send(
        self, answer: Callable[[Call], Reply], due: Due | None = None, moments_ms: tuple[float, ...] = (5, 30)
    ) -> Gateway:
        StandingClock.moments = tuple(round(moment * MS) for moment in moments_ms)
        gateway = Gateway(answer)
        due = due or Due(place=4, planned_ns=2 * MS, sendable_ns=2 * MS)
        self.sender.send(gateway, due, self.reports.append)  # type: ignore[arg-type]
        return gateway

    def rows(self) -> Rows:
        assert self.recorder.flush()
        return self.folder.read_observations().rows

    def payments(self) -> Rows:
        assert self.recorder.flush()
        return self.folder.read_payments().rows


@pytest.fixture
def sales(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "run", "card_sale_only")
    yield bench
    bench.recorder.close()


@pytest.fixture
def inquiries(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "run", "eligibility_only")
    yield bench
    bench.recorder.close()


def approval(_: Call) -> Reply:
    return Reply(status=200, body=b'{"TransactionStatus": "C", "TransactionID": "T-9"}')


def test_an_approved_sale_leaves_one_row_and_one_payment_record(sales: Bench) -> None:
    gateway = sales.send(approval)
    (row,) = sales.rows()
    assert {name: int(row[name]) for name in row.dtype.names} == {
        "arrival": 4 * 256,
        "planned_ns": 2 * MS,
        "started_ns": 5 * MS,
        "ended_ns": 30 * MS,
        "kind": Kind.CARD_SALE,
        "wire": Wire.REST,
        "outcome": Outcome.COMPLETED,
        "attempt": 0,
        "status": 200,
        "payer": int(row["payer"]),
        "worker": 0,
        "own_lag_ms": 3,
        "reply_bytes": 50,
    }
    assert 1 <= row["payer"] <= 25
    (paid,) = sales.payments()
    assert (paid["arrival"], paid["action"], paid["outcome"]) == (4 * 256, Kind.CARD_SALE, Outcome.COMPLETED)
    assert paid["asked_cents"] == paid["approved_cents"] > 0
    assert (paid["merchant_reference"], paid["transaction_id"]) == (b"k3x9ab-4-0-0", b"T-9")
    assert b'"Amount":"' in gateway.calls[0].body


def test_an_inquiry_leaves_no_payment_record(inquiries: Bench) -> None:
    inquiries.send(lambda _: Reply(status=500, body=b"busy"))
    (row,) = inquiries.rows()
    assert (row["kind"], row["wire"], row["outcome"]) == (
        Kind.ELIGIBILITY_INQUIRY,
        Wire.SOAP_EDI,
        Outcome.ERROR,
    )
    assert (row["status"], row["reply_bytes"]) == (500, 4)
    assert len(inquiries.payments()) == 0


def test_a_call_carries_the_trace_of_its_arrival_beside_what_all_calls_carry(sales: Bench) -> None:
    first = sales.send(approval).calls[0]
    other = sales.send(approval, Due(place=5, planned_ns=2 * MS, sendable_ns=2 * MS)).calls[0]
    assert [first.own_lines, other.own_lines] == [traceparent_line(NONCE, 256 * root, 0) for root in (4, 5)]
    assert first.headers is other.headers  # so that they are turned into bytes once


def test_what_locust_is_told_counts_from_the_planned_moment(sales: Bench) -> None:
    sales.send(approval)
    assert sales.reports == [
        Sent(
            wire="rest",
            kind="card_sale",
            url="http://127.0.0.1:9/rest/payment/sale",
            started_ns=5 * MS,
            response_ms=28.0,
            reply_bytes=50,
            failure=None,
        )
    ]


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        pytest.param(NoAnswerInTimeError("no first byte within 60 s"), Outcome.TIMEOUT, id="time-out"),
        pytest.param(ConnectionFailedError("refused"), Outcome.CONNECTION, id="connection"),
        pytest.param(UnreadableReplyError("not an HTTP reply"), Outcome.ERROR, id="unreadable"),
    ],
)
def test_a_failed_exchange_is_a_row_and_a_failure_for_locust(
    sales: Bench, error: Exception, outcome: Outcome
) -> None:
    def fail(_: Call) -> Reply:
        raise error

    sales.send(fail)
    (row,) = sales.rows()
    assert (row["outcome"], row["status"], row["reply_bytes"]) == (outcome, 0, 0)
    (paid,) = sales.payments()
    assert (paid["outcome"], paid["approved_cents"]) == (outcome, 0)
    assert sales.reports[0].failure == f"{outcome.text}: {error}"


def test_an_attempt_that_is_cut_off_leaves_its_row(sales: Bench) -> None:
    def killed(_: Call) -> Reply:
        raise gevent.GreenletExit

    with pytest.raises(gevent.GreenletExit):
        sales.send(killed)
    (row,) = sales.rows()
    assert (row["outcome"], row["started_ns"], row["ended_ns"]) == (Outcome.IN_FLIGHT, 5 * MS, 30 * MS)
    assert len(sales.payments()) == 1
    assert sales.tally.in_flight == 0


@pytest.mark.parametrize(
    ("started_ms", "own_lag_ms"),
    [
        pytest.param(1.999, 0, id="early-is-no-lag"),
        pytest.param(2, 0, id="at-once"),
        pytest.param(2.000001, 1, id="rounded-up"),
        pytest.param(5, 3, id="whole"),
        pytest.param(200_000, 65_535, id="saturating"),
    ],
)
def test_own_lag_counts_from_when_the_arrival_could_have_been_sent(
    sales: Bench, started_ms: float, own_lag_ms: int
) -> None:
    due = Due(place=0, planned_ns=0, sendable_ns=2 * MS)
    sales.send(approval, due, moments_ms=(started_ms, started_ms + 1))
    (row,) = sales.rows()
    assert (row["planned_ns"], row["own_lag_ms"]) == (0, own_lag_ms)


def test_the_same_arrival_is_the_same_transaction_whenever_it_is_sent(sales: Bench) -> None:
    first, second = sales.send(approval), sales.send(approval)
    assert first.calls == second.calls


def test_an_arrival_that_was_never_sent_leaves_a_row_without_a_start(sales: Bench) -> None:
    sales.sender.never_sent(3, planned_ns=MS, ended_ns=9 * MS, own_lag_ms=8)
    (row,) = sales.rows()
    assert (row["arrival"], row["outcome"], row["started_ns"]) == (3 * 256, Outcome.NOT_STARTED, -1)
    assert (row["planned_ns"], row["ended_ns"], row["own_lag_ms"]) == (MS, 9 * MS, 8)
    assert len(sales.payments()) == 0
    assert sales.tally.started == 0


def test_every_row_has_its_place_in_the_plan(sales: Bench) -> None:
    for place in (7, 0, 9):
        sales.send(approval, Due(place=place, planned_ns=0, sendable_ns=0))
    assert sales.recorder.recorded().nonzero()[0].tolist() == [0, 7, 9]
    assert sales.rows()["arrival"].tolist() == [7 * 256, 0, 9 * 256]
