"""The sender and what follows an answer: the next step knows what it needs, a retry asks the same once more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from loadtests.pacing import Due
from loadtests.recorder import Recorder
from loadtests.sender import Sender
from loadtests.tally import Tally
from loadtests.transaction import Call, Earlier, Reply
from loadtests.upcoming import Step
from scenarios.kinds import Kind, Wire
from scenarios.observation import Outcome, Rows
from scenarios.run_folder import RunFolder
from tests.loadtests.builders import CREDENTIALS, phase, run_plan
from tests.loadtests.test_sender import MS, Gateway, StandingClock, approval


class Desk:
    """A sender whose follow-ups are kept in a list."""

    def __init__(self, path: Path) -> None:
        self.folder = RunFolder.at(path)
        self.folder.create()
        weights = {"check_in": 1, "auto_pay": 1, "correction": 1, "eligibility_only": 1}
        self.plan = run_plan(
            phase(10, "5s", "even"), journeys=weights, retries={"human": {"share": 1.0}, "system": {}}
        )
        self.recorder = Recorder(self.folder, len(self.plan.arrivals))
        self.tally = Tally(limit_ns=10_000 * MS, measured_from_ns=0)
        self.expected: list[tuple[int, Step]] = []
        clock = StandingClock(t0_ns=0, monotonic_at_t0_ns=0)
        self.sender = Sender(
            self.plan, CREDENTIALS, clock, self.recorder, self.tally, lambda *each: self.expected.append(each)
        )

    def place(self, journey: int) -> int:
        """The first root with this journey."""
        return int((self.plan.arrivals.journey == journey).argmax())

    def send(self, place: int, reply: Reply, step: Step | None = None) -> Call:
        StandingClock.moments = (5 * MS, 30 * MS)
        gateway = Gateway(lambda _: reply)
        self.sender.send(gateway, Due(place, 2 * MS, 2 * MS, step), None)  # type: ignore[arg-type]
        return gateway.calls[0]

    def rows(self) -> Rows:
        assert self.recorder.flush()
        return self.folder.read_observations().rows


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "run")
    yield made
    made.recorder.close()


SAVED = Reply(
    status=200,
    body=b'{"PaymentPlanID": "PLAN-1", "ResponseCode": "000", "CardResult": {}, "TransactionID": "T-1"}',
)
BUSY = Reply(status=503, body=b"busy")
CORRECTION, AUTO_PAY, ELIGIBILITY_ONLY = 8, 7, 1


def test_a_sale_that_is_to_be_corrected_hands_its_identity_and_amount_on(desk: Desk) -> None:
    place = desk.place(CORRECTION)
    desk.send(place, approval(Call("", {}, b"")))
    [(due_ns, step)] = desk.expected
    assert 30 * MS + 60_000 * MS <= due_ns <= 30 * MS + 300_000 * MS  # one to five minutes after the answer
    assert (step.place, step.arrival, step.attempt) == (place, place * 256 + 1, 0)
    assert step.kind in (Kind.VOID, Kind.REFUND)
    [paid] = desk.folder.read_payments().rows if desk.recorder.flush() else []
    assert step.earlier == Earlier(transaction_id="T-9", amount_cents=int(paid["approved_cents"]))
    assert b'"TransactionID":"T-9"' in desk.send(place, BUSY, step).body


def test_every_instalment_is_paid_with_the_token_that_was_saved(desk: Desk) -> None:
    place, step = desk.place(AUTO_PAY), None
    for number in range(3):
        desk.send(place, approval(Call("", {}, b"")) if number else SAVED, step)
        step = desk.expected[-1][1]
        assert (step.arrival, step.kind) == (place * 256 + number + 1, Kind.TOKEN_SALE)
        assert step.earlier is not None
        assert step.earlier.token == "PLAN-1"
    call = desk.send(place, approval(Call("", {}, b"")), step)
    assert b'"PaymentMethodID":"PLAN-1"' in call.body
    assert len(desk.expected) == 3  # nothing follows the last one
    assert desk.rows()["arrival"].tolist() == [place * 256 + number for number in range(4)]


def test_a_retry_is_a_row_of_the_same_arrival_with_identifiers_of_its_own(desk: Desk) -> None:
    place = desk.place(ELIGIBILITY_ONLY)
    first = desk.send(place, BUSY)
    [(due_ns, step)] = desk.expected
    assert 20_000 * MS <= due_ns - 30 * MS <= 60_000 * MS
    assert step == Step(place, place * 256, 1, Kind.ELIGIBILITY_INQUIRY, None)
    again = desk.send(place, BUSY, step)
    rows = desk.rows()
    assert rows["arrival"].tolist() == [place * 256] * 2
    assert rows["attempt"].tolist() == [0, 1]
    assert rows["wire"].tolist() == [Wire.SOAP_EDI] * 2
    reference = f"{desk.plan.nonce}-{place}-0-".encode()
    assert reference + b"0" in first.body
    assert reference + b"1" in again.body


def test_a_retry_is_judged_neither_here_nor_there(desk: Desk) -> None:
    place = desk.place(ELIGIBILITY_ONLY)
    desk.send(place, BUSY)
    desk.tally.add(desk.recorder.fresh_rows())
    judged = dict(desk.tally.judged)
    desk.send(place, BUSY, desk.expected[0][1])
    desk.tally.add(desk.recorder.fresh_rows())
    assert dict(desk.tally.judged) == judged == {"healthcare": 1}
    assert (desk.tally.started, desk.tally.in_flight) == (2, 0)
    assert desk.recorder.recorded().sum() == 1


def test_a_follow_up_does_not_stand_for_its_root(desk: Desk) -> None:
    place = desk.place(CORRECTION)
    desk.send(place, approval(Call("", {}, b"")))
    desk.sender.never_sent(place + 1, 0, 9 * MS, 0, desk.expected[0][1]._replace(place=place + 1))
    row = desk.rows()[-1]
    assert (row["arrival"], row["outcome"]) == (place * 256 + 1, Outcome.NOT_STARTED)
    assert desk.recorder.recorded().nonzero()[0].tolist() == [place]


def test_copays_are_small_and_other_amounts_are_any() -> None:
    plan = run_plan(phase(10, "30s", "even"), journeys={"check_in": 1}, follow_ups={"copay_amount": "small"})
    sender = Sender(plan, CREDENTIALS, StandingClock(t0_ns=0, monotonic_at_t0_ns=0), None, None)  # type: ignore[arg-type]
    copays = [
        sender._parties.later(Step(place, place * 256 + 1, 0, Kind.CARD_SALE, None)).asked_cents
        for place in range(300)
    ]
    assert 1000 <= min(copays) < max(copays) < 5000
    firsts = run_plan(phase(10, "30s", "even"), journeys={"card_sale_only": 1})
    sender = Sender(firsts, CREDENTIALS, StandingClock(t0_ns=0, monotonic_at_t0_ns=0), None, None)  # type: ignore[arg-type]
    amounts = [transaction.asked_cents for transaction in sender._parties.transactions(0, 300)]
    assert max(amounts) > 20_000
