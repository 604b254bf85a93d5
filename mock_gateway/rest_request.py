"""Payment requests as REST clients send them: from JSON to an order, or to all that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from mock_gateway.field_errors import FieldError
from mock_gateway.json_fields import JsonFields, read_json_object
from mock_gateway.payment import Action, CardSave, Change, Charge, Order

CardKeyOf = Callable[[str], str]
_LONGEST_ID = 50


def read_rest_order(
    action: Action, body: bytes, *, card_key_of: CardKeyOf, today: datetime | None = None
) -> Order | list[FieldError]:
    """The order in a JSON body; `card_key_of` gives what is kept instead of the card number."""
    sent = read_json_object(body)
    if isinstance(sent, list):
        return sent
    return _READERS[action](action, JsonFields(sent), card_key_of, today or datetime.now(UTC))


def _read_charge(
    action: Action, fields: JsonFields, card_key_of: CardKeyOf, today: datetime
) -> Charge | list[FieldError]:
    fields.outlet()
    cents = fields.cents()
    method = fields.value("PaymentMethod")
    token_id = number = brand = ""
    face = None
    if method == "OnFile":
        token_id = fields.top_text("PaymentMethodID", longest=_LONGEST_ID, required=True)
    else:
        if method != "Card":
            fields.complain("PaymentMethod", 'must be "Card" or "OnFile"')
        number, brand, face = fields.card(today)
    reference = fields.reference()
    if fields.errors or cents is None:
        return fields.errors
    return Charge(
        action=action,
        asked_cents=cents,
        merchant_reference=reference,
        last_four=number[-4:],
        brand=brand,
        face=face,
        card_key=card_key_of(number) if number else "",
        token_id=token_id,
    )


def _read_change(
    action: Action, fields: JsonFields, _card_key_of: CardKeyOf, _today: datetime
) -> Change | list[FieldError]:
    fields.outlet()
    primary_id = fields.top_text("TransactionID", longest=_LONGEST_ID, required=True)
    # A capture without an amount takes all that was authorized; a void has none.
    cents = None if action is Action.VOID else fields.cents(required=action is Action.REFUND)
    reference = fields.reference()
    if fields.errors:
        return fields.errors
    return Change(action=action, primary_id=primary_id, cents=cents, merchant_reference=reference)


def _read_card_save(
    _action: Action, fields: JsonFields, card_key_of: CardKeyOf, today: datetime
) -> CardSave | list[FieldError]:
    fields.outlet()
    if fields.value("PaymentPlanType") != "SaveOnFile":
        fields.complain("PaymentPlanType", 'must be "SaveOnFile"; other plans are not spoken here')
    if fields.value("PaymentMethod") != "Card":
        fields.complain("PaymentMethod", 'must be "Card"')
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


_Reader = Callable[[Action, JsonFields, CardKeyOf, datetime], Order | list[FieldError]]
_READERS: dict[Action, _Reader] = {
    Action.SALE: _read_charge,
    Action.AUTH: _read_charge,
    Action.CAPTURE: _read_change,
    Action.VOID: _read_change,
    Action.REFUND: _read_change,
    Action.TOKEN: _read_card_save,
}
