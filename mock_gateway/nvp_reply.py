"""Answers as the NVP interface spells them."""

from __future__ import annotations

from datetime import UTC, datetime

from mock_gateway.card_network import CardAnswer
from mock_gateway.cashier import Changed, Done, Saved
from mock_gateway.money import format_cents
from mock_gateway.payment import Action, CardFace, Payment, Status
from mock_gateway.payment_facts import PaymentFacts
from mock_gateway.recent_charges import Charged
from mock_gateway.transaction_ids import authorization_number

Pairs = dict[str, str]


def describe_done(done: Done, facts: PaymentFacts, *, echo_amount: bool) -> Pairs:
    """The pairs that answer an order."""
    if isinstance(done, Charged):
        return _charged(done.payment, done.answer, done.charge.face, facts, echo_amount=echo_amount)
    if isinstance(done, Saved):
        return _saved(done, facts)
    return _changed(done, facts, echo_amount=echo_amount)


def describe_receipt(payment: Payment, facts: PaymentFacts, *, echo_amount: bool) -> Pairs:
    """The pairs that show a stored payment again."""
    is_partial = payment.action in ("sale", "auth") and 0 < payment.approved_cents < payment.asked_cents
    code, message = ("010", "PARTIAL APPROVAL") if is_partial else ("000", "APPROVAL")
    if payment.status == Status.DECLINED:
        code, message = facts.decline_code, "DECLINED"
    answer = CardAnswer(
        status=payment.status,
        code=code,
        message=message,
        asked_cents=payment.asked_cents,
        approved_cents=payment.approved_cents,
    )
    return _charged(payment, answer, None, facts, echo_amount=echo_amount)


def _charged(
    payment: Payment,
    answer: CardAnswer,
    face: CardFace | None,
    facts: PaymentFacts,
    *,
    echo_amount: bool,
) -> Pairs:
    identity = _identity(payment.transaction_id, facts)
    pairs = {
        "cardBrand": payment.brand,
        "lastFourDigits": payment.last_four,
        **_face(face),
        "authorizationNumber": authorization_number(payment.transaction_id) if answer.is_approved else "",
        "responseCode": answer.code,
        "responseMessage": answer.message,
        "transactionStatus": answer.status,
        "transactionID": identity,
        "primaryTransactionID": _identity(payment.primary_id, facts) or identity,
        "transactionDate": _moment(payment.created_ns),
    }
    if answer.is_partial:
        approved = format_cents(answer.approved_cents)
        pairs["responseMessage"] = f"Partially Approved ${approved}"
        pairs["partialApprovalAmount"] = approved
    if echo_amount:
        # [I] In no public sample: the amount asked comes back, so that a caller can match it.
        pairs["amount"] = format_cents(answer.asked_cents)
    return pairs


def _saved(saved: Saved, facts: PaymentFacts) -> Pairs:
    identity = _identity(saved.payment.transaction_id, facts)
    return {
        "cardBrand": saved.payment.brand,
        "lastFourDigits": saved.payment.last_four,
        **_face(saved.order.face),
        "responseCode": "000",
        "responseMessage": "APPROVAL",
        "transactionStatus": saved.payment.status,
        "saveOnFileTransactionID": identity,
        "paymentPlanID": identity,
        "transactionDate": _moment(saved.payment.created_ns),
    }


def _changed(changed: Changed, facts: PaymentFacts, *, echo_amount: bool) -> Pairs:
    row, primary = changed.row, _identity(changed.primary.transaction_id, facts)
    if row.action == Action.VOID:
        # As in the sample: a void has no transactionID of its own.
        return {
            "responseCode": "000",
            "responseMessage": facts.nvp_void_message,
            "transactionStatus": row.status,
            "primaryTransactionID": primary,
            "primaryTransactionStatus": changed.primary.status,
        }
    identity = _identity(row.transaction_id, facts)
    # As in the sample of a refund: the id that was sent comes back as saveOnFileTransactionID, and
    # primaryTransactionID is another.
    is_refund = row.action == Action.REFUND
    pairs = {
        "cardBrand": row.brand,
        "lastFourDigits": row.last_four,
        "authorizationNumber": authorization_number(row.transaction_id),
        "responseCode": "000",
        "responseMessage": "APPROVAL",
        "transactionStatus": row.status,
        "transactionID": identity,
        "primaryTransactionID": identity if is_refund else primary,
        **({"saveOnFileTransactionID": primary} if is_refund else {}),
        "transactionDate": _moment(row.created_ns),
    }
    if echo_amount:
        pairs["amount"] = format_cents(row.approved_cents)
    return pairs


def _face(face: CardFace | None) -> Pairs:
    if face is None:
        return {}
    return {
        "cardBINNumber": face.bin_number,
        "cardExpirationMonth": f"{face.month:02d}",
        "cardExpirationYear": str(face.year),
        **({"cardHolderName": face.holder} if face.holder else {}),
    }


def _identity(transaction_id: str, facts: PaymentFacts) -> str:
    return transaction_id.upper() if facts.nvp_id_case == "upper" else transaction_id


def _moment(ns: int) -> str:
    """ISO 8601 in UTC with seven decimals, as the samples have it."""
    seconds, rest = divmod(ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest // 100:07d}Z"
