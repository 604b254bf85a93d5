"""What may happen to a payment: the state machine of captures, voids and refunds.

    sale C --void--> V            auth A --capture--> C --void--> V
    sale C --refund--> C, with less left to refund; never voided afterwards

Inferred from public material: nobody outside has seen the whole table. Everything else is refused.
"""

from __future__ import annotations

from dataclasses import replace

from mock_gateway.errors import RefusedError
from mock_gateway.payment import CHARGES, Action, Change, Payment, Status

# Card response codes of the public list that fit a refusal.
INVALID_TRANSACTION = "012"
INVALID_AMOUNT = "013"

_TARGET = "TransactionID"


def plan_change(
    primary: Payment | None,
    change: Change,
    *,
    transaction_id: str,
    now_ns: int,
    void_within_ns: int | None = None,
) -> tuple[Payment, Payment]:
    """The primary payment as it is afterwards, and the new row. Raises RefusedError.

    `void_within_ns` is the age from which a payment counts as settled and can no longer be voided.
    """
    if primary is None or primary.action not in CHARGES:
        raise RefusedError(INVALID_TRANSACTION, _TARGET, "names no payment")
    if primary.status == Status.DECLINED:
        raise RefusedError(INVALID_TRANSACTION, _TARGET, "the payment was declined")
    if primary.status == Status.VOIDED:
        raise RefusedError(INVALID_TRANSACTION, _TARGET, "the payment is void")
    if change.action is Action.VOID:
        after, cents = _void(primary, now_ns, void_within_ns)
    elif change.action is Action.REFUND:
        after, cents = _refund(primary, change.cents)
    else:
        after, cents = _capture(primary, change.cents)
    row = Payment(
        transaction_id=transaction_id,
        action=change.action.value,
        merchant_reference=change.merchant_reference or primary.merchant_reference,
        asked_cents=cents if change.cents is None else change.cents,
        approved_cents=cents,
        status=Status.CAPTURED,
        last_four=primary.last_four,
        brand=primary.brand,
        primary_id=primary.transaction_id,
        created_ns=now_ns,
        changed_ns=now_ns,
    )
    return replace(after, changed_ns=now_ns), row


def _void(primary: Payment, now_ns: int, void_within_ns: int | None) -> tuple[Payment, int]:
    if primary.refunded_cents:
        raise RefusedError(INVALID_TRANSACTION, _TARGET, "the payment has been refunded")
    if void_within_ns is not None and now_ns - primary.created_ns > void_within_ns:
        raise RefusedError(INVALID_TRANSACTION, _TARGET, "the payment is settled; refund it")
    return replace(primary, status=Status.VOIDED), primary.approved_cents


def _refund(primary: Payment, asked: int | None) -> tuple[Payment, int]:
    if primary.status != Status.CAPTURED:
        raise RefusedError(INVALID_TRANSACTION, _TARGET, "the authorization has not been captured")
    left = primary.approved_cents - primary.refunded_cents
    cents = left if asked is None else asked
    if left == 0:
        raise RefusedError(INVALID_TRANSACTION, _TARGET, "the payment has been refunded in full")
    if cents > left:
        raise RefusedError(INVALID_AMOUNT, "Amount", "is more than what is left to refund")
    return replace(primary, refunded_cents=primary.refunded_cents + cents), cents


def _capture(primary: Payment, asked: int | None) -> tuple[Payment, int]:
    if primary.action != Action.AUTH:
        raise RefusedError(INVALID_TRANSACTION, _TARGET, "names no authorization")
    if primary.status != Status.AUTHORIZED:
        raise RefusedError(INVALID_TRANSACTION, _TARGET, "the authorization has been captured")
    cents = primary.approved_cents if asked is None else asked
    if cents > primary.approved_cents:
        raise RefusedError(INVALID_AMOUNT, "Amount", "is more than was authorized")
    return replace(primary, status=Status.CAPTURED, approved_cents=cents), cents
