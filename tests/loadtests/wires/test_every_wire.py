"""What holds on every wire: one's own answer counts, another's is caught, and no bytes are a crash."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from loadtests.transaction import Earlier
from scenarios.kind_wires import possible_wires
from scenarios.kinds import Kind, Wire
from scenarios.observation import ANSWERS, Outcome
from tests.loadtests.builders import CREDENTIALS, reply
from tests.loadtests.wires.answers import EVERY_WAY, approval, asked, codec, target_with

WAYS = [pytest.param(kind, wire, id=f"{kind.text}-{wire.text}") for kind, wire in EVERY_WAY]
PAYMENTS = [each for each in WAYS if each.values[1] in (Wire.REST, Wire.NVP)]


def test_every_kind_travels_by_the_wires_of_the_contract() -> None:
    assert {wire for _, wire in EVERY_WAY} == set(Wire) - {Wire.CUSTOM}
    assert {kind for kind, _ in EVERY_WAY} == set(Kind)


@pytest.mark.parametrize(("kind", "wire"), WAYS)
def test_a_call_goes_to_its_endpoint_with_credentials_and_no_secret_in_the_address(
    kind: Kind, wire: Wire
) -> None:
    call = codec(kind, wire).build_call(asked(kind, wire), target_with(kind, wire), CREDENTIALS)
    base = target_with(kind, wire).endpoints.declared()[wire]
    assert call.url == base or (wire == Wire.REST and call.url.rpartition("/")[0] == base)
    shown = "".join(call.headers) + "".join(call.headers.values())
    if wire == Wire.CORE_SOAP:
        assert b">joe</wsse:Username>" in call.body
        assert b">p:w</wsse:Password>" in call.body
    else:
        assert "the-key" in shown or "Basic am9lOnA6dw==" in shown
    assert shown.isascii()


@pytest.mark.parametrize(("kind", "wire"), WAYS)
def test_its_own_answer_completes_a_transaction(kind: Kind, wire: Wire) -> None:
    for root in range(20):
        transaction = asked(kind, wire, root)
        said = codec(kind, wire).classify_reply(transaction, reply(approval(transaction)))
        assert (said.outcome, said.detail) == (Outcome.COMPLETED, said.detail)
        moved = 0 if kind in (Kind.TOKEN_SAVE, Kind.RECEIPT_LOOKUP) else transaction.asked_cents
        assert said.approved_cents == moved


@pytest.mark.parametrize(("kind", "wire"), WAYS)
def test_another_transactions_answer_is_a_wrong_reply(kind: Kind, wire: Wire) -> None:
    ours = asked(kind, wire, 5)
    others = [asked(kind, wire, root) for root in range(6, 60)]
    if kind == Kind.TOKEN_SAVE:  # all that a token save repeats is the card, and there are four test cards
        assert ours.charge
        others = [each for each in others if each.charge and each.charge.card != ours.charge.card]
    if kind in (Kind.CARD_SALE, Kind.CARD_AUTHORIZATION, Kind.TOKEN_SALE, Kind.ECHECK_SALE):
        others = [each for each in others if each.asked_cents != ours.asked_cents]
    for other in others:
        said = codec(kind, wire).classify_reply(ours, reply(approval(other)))
        assert said.outcome is Outcome.WRONG_REPLY, said.detail


@pytest.mark.parametrize(
    ("kind", "wire"), [each for each in PAYMENTS if each.values[0] not in (Kind.VOID, Kind.TOKEN_SAVE)]
)
def test_another_amount_is_a_wrong_reply(kind: Kind, wire: Wire) -> None:
    transaction = asked(kind, wire)
    name = "Amount" if wire == Wire.REST else "amount"
    said = codec(kind, wire).classify_reply(transaction, reply(approval(transaction, **{name: "7777.00"})))
    assert said.outcome is Outcome.WRONG_REPLY
    assert said.detail == "another amount"


@pytest.mark.parametrize(
    ("kind", "wire"), [each for each in PAYMENTS if each.values[0] != Kind.RECEIPT_LOOKUP]
)
def test_another_invoice_is_a_wrong_reply(kind: Kind, wire: Wire) -> None:
    transaction = asked(kind, wire)
    name = "AdditionalInfo1" if wire == Wire.REST else "additionalInfo1"
    said = codec(kind, wire).classify_reply(
        transaction, reply(approval(transaction, **{name: "zzzzzz-1-0-0"}))
    )
    assert said.outcome is Outcome.WRONG_REPLY


@pytest.mark.parametrize(("kind", "wire"), PAYMENTS)
def test_a_decline_is_an_answer_and_a_status_that_does_not_belong_is_none(kind: Kind, wire: Wire) -> None:
    transaction = asked(kind, wire)
    name = "TransactionStatus" if wire == Wire.REST else "transactionStatus"
    classify = codec(kind, wire).classify_reply
    declined = classify(transaction, reply(approval(transaction, **{name: "D"})))
    odd = classify(transaction, reply(approval(transaction, **{name: "SE"})))
    if kind == Kind.RECEIPT_LOOKUP:  # a look at a declined payment is answered
        assert declined.outcome is odd.outcome is Outcome.COMPLETED
    else:
        assert declined.outcome is Outcome.DECLINED
        assert declined.approved_cents == 0
        assert odd.outcome is Outcome.ERROR


@pytest.mark.parametrize("status", [302, 400, 401, 429, 500, 503])
@pytest.mark.parametrize(("kind", "wire"), WAYS)
def test_no_body_makes_an_error_status_an_answer(kind: Kind, wire: Wire, status: int) -> None:
    transaction = asked(kind, wire)
    said = codec(kind, wire).classify_reply(transaction, reply(approval(transaction), status))
    assert said.outcome is Outcome.ERROR
    assert said.detail == f"HTTP {status}"


@pytest.mark.parametrize(("kind", "wire"), WAYS)
def test_no_bytes_make_a_reply_crash(kind: Kind, wire: Wire) -> None:
    transaction, classify = asked(kind, wire), codec(kind, wire).classify_reply

    @given(st.binary(max_size=300), st.sampled_from([200, 204, 299, 401, 500]))
    def anything(body: bytes, status: int) -> None:
        assert classify(transaction, reply(body, status)).outcome is Outcome.ERROR

    anything()


@pytest.mark.parametrize(("kind", "wire"), WAYS)
def test_no_damage_to_an_answer_makes_it_crash(kind: Kind, wire: Wire) -> None:
    transaction, classify = asked(kind, wire, dependents=1.0), codec(kind, wire).classify_reply
    sound = approval(transaction)

    @given(st.integers(0, len(sound)), st.integers(0, 40), st.binary(max_size=40))
    def damaged(place: int, length: int, junk: bytes) -> None:
        said = classify(transaction, reply(sound[:place] + junk + sound[place + length :]))
        assert said.outcome in {*ANSWERS, *Outcome}

    damaged()


@pytest.mark.parametrize(
    "kind", [Kind.CARD_CAPTURE, Kind.VOID, Kind.REFUND, Kind.TOKEN_SALE], ids=lambda kind: kind.text
)
@pytest.mark.parametrize("wire", [Wire.REST, Wire.NVP], ids=lambda wire: wire.text)
def test_a_follow_up_without_its_predecessor_is_refused_before_it_is_sent(kind: Kind, wire: Wire) -> None:
    alone = replace(asked(kind, wire), earlier=None)
    with pytest.raises(ValueError, match="needs an earlier transaction"):
        codec(kind, wire).build_call(alone, target_with(kind, wire), CREDENTIALS)


def test_a_capture_void_or_refund_moves_the_earlier_amount_and_a_token_save_nothing() -> None:
    cents = {kind: asked(kind, possible_wires(kind)[0]).asked_cents for kind in Kind}
    assert cents[Kind.CARD_CAPTURE] == cents[Kind.VOID] == cents[Kind.REFUND] == 1005
    assert cents[Kind.TOKEN_SAVE] == cents[Kind.CLAIM_STATUS] == 0
    assert cents[Kind.CARD_SALE] == cents[Kind.TOKEN_SALE] == cents[Kind.ECHECK_SALE] > 1005
    assert replace(asked(Kind.VOID, Wire.REST), earlier=None).asked_cents == 0
    assert Earlier().amount_cents == 0
