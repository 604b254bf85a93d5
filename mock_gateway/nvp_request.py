"""Payment requests as NVP clients send them: from a form to an order, or to all that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from mock_gateway.field_errors import FieldError
from mock_gateway.nvp_fields import CARD_PRESENT_STATUSES, NvpFields
from mock_gateway.nvp_form import read_form
from mock_gateway.payment import Action, CardSave, Change, Charge, Order

CardKeyOf = Callable[[str], str]

ECHECK = "eCheck"
_TYPES = ("CreditCard", "DebitCard", ECHECK)
_VIEW_RECEIPT = "ViewReceipt"
_ACTIONS = {
    "AuthCapt": Action.SALE,
    "Auth": Action.AUTH,
    "Capt": Action.CAPTURE,
    "Void": Action.VOID,
    "SimpleRefund": Action.REFUND,
    "SaveOnFile": Action.TOKEN,
}
_LONGEST_ID = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptQuery:
    """A question after an earlier payment; `key` is whatever the caller knows it by."""

    key: str


def read_nvp_order(
    body: bytes, *, card_key_of: CardKeyOf, captures: bool, today: datetime | None = None
) -> Order | ReceiptQuery | list[FieldError]:
    """The order in a form; `card_key_of` gives what is kept instead of the card number."""
    form = read_form(body)
    if isinstance(form, list):
        return form
    fields = NvpFields(form)
    known = [name for name in _ACTIONS if captures or name != "Capt"]
    name = fields.word("transactionAction", [*known, _VIEW_RECEIPT], required=True)
    fields.outlet()
    if not name:
        return fields.errors
    if name == _VIEW_RECEIPT:
        return _read_query(fields)
    kind = fields.word("transactionType", _TYPES, required=True)
    action = _ACTIONS[name]
    if action in (Action.SALE, Action.AUTH):
        return _read_charge(action, kind, fields, card_key_of, today or datetime.now(UTC))
    if action is Action.TOKEN:
        return _read_card_save(kind, fields, card_key_of, today or datetime.now(UTC))
    return _read_change(action, fields)


def _read_query(fields: NvpFields) -> ReceiptQuery | list[FieldError]:
    # [I] There are no sign-on sessions here: the token may be a transaction id or a merchant reference.
    key = fields.text("singleSignOnToken", longest=100) or fields.text("transactionID", longest=_LONGEST_ID)
    if not key and not fields.errors:
        fields.complain("singleSignOnToken", "is required")
    for name in ("requestToken", "allowPartialPayment"):
        fields.word(name, ("true", "false"))
    return fields.errors or ReceiptQuery(key=key)


def _read_charge(
    action: Action, kind: str, fields: NvpFields, card_key_of: CardKeyOf, today: datetime
) -> Charge | list[FieldError]:
    cents = fields.cents()
    token_id = source = brand = ""
    face = None
    if fields.has("paymentMethodID"):
        token_id = fields.text("paymentMethodID", longest=_LONGEST_ID)
        fields.word("cardPresentStatus", CARD_PRESENT_STATUSES)
    elif kind == ECHECK:
        if action is Action.AUTH:
            fields.complain("transactionAction", "an eCheck cannot be authorized only")
        source, brand = fields.check_account(), ECHECK
    else:
        source, brand, face = fields.card(today)
    reference = fields.reference()
    if fields.errors or cents is None:
        return fields.errors
    return Charge(
        action=action,
        asked_cents=cents,
        merchant_reference=reference,
        last_four=source[-4:].rpartition("/")[2],
        brand=brand,
        face=face,
        card_key=card_key_of(source) if source else "",
        token_id=token_id,
    )


def _read_change(action: Action, fields: NvpFields) -> Change | list[FieldError]:
    primary_id = fields.text("primaryTransactionID", longest=_LONGEST_ID, required=True)
    fields.word("primaryCardPresentStatus", CARD_PRESENT_STATUSES)
    cents = None if action is Action.VOID else fields.cents(required=action is Action.REFUND)
    reference = fields.reference()
    if fields.errors:
        return fields.errors
    return Change(action=action, primary_id=primary_id, cents=cents, merchant_reference=reference)


def _read_card_save(
    kind: str, fields: NvpFields, card_key_of: CardKeyOf, today: datetime
) -> CardSave | list[FieldError]:
    if kind == ECHECK:
        fields.complain("transactionType", "only cards can be saved")
    # The sample sends an amount along; nothing is charged.
    fields.cents(required=False)
    number, brand, face = fields.card(today)
    reference = fields.reference()
    if fields.errors:
        return fields.errors
    return CardSave(
        merchant_reference=reference,
        last_four=number[-4:],
        brand=brand,
        face=face,
        card_key=card_key_of(number),
    )
