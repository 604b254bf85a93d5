"""Running counts: what the live line shows, and when a run has to stop for want of credentials."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from loadtests.tally import REFUSALS_IN_A_ROW, Tally
from scenarios.kinds import AnyKind, CustomKind, Kind, Wire
from scenarios.observation import OBSERVATION, Outcome

S = 1_000_000_000


def tally(measured_from_s: int = 0) -> Tally:
    return Tally(limit_ns=10 * S, measured_from_ns=measured_from_s * S)


def run_one(
    counts: Tally,
    arrival: int = 0,
    *,
    kind: AnyKind = Kind.CARD_SALE,
    wire: Wire = Wire.REST,
    planned_s: float = 1,
    took_s: float = 1,
    outcome: Outcome = Outcome.COMPLETED,
    status: int = 200,
    attempt: int = 0,
) -> None:
    planned_ns = round(planned_s * S)
    counts.start(arrival, kind, planned_ns, 0)
    counts.end(arrival, wire, status)
    row = np.zeros(1, dtype=OBSERVATION)
    row["kind"], row["outcome"], row["attempt"] = kind, outcome, attempt
    row["planned_ns"], row["ended_ns"] = planned_ns, planned_ns + round(took_s * S)
    counts.add(row)


@pytest.mark.parametrize(
    ("outcome", "took_s", "within"),
    [
        pytest.param(Outcome.COMPLETED, 10, 1, id="exactly-at-the-limit"),
        pytest.param(Outcome.COMPLETED, 10.000000001, 0, id="a-nanosecond-over"),
        pytest.param(Outcome.DECLINED, 1, 1, id="a-decline-is-an-answer"),
        pytest.param(Outcome.REJECTED, 1, 1, id="a-rejection-is-an-answer"),
        pytest.param(Outcome.PAYER_UNAVAILABLE, 1, 1, id="payer-unavailable-is-an-answer"),
        pytest.param(Outcome.ERROR, 0, 0, id="a-fast-error-is-a-miss"),
        pytest.param(Outcome.WRONG_REPLY, 0, 0, id="a-fast-wrong-reply-is-a-miss"),
        pytest.param(Outcome.CONNECTION, 0, 0, id="a-fast-refusal-is-a-miss"),
        pytest.param(Outcome.TIMEOUT, 60, 0, id="a-time-out-is-a-miss"),
    ],
)
def test_an_answer_in_time_is_within_and_everything_else_is_not(
    outcome: Outcome, took_s: float, within: int
) -> None:
    counts = tally()
    run_one(counts, outcome=outcome, took_s=took_s)
    assert counts.judged == {"payment": 1}
    assert counts.within["payment"] == within
    assert counts.outcomes == {outcome.text: 1}


def test_classes_are_counted_apart() -> None:
    counts = tally()
    run_one(counts, 1, kind=Kind.ELIGIBILITY_INQUIRY)
    run_one(counts, 2, kind=Kind.CARD_SALE)
    run_one(counts, 3, kind=Kind.CARD_SALE, took_s=11)
    assert counts.judged == {"healthcare": 1, "payment": 2}
    assert counts.within == {"healthcare": 1, "payment": 1}


def test_warm_up_is_sent_and_not_judged() -> None:
    counts = tally(measured_from_s=5)
    run_one(counts, 1, planned_s=4.999999999)
    run_one(counts, 2, planned_s=5)
    assert (counts.started, dict(counts.judged)) == (2, {"payment": 1})


def test_what_was_cut_off_in_flight_is_not_judged_here() -> None:
    counts = tally()
    run_one(counts, outcome=Outcome.IN_FLIGHT)
    assert not counts.judged
    assert counts.outcomes == {"in_flight": 1}


@pytest.mark.parametrize(
    ("more", "outcomes"),
    [
        pytest.param({"attempt": 1}, {"completed": 1}, id="a-retry-has-an-outcome"),
        pytest.param({"outcome": Outcome.NOT_STARTED}, {}, id="what-was-never-sent-has-none"),
    ],
)
def test_what_is_no_transaction_of_its_own_is_not_judged(
    more: dict[str, Any], outcomes: dict[str, int]
) -> None:
    counts = tally()
    run_one(counts, **more)
    assert not counts.judged
    assert not counts.within
    assert counts.outcomes == outcomes


def test_a_users_own_kind_counts_in_the_class_that_it_declares() -> None:
    own = CustomKind(100, "text_to_pay", "payment")
    counts = Tally(10 * S, 0, (own,))
    run_one(counts, kind=own)
    assert counts.judged == counts.within == {"payment": 1}


def test_in_flight_is_what_was_sent_and_has_not_ended() -> None:
    counts = tally()
    counts.start(1, Kind.CARD_SALE, S, 0)
    counts.start(2, Kind.CARD_SALE, S, 0)
    assert counts.in_flight == 2
    counts.end(1, Wire.REST, 200)
    assert (counts.in_flight, counts.started) == (1, 2)


def test_what_is_overdue_is_a_miss_already() -> None:
    counts = tally(measured_from_s=5)
    counts.start(1, Kind.CARD_SALE, 4 * S, 0)  # warm-up
    counts.start(2, Kind.CARD_SALE, 5 * S, 0)
    counts.start(3, Kind.ELIGIBILITY_INQUIRY, 6 * S, 0)
    assert counts.overdue(15 * S) == {}
    assert counts.overdue(15 * S + 1) == {"payment": 1}
    assert counts.overdue(30 * S) == {"payment": 1, "healthcare": 1}


def test_lag_is_kept_in_milliseconds_and_counts_as_late_from_50() -> None:
    counts = tally()
    for arrival, lag_ns in enumerate((-5, 0, 49_999_999, 50_000_000, 2 * S)):
        counts.start(arrival, Kind.CARD_SALE, S, lag_ns)
    assert counts.late == 2
    assert list(counts.own_lag_ms) == pytest.approx([0, 0, 50, 50, 2000])


@pytest.mark.parametrize("status", [401, 403])
def test_twenty_refusals_in_a_row_mean_that_nobody_lets_us_in(status: int) -> None:
    counts = tally()
    for arrival in range(REFUSALS_IN_A_ROW):
        assert not counts.not_authorised
        run_one(counts, arrival, outcome=Outcome.ERROR, status=status)
    assert counts.not_authorised


def test_one_admission_in_between_starts_the_count_anew() -> None:
    counts = tally()
    for arrival in range(3 * REFUSALS_IN_A_ROW):
        run_one(counts, arrival, status=200 if arrival % REFUSALS_IN_A_ROW == 19 else 401)
    assert not counts.not_authorised


def test_refusals_of_one_wire_are_not_hidden_by_the_success_of_another() -> None:
    counts = tally()
    for arrival in range(REFUSALS_IN_A_ROW):
        run_one(counts, 2 * arrival, wire=Wire.SOAP_EDI, status=200)
        run_one(counts, 2 * arrival + 1, wire=Wire.REST, status=401)
    assert counts.not_authorised


@pytest.mark.parametrize("status", [429, 500, 503, 0])
def test_other_errors_are_no_refusal_of_credentials(status: int) -> None:
    counts = tally()
    for arrival in range(2 * REFUSALS_IN_A_ROW):
        run_one(counts, arrival, outcome=Outcome.ERROR, status=status)
    assert not counts.not_authorised
