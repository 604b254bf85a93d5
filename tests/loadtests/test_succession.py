"""What follows an attempt: the same for one attempt and for rows, in any process, and only what was declared."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.run_plan import RunPlan
from loadtests.succession import Next, Succession
from scenarios.journeys import FIRST_KINDS, JOURNEY_NAMES, Journey
from scenarios.kinds import PAYMENT, Kind, class_of
from scenarios.observation import OBSERVATION, Outcome, Rows
from tests.loadtests.builders import phase, run_plan

SECOND = 1_000_000_000
EVERYBODY = {"human": {}, "system": {}, "gateway": {}}
ALL_JOURNEYS = dict.fromkeys(JOURNEY_NAMES, 1)


def rules(journeys: dict[str, float] | None = None, **changes: Any) -> Succession:
    plan = run_plan(phase(), journeys=journeys or ALL_JOURNEYS, **changes)
    assert plan.succession is not None
    return plan.succession


def row(arrival: int, attempt: int, kind: int, outcome: int, ended_ns: int = 0) -> tuple[Any, ...]:
    return (arrival, 0, 0, ended_ns, kind, 1, outcome, attempt, 200, 0, 0, 0, 0)


ATTEMPTS = st.tuples(
    st.sampled_from(list(Journey)),
    st.integers(0, 10_000_000),  # root
    st.integers(0, 3),  # step
    st.integers(0, 3),  # attempt
    st.sampled_from(list(Outcome)),
)


@given(
    st.lists(ATTEMPTS, min_size=1, max_size=60),
    st.integers(0, 2**40),
    st.sampled_from([{}, EVERYBODY, {"human": {"share": 0.5}, "most": 3, "payments": True}]),
    st.floats(0, 1),
)
def test_what_follows_a_row_is_what_followed_the_attempt(
    attempts: list[tuple[Journey, int, int, int, Outcome]], seed: int, retries: dict[str, Any], share: float
) -> None:
    changes = {"seed": seed, "retries": retries, "follow_ups": {"void_share": share}}
    here, elsewhere = rules(**changes), rules(**changes)
    rows: Rows = np.array(
        [
            row(root * 256 + step, attempt, FIRST_KINDS[journey], outcome, ended_ns=place)
            for place, (journey, root, step, attempt, outcome) in enumerate(attempts)
        ],
        dtype=OBSERVATION,
    )
    then = elsewhere.follow(rows, np.array([each[0] for each in attempts], dtype=np.uint8))
    for place, (journey, root, step, attempt, outcome) in enumerate(attempts):
        one = here.after(journey, root * 256 + step, attempt, FIRST_KINDS[journey], outcome)
        if one is None:
            assert then.kind[place] == 0
        else:
            many = (then.arrival[place], then.attempt[place], then.kind[place], then.due_ns[place] - place)
            assert one == tuple(map(int, many))


def followed(journey: Journey, root: int = 5, *, by: Succession | None = None) -> list[Next]:
    """The steps of a root after its first, where every answer leads on."""
    found, arrival, kind = [], root * 256, FIRST_KINDS[journey]
    while (then := (by or rules()).after(journey, arrival, 0, kind, Outcome.COMPLETED)) is not None:
        found.append(then)
        arrival, kind = then.arrival, Kind(then.kind)
    return found


@pytest.mark.parametrize(
    ("journey", "kinds", "thinks_s"),
    [
        pytest.param(
            Journey.CHECK_IN, [Kind.CARD_SALE, Kind.RECEIPT_LOOKUP], [(30, 180), (1, 5)], id="check-in"
        ),
        pytest.param(Journey.BILL_PAY, [Kind.TOKEN_SALE], [(5, 30)], id="bill-pay"),
        pytest.param(Journey.CLAIM_FOLLOW_UP, [Kind.CLAIM_STATUS] * 2, [(120, 300)] * 2, id="claims"),
        pytest.param(Journey.AUTO_PAY, [Kind.TOKEN_SALE] * 3, [(10, 60)] * 3, id="auto-pay"),
        pytest.param(Journey.ELIGIBILITY_SWEEP, [], [], id="sweep"),
        pytest.param(Journey.CARD_SALE_ONLY, [], [], id="one-step"),
    ],
)
def test_a_journey_takes_its_steps_in_order_with_the_times_of_the_defaults(
    journey: Journey, kinds: list[Kind], thinks_s: list[tuple[int, int]]
) -> None:
    by = rules()
    waits: list[list[int]] = [[] for _ in kinds]
    for root in range(400):
        steps = followed(journey, root, by=by)
        assert [step.kind for step in steps] == kinds
        assert [step.arrival for step in steps] == [root * 256 + step for step in range(1, len(kinds) + 1)]
        for place, step in enumerate(steps):
            waits[place].append(step.wait_ns)
    for drawn, (least_s, most_s) in zip(waits, thinks_s, strict=True):
        assert least_s * SECOND <= min(drawn) < max(drawn) <= most_s * SECOND
        assert np.mean(drawn) == pytest.approx((least_s + most_s) / 2 * SECOND, rel=0.1)


def test_a_correction_is_a_void_with_the_share_that_is_declared_and_else_a_refund() -> None:
    by = rules(follow_ups={"void_share": 0.25})
    kinds = [followed(Journey.CORRECTION, root, by=by)[0].kind for root in range(4000)]
    assert set(kinds) == {Kind.VOID, Kind.REFUND}
    assert kinds.count(Kind.VOID) == pytest.approx(1000, abs=110)  # four standard deviations


def test_steps_repeat_as_often_as_declared() -> None:
    by = rules(follow_ups={"claim_polls": 1, "instalments": 15})
    assert followed(Journey.CLAIM_FOLLOW_UP, by=by) == []
    assert len(followed(Journey.AUTO_PAY, by=by)) == 15


@pytest.mark.parametrize("outcome", [each for each in Outcome if each is not Outcome.COMPLETED])
def test_only_an_answer_as_hoped_leads_on(outcome: Outcome) -> None:
    assert rules().after(Journey.CHECK_IN, 5 * 256, 0, Kind.ELIGIBILITY_INQUIRY, outcome) is None


def test_a_retry_that_succeeds_leads_on_like_an_original() -> None:
    by = rules(retries=EVERYBODY)
    arguments = (Journey.CHECK_IN, 5 * 256)
    original = by.after(*arguments, 0, Kind.ELIGIBILITY_INQUIRY, Outcome.COMPLETED)
    assert original is not None
    assert by.after(*arguments, 1, Kind.ELIGIBILITY_INQUIRY, Outcome.COMPLETED) == original


def again(by: Succession, journey: Journey, kind: Kind, outcome: Outcome, attempt: int = 0) -> list[Next]:
    """The retries of 500 roots."""
    found = [by.after(journey, root * 256, attempt, kind, outcome) for root in range(500)]
    return [each for each in found if each is not None]


def test_a_person_tries_again_at_the_times_and_with_the_share_of_the_defaults() -> None:
    made = again(
        rules(retries={"human": {}}), Journey.ELIGIBILITY_ONLY, Kind.ELIGIBILITY_INQUIRY, Outcome.ERROR
    )
    assert len(made) == pytest.approx(350, abs=41)  # 0.7 of 500, four standard deviations
    assert all(20 * SECOND <= each.wait_ns <= 60 * SECOND for each in made)
    assert {each.attempt for each in made} == {1}
    assert {each.kind for each in made} == {Kind.ELIGIBILITY_INQUIRY}


def test_a_system_tries_again_after_the_time_of_core() -> None:
    by = rules(retries={"system": {}})
    made = again(by, Journey.ELIGIBILITY_SWEEP, Kind.ELIGIBILITY_INQUIRY, Outcome.CONNECTION)
    assert [each.wait_ns for each in made] == [90 * SECOND] * 500
    assert again(by, Journey.ELIGIBILITY_ONLY, Kind.ELIGIBILITY_INQUIRY, Outcome.CONNECTION) == []


def test_what_stands_before_the_gateway_tries_once_and_only_after_silence() -> None:
    by = rules(retries={"gateway": {}, "most": 3})
    arguments = (Journey.ELIGIBILITY_SWEEP, Kind.ELIGIBILITY_INQUIRY)
    for outcome in (Outcome.TIMEOUT, Outcome.PAYER_UNAVAILABLE):
        made = again(by, *arguments, outcome)
        assert len(made) == 500
        assert all(0 <= each.wait_ns <= SECOND for each in made)
        assert again(by, *arguments, outcome, attempt=1) == []
    assert again(by, *arguments, Outcome.ERROR) == []


@pytest.mark.parametrize("most", [1, 2, 3])
def test_there_are_no_more_retries_than_declared(most: int) -> None:
    by = rules(retries={"system": {}, "most": most})
    made = [
        len(again(by, Journey.CLAIM_FOLLOW_UP, Kind.CLAIM_STATUS, Outcome.ERROR, attempt=attempt))
        for attempt in range(4)
    ]
    assert made == [500] * most + [0] * (4 - most)


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome.DECLINED,
        Outcome.REJECTED,
        Outcome.SYNTAX_REJECTED,
        Outcome.WRONG_REPLY,
        Outcome.IN_FLIGHT,
        Outcome.NOT_STARTED,
    ],
)
def test_nobody_asks_again_after_an_answer_or_when_nothing_was_sent(outcome: Outcome) -> None:
    assert again(rules(retries=EVERYBODY), Journey.ELIGIBILITY_ONLY, Kind.ELIGIBILITY_INQUIRY, outcome) == []


def test_payments_are_sent_again_only_where_that_is_declared() -> None:
    assert again(rules(retries=EVERYBODY), Journey.CARD_SALE_ONLY, Kind.CARD_SALE, Outcome.TIMEOUT) == []
    declared = rules(retries={**EVERYBODY, "payments": True})
    assert len(again(declared, Journey.CARD_SALE_ONLY, Kind.CARD_SALE, Outcome.TIMEOUT)) == 500


def test_nothing_follows_in_a_plan_of_single_steps() -> None:
    plan: RunPlan = run_plan()
    assert plan.succession is None
    assert plan.follow_ups_at_most == {}
    assert plan.transactions_at_most == len(plan.arrivals)


def test_at_most_so_many_follow_ups_come_before_the_planned_end() -> None:
    plan = run_plan(
        phase(50, "100s"), journeys={"check_in": 1}, think={"receipt": {"from": "0s", "to": "0s"}}
    )
    sales = plan.follow_ups_at_most["card_sale"]
    assert plan.follow_ups_at_most == {"card_sale": sales, "receipt_lookup": sales}
    # thinks of 30 to 180 s, evenly: those of the first 70 s can come, the later the fewer
    assert sales == pytest.approx(50 * 70 * (70 / 2 / 150), rel=0.15)
    assert plan.count_follow_ups(99 * SECOND)["card_sale"] < sales / 20
    assert {class_of(kind) for kind in plan.kinds} == {"healthcare", PAYMENT, "lookup"}
