"""The contract: one of each kind on each wire, built by the caller, answered by the gateway's own process.

The two sides share no code, so a wrong spelling on either shows here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from loadtests.http_client import HttpClient, Limits
from loadtests.transaction import Classified, Earlier
from loadtests.transactions import Transactions
from loadtests.wire_codecs import load_codecs
from loadtests.wires.credentials import Credentials
from scenarios.kind_wires import possible_wires
from scenarios.kinds import KIND_CLASS, PAYMENT, Kind, Wire
from scenarios.observation import ANSWERS, Outcome
from tests.loadtests.builders import scenario
from tests.loadtests.wires.answers import target_with
from tests.mock_gateway.messages import BASIC, REST_HEADERS
from tests.mock_gateway.running import RunningGateway

CREDENTIALS = Credentials(
    rest_api_key=REST_HEADERS["api-key"],
    rest_api_secret=REST_HEADERS["api-secret"],
    basic_user=BASIC[0],
    basic_password=BASIC[1],
)
EVERY_WAY = [
    pytest.param(kind, wire, id=f"{kind.text}-{wire.text}") for kind in Kind for wire in possible_wires(kind)
]
WIRES = [Wire.REST, Wire.NVP]
INQUIRIES = [
    pytest.param(kind, wire, id=f"{kind.text}-{wire.text}")
    for kind in (Kind.ELIGIBILITY_INQUIRY, Kind.ELIGIBILITY_ENHANCED, Kind.CLAIM_STATUS)
    for wire in possible_wires(kind)
]


class Caller:
    """Sends transactions one after the other, each a root of its own."""

    def __init__(self, url: str, client: HttpClient, nonce: str) -> None:
        self._url, self._client, self._nonce = url, client, nonce
        self._root = 0

    def send(
        self,
        kind: Kind,
        wire: Wire,
        earlier: Earlier | None = None,
        *,
        cents: int = 0,
        dependents: float = 0.3,
    ) -> Classified:
        """What is said of one transaction; `cents` is the end of its amount."""
        self._root += 1
        shares = {"declined_share": float(cents == 5), "partial_share": float(cents == 10)}
        declared = scenario(money=shares, people={"dependents_share": dependents})
        target = target_with(kind, wire, self._url)
        made = Transactions(declared, target, seed=7, nonce=self._nonce, expiration_year=2039)
        transaction = made.make(kind, self._root * 256, earlier=earlier)
        codec = load_codecs(target)[kind]
        reply = self._client.exchange(codec.build_call(transaction, target, CREDENTIALS))
        return codec.classify_reply(transaction, reply)

    def complete(self, kind: Kind, wire: Wire, earlier: Earlier | None = None, *, cents: int = 0) -> Earlier:
        """The completed transaction, for another to refer to."""
        said = self.send(kind, wire, earlier, cents=cents)
        assert said.outcome is Outcome.COMPLETED, said.detail
        return Earlier(transaction_id=said.transaction_id, token=said.token, amount_cents=said.approved_cents)


@pytest.fixture(scope="module")
def gateway() -> Iterator[RunningGateway]:
    running = RunningGateway("--profile", "instant")
    yield running
    assert running.close() == "", "nothing that the caller sends makes the gateway complain"


@pytest.fixture(scope="module")
def client() -> Iterator[HttpClient]:
    made = HttpClient(Limits(connect_s=5, first_byte_s=10, whole_s=10))
    yield made
    made.close()


@pytest.fixture(scope="module")
def caller(gateway: RunningGateway, client: HttpClient) -> Caller:
    return Caller(gateway.url, client, "c0ntr4")


def test_a_card_sale_completes_declines_and_is_approved_in_part(caller: Caller) -> None:
    assert caller.complete(Kind.CARD_SALE, Wire.REST).amount_cents >= 1000
    assert caller.send(Kind.CARD_SALE, Wire.REST, cents=5).outcome is Outcome.DECLINED
    assert caller.complete(Kind.CARD_SALE, Wire.REST, cents=10).amount_cents % 100 == 0


def test_an_eligibility_inquiry_is_answered(caller: Caller) -> None:
    said = [caller.send(Kind.ELIGIBILITY_INQUIRY, Wire.SOAP_EDI) for _ in range(60)]
    assert {each.outcome for each in said} <= ANSWERS, [each.detail for each in said]


@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.text)
class TestPayments:
    def test_a_sale_ends_as_its_amount_says(self, caller: Caller, wire: Wire) -> None:
        assert caller.complete(Kind.CARD_SALE, wire).amount_cents >= 1000
        assert caller.send(Kind.CARD_SALE, wire, cents=5).outcome is Outcome.DECLINED
        assert caller.complete(Kind.CARD_SALE, wire, cents=10).amount_cents % 100 == 0

    def test_a_sale_is_voided_once(self, caller: Caller, wire: Wire) -> None:
        sale = caller.complete(Kind.CARD_SALE, wire)
        assert caller.complete(Kind.VOID, wire, sale).amount_cents == sale.amount_cents
        assert caller.send(Kind.VOID, wire, sale).outcome is Outcome.ERROR

    def test_a_sale_is_refunded_once_in_full(self, caller: Caller, wire: Wire) -> None:
        sale = caller.complete(Kind.CARD_SALE, wire, cents=10)
        assert caller.complete(Kind.REFUND, wire, sale).amount_cents == sale.amount_cents
        assert caller.send(Kind.REFUND, wire, sale).outcome is Outcome.ERROR

    def test_an_authorization_is_captured_or_voided(self, caller: Caller, wire: Wire) -> None:
        held = caller.complete(Kind.CARD_AUTHORIZATION, wire)
        assert caller.complete(Kind.CARD_CAPTURE, wire, held).amount_cents == held.amount_cents
        assert caller.send(Kind.CARD_AUTHORIZATION, wire, cents=5).outcome is Outcome.DECLINED
        caller.complete(Kind.VOID, wire, caller.complete(Kind.CARD_AUTHORIZATION, wire))

    def test_a_saved_card_is_charged_by_its_token(self, caller: Caller, wire: Wire) -> None:
        saved = caller.complete(Kind.TOKEN_SAVE, wire)
        assert saved.token
        charged = caller.complete(Kind.TOKEN_SALE, wire, saved)
        caller.complete(Kind.REFUND, wire, charged)
        assert caller.send(Kind.TOKEN_SALE, wire, saved, cents=5).outcome is Outcome.DECLINED
        assert caller.send(Kind.TOKEN_SALE, wire, Earlier(token="f" * 32)).outcome is Outcome.ERROR

    def test_what_names_no_payment_is_refused(self, caller: Caller, wire: Wire) -> None:
        nobody = Earlier(transaction_id="f" * 32, amount_cents=1000)
        for kind in (Kind.VOID, Kind.REFUND, Kind.CARD_CAPTURE):
            assert caller.send(kind, wire, nobody).outcome is Outcome.ERROR

    def test_a_receipt_shows_what_was_paid(self, caller: Caller, wire: Wire) -> None:
        for cents in (0, 10):
            caller.complete(Kind.RECEIPT_LOOKUP, Wire.NVP, caller.complete(Kind.CARD_SALE, wire, cents=cents))


def test_an_echeck_is_paid_and_its_receipt_is_found(caller: Caller) -> None:
    paid = caller.complete(Kind.ECHECK_SALE, Wire.NVP)
    caller.complete(Kind.RECEIPT_LOOKUP, Wire.NVP, paid)
    nobody = Earlier(transaction_id="f" * 32)
    assert caller.send(Kind.RECEIPT_LOOKUP, Wire.NVP, nobody).outcome is Outcome.ERROR


def test_a_payment_of_one_wire_can_be_changed_over_the_other(caller: Caller) -> None:
    caller.complete(Kind.REFUND, Wire.NVP, caller.complete(Kind.CARD_SALE, Wire.REST))
    caller.complete(Kind.VOID, Wire.REST, caller.complete(Kind.CARD_SALE, Wire.NVP))


@pytest.mark.parametrize(("kind", "wire"), INQUIRIES)
def test_payers_answer_each_inquiry_on_each_wire(caller: Caller, kind: Kind, wire: Wire) -> None:
    said = [caller.send(kind, wire) for _ in range(80)]
    assert {each.outcome for each in said} <= ANSWERS, Counter(each.detail for each in said)
    assert sum(each.outcome is Outcome.COMPLETED for each in said) > 40
    if kind is not Kind.CLAIM_STATUS:
        assert Outcome.REJECTED in {each.outcome for each in said}


@pytest.mark.parametrize(("kind", "wire"), EVERY_WAY)
def test_wrong_credentials_are_an_error_on_every_wire(
    gateway: RunningGateway, client: HttpClient, kind: Kind, wire: Wire
) -> None:
    stranger = Credentials(rest_api_key="x", rest_api_secret="y", basic_user="x", basic_password="y")
    earlier = Earlier(transaction_id="f" * 32, token="f" * 32, amount_cents=100)
    target = target_with(kind, wire, gateway.url)
    made = Transactions(scenario(), target, seed=7, nonce="c0ntr5", expiration_year=2039)
    transaction, codec = made.make(kind, 256, earlier=earlier), load_codecs(target)[kind]
    reply = client.exchange(codec.build_call(transaction, target, stranger))
    said = codec.classify_reply(transaction, reply)
    assert said.outcome is Outcome.ERROR
    assert said.detail in ("HTTP 401", "envelope error 'UnAuthorized'")


def test_every_payment_kind_is_in_this_contract() -> None:
    assert {kind for kind in Kind if KIND_CLASS[kind] == PAYMENT} == {
        Kind.CARD_SALE,
        Kind.CARD_AUTHORIZATION,
        Kind.CARD_CAPTURE,
        Kind.TOKEN_SAVE,
        Kind.TOKEN_SALE,
        Kind.ECHECK_SALE,
        Kind.VOID,
        Kind.REFUND,
    }
