"""The state machine of payments: whatever is tried in whatever order, the money adds up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_gateway.errors import RefusedError
from mock_gateway.payment import Action, Change, Payment
from mock_gateway.payment_state import plan_change

ATTEMPTS = st.tuples(
    st.sampled_from([Action.CAPTURE, Action.VOID, Action.REFUND]), st.none() | st.integers(1, 150)
)


def payment(action: Action = Action.SALE, status: str = "C", approved: int = 100) -> Payment:
    return Payment(
        transaction_id="f" * 32,
        action=action.value,
        merchant_reference="INV",
        asked_cents=approved,
        approved_cents=approved,
        status=status,
    )


def change(primary: Payment | None, action: Action, cents: int | None = None) -> tuple[Payment, Payment]:
    order = Change(action=action, primary_id="f" * 32, cents=cents)
    return plan_change(primary, order, transaction_id="a" * 32, now_ns=5)


@given(action=st.sampled_from([Action.SALE, Action.AUTH]), attempts=st.lists(ATTEMPTS, max_size=12))
def test_no_order_of_changes_gives_back_more_than_was_taken(
    action: Action, attempts: list[tuple[Action, int | None]]
) -> None:
    at = payment(action, "C" if action is Action.SALE else "A")
    done: list[Payment] = []
    for kind, cents in attempts:
        try:
            at, row = change(at, kind, cents)
        except RefusedError:
            continue
        done.append(row)
    kinds = [row.action for row in done]
    refunded = sum(row.approved_cents for row in done if row.action == "refund")
    captured = [row.approved_cents for row in done if row.action == "capture"]
    assert kinds.count("void") <= 1
    assert kinds.count("capture") <= (1 if action is Action.AUTH else 0)
    assert "void" not in kinds[:-1], "nothing happens after a void"
    assert not (refunded and "void" in kinds)
    assert at.refunded_cents == refunded <= at.approved_cents
    assert at.approved_cents == (captured[0] if captured else 100)
    assert at.status == ("V" if "void" in kinds else "C" if action is Action.SALE or captured else "A")
    if action is Action.AUTH and refunded:
        assert kinds[0] == "capture"


@pytest.mark.parametrize("action", [Action.CAPTURE, Action.VOID, Action.REFUND])
@pytest.mark.parametrize(
    "primary",
    [
        None,
        payment(status="D", approved=0),
        payment(status="V"),
        payment(Action.TOKEN, "O"),
        payment(Action.REFUND),
    ],
    ids=["unknown", "declined", "void", "token", "refund"],
)
def test_some_payments_can_never_be_changed(primary: Payment | None, action: Action) -> None:
    with pytest.raises(RefusedError) as refused:
        change(primary, action, 1)
    assert refused.value.code == "012"


def test_the_new_row_points_at_its_payment_and_takes_over_its_reference() -> None:
    after, row = change(payment(), Action.REFUND, 40)
    assert (row.primary_id, row.merchant_reference, row.approved_cents) == ("f" * 32, "INV", 40)
    assert (after.refunded_cents, after.status, after.changed_ns) == (40, "C", 5)
