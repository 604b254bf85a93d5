"""Carrying out payment orders: whatever wire they came over, this is what happens to the money."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from mock_gateway.card_network import CardAnswer, decide_sale
from mock_gateway.errors import RefusedError
from mock_gateway.faults import Effect, FaultKind
from mock_gateway.gateway import Gateway
from mock_gateway.ledger_writer import CrashPoint
from mock_gateway.payment import Action, CardSave, Change, Charge, Order, Payment, Status
from mock_gateway.recent_charges import Charged
from mock_gateway.transaction_ids import make_transaction_id

# "Invalid account" in the public list of card response codes.
_INVALID_ACCOUNT = "014"
_CHANGED_BY_CENTS = 100
_ON_APPROVAL_ONLY = frozenset({FaultKind.AMOUNT_CHANGED, FaultKind.DOUBLE_POSTING})
# By whether the charge is approved, and whether there was one before it.
_IMPOSSIBLE: dict[tuple[bool, bool], frozenset[FaultKind]] = {
    (True, True): frozenset(),
    (True, False): frozenset({FaultKind.STALE_IDEMPOTENT_ANSWER}),
    (False, True): _ON_APPROVAL_ONLY,
    (False, False): _ON_APPROVAL_ONLY | {FaultKind.STALE_IDEMPOTENT_ANSWER},
}
_CRASHES = {
    FaultKind.CRASH_BEFORE_COMMIT: CrashPoint.BEFORE_COMMIT,
    FaultKind.CRASH_AFTER_COMMIT: CrashPoint.AFTER_COMMIT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A capture, void or refund that was made: the payment as it now is, and the new row."""

    primary: Payment
    row: Payment


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A token that was given; `payment.transaction_id` is the token."""

    payment: Payment
    order: CardSave


Done = Charged | Changed | Saved


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """An order that may be carried out: checked against the tokens and the duplicate window."""

    order: Order
    answer: CardAnswer | None
    fingerprint: str = ""

    def reserve(self, gateway: Gateway) -> None:
        """From here on an equal charge is a duplicate; what was said before must not have waited."""
        gateway.duplicates.take(self.fingerprint)

    def impossible(self, gateway: Gateway) -> frozenset[FaultKind]:
        """Faults that this order cannot show, so that they neither fire nor count."""
        if not isinstance(self.order, Charge):
            return frozenset()
        is_approved = self.answer is not None and self.answer.is_approved
        return _IMPOSSIBLE[is_approved, gateway.recent.latest is not None]


def prepare(gateway: Gateway, order: Order) -> Job:
    """What can be said before the card network is asked. Raises RefusedError."""
    if not isinstance(order, Charge):
        return Job(order=order, answer=None)
    if order.token_id:
        order = _with_token(gateway, order)
    facts = gateway.profile.payments
    answer = decide_sale(
        order.asked_cents,
        approved_status=Status.CAPTURED if order.action is Action.SALE else Status.AUTHORIZED,
        decline_code=facts.decline_code,
    )
    if not (gateway.duplicates.is_on and answer.is_approved):
        return Job(order=order, answer=answer)
    duplicates = gateway.duplicates
    fingerprint = duplicates.fingerprint(order.card_key, order.asked_cents, order.merchant_reference)
    if duplicates.has(fingerprint):
        raise RefusedError(facts.duplicate_code, "Amount", "DUPLICATE TRANSACTION")
    return Job(order=order, answer=answer, fingerprint=fingerprint)


def _with_token(gateway: Gateway, charge: Charge) -> Charge:
    token = gateway.ledger.find(charge.token_id)
    if token is None or token.action != Action.TOKEN:
        raise RefusedError(_INVALID_ACCOUNT, "PaymentMethodID", "names no saved payment method")
    if token.expires < time.strftime("%Y-%m", time.gmtime()):
        raise RefusedError(_INVALID_ACCOUNT, "PaymentMethodID", "names a card that has expired")
    # A token that was saved while the duplicate window was off has no card key; it stands for itself.
    return replace(
        charge,
        last_four=token.last_four,
        brand=token.brand,
        card_key=token.fingerprint or token.transaction_id,
    )


async def carry_out(gateway: Gateway, job: Job, effect: Effect) -> Done:
    """Store what the order comes to, and only then come back.

    Raises RefusedError where the state of the payment forbids the order, StorageError.
    """
    order = job.order
    crash = _CRASHES.get(effect.kind) if effect.kind else None
    if isinstance(order, Change):
        primary, row = await gateway.ledger.change(order, crash)
        if order.action is Action.VOID:
            gateway.duplicates.forget(primary.fingerprint)
        return Changed(primary=primary, row=row)
    if isinstance(order, CardSave):
        token = _token_row(order)
        if effect.kind is not FaultKind.ACKNOWLEDGED_NOT_STORED:
            await gateway.ledger.store(token, crash=crash)
        return Saved(payment=token, order=order)
    assert job.answer is not None
    try:
        return await _charge(gateway, order, job, effect, crash)
    except BaseException:
        gateway.duplicates.forget(job.fingerprint)
        raise


async def _charge(
    gateway: Gateway, charge: Charge, job: Job, effect: Effect, crash: CrashPoint | None
) -> Charged:
    answer, kind = job.answer, effect.kind
    assert answer is not None
    if kind is FaultKind.STALE_IDEMPOTENT_ANSWER:
        stale = gateway.recent.find_stale(charge)
        if stale is not None:
            return stale
    if kind is FaultKind.AMOUNT_CHANGED:
        answer = replace(answer, approved_cents=answer.approved_cents + _CHANGED_BY_CENTS)
    payment = _charge_row(charge, answer, job.fingerprint)
    previous = gateway.recent.latest
    if kind is not FaultKind.ACKNOWLEDGED_NOT_STORED:
        again: tuple[Payment, ...] = ()
        if kind is FaultKind.DOUBLE_POSTING:
            again = (replace(payment, transaction_id=make_transaction_id()),)
        await gateway.ledger.store(payment, *again, crash=crash)
    if kind is FaultKind.AMOUNT_CHANGED:
        answer = replace(answer, asked_cents=answer.asked_cents + _CHANGED_BY_CENTS)
    charged = Charged(payment=payment, answer=answer, charge=charge)
    gateway.recent.remember(charged)
    if kind is FaultKind.ANOTHER_PATIENTS_ANSWER:
        return _somebody_elses(charged, previous)
    return charged


def _somebody_elses(charged: Charged, other: Charged | None) -> Charged:
    """The previous charge's answer; a made-up one where that would look like ours."""
    if other is not None and other.payment.asked_cents != charged.payment.asked_cents:
        return other
    stranger = decide_sale(charged.payment.asked_cents + 7 * 100, approved_status=charged.answer.status)
    payment = replace(charged.payment, transaction_id=make_transaction_id(), asked_cents=stranger.asked_cents)
    return replace(charged, payment=payment, answer=stranger)


def _charge_row(charge: Charge, answer: CardAnswer, fingerprint: str) -> Payment:
    now_ns = time.time_ns()
    return Payment(
        transaction_id=make_transaction_id(),
        action=charge.action.value,
        merchant_reference=charge.merchant_reference,
        asked_cents=charge.asked_cents,
        approved_cents=answer.approved_cents,
        status=answer.status,
        last_four=charge.last_four,
        brand=charge.brand,
        fingerprint=fingerprint,
        created_ns=now_ns,
        changed_ns=now_ns,
    )


def _token_row(order: CardSave) -> Payment:
    now_ns = time.time_ns()
    return Payment(
        transaction_id=make_transaction_id(),
        action=order.action.value,
        merchant_reference=order.merchant_reference,
        asked_cents=0,
        approved_cents=0,
        status=Status.SAVED,
        last_four=order.last_four,
        brand=order.brand,
        expires=order.face.expires,
        fingerprint=order.card_key,
        created_ns=now_ns,
        changed_ns=now_ns,
    )
