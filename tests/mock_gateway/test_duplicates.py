"""The duplicate window: same card, same amount, same invoice within a while."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mock_gateway.duplicates import DuplicateWindow
from tests.mock_gateway.conftest import StartGateway
from tests.mock_gateway.messages import sale_body
from tests.mock_gateway.payment_messages import (
    CARD,
    NVP_CARD,
    ask_nvp,
    ask_rest,
    charge,
    nvp_form,
    post_rest,
    refusal,
)
from tests.mock_gateway.running import RunningGateway

ON = '[payments]\nduplicate_window = "1h"\n'
SALE = {"PaymentMethod": "Card", "Card": CARD, "Amount": "25.00", "AdditionalInfo1": "INV"}
_S = 1_000_000_000


def test_it_is_off_by_default(instant: RunningGateway) -> None:
    assert charge(instant, invoice="SAME") != charge(instant, invoice="SAME")


def test_an_equal_charge_is_refused_with_its_own_code_and_not_stored(start_gateway: StartGateway) -> None:
    gateway = start_gateway(ON)
    charge(gateway)
    assert refusal(gateway, "sale", **SALE) == ("094", "Amount")
    assert refusal(gateway, "auth", **SALE) == ("094", "Amount")
    form = nvp_form("AuthCapt", amount="25.00", additionalInfo1="INV", **NVP_CARD)
    assert ask_nvp(gateway, form)["errorCode"] == "094"
    assert len(gateway.ledger()) == 1


def test_another_card_amount_or_invoice_is_another_charge(start_gateway: StartGateway) -> None:
    gateway = start_gateway(ON)
    charge(gateway)
    other_card = {**CARD, "CardNumber": "5500000000000004"}
    for change in ({"Card": other_card}, {"Amount": "25.01"}, {"AdditionalInfo1": "INV-2"}):
        assert ask_rest(gateway, "sale", **{**SALE, **change})["TransactionStatus"] == "C"


def test_the_same_amount_spelled_differently_is_the_same(start_gateway: StartGateway) -> None:
    gateway = start_gateway(ON)
    charge(gateway, amount=25)
    assert refusal(gateway, "sale", **SALE) == ("094", "Amount")


def test_a_token_stands_for_its_card(start_gateway: StartGateway) -> None:
    gateway = start_gateway(ON)
    token = ask_rest(gateway, "paymentplan", PaymentPlanType="SaveOnFile", PaymentMethod="Card", Card=CARD)
    charge(gateway)
    on_file = {**SALE, "PaymentMethod": "OnFile", "PaymentMethodID": token["PaymentPlanID"]}
    assert refusal(gateway, "sale", **on_file) == ("094", "Amount")


def test_a_declined_or_voided_charge_may_be_made_again(start_gateway: StartGateway) -> None:
    gateway = start_gateway(ON)
    declined = [gateway.sale(sale_body("9.05")).json()["TransactionStatus"] for _ in range(2)]
    assert declined == ["D", "D"]
    ask_rest(gateway, "void", TransactionID=charge(gateway))
    charge(gateway)


def test_of_equal_charges_at_the_same_time_one_is_made(start_gateway: StartGateway) -> None:
    gateway = start_gateway(ON + '[[faults]]\nkind = "stall"\nadd = "200ms"\n')
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda _: post_rest(gateway, "sale", SALE), range(6)))
    assert sorted(answer.status_code for answer in answers) == [200, *[400] * 5]
    assert len(gateway.ledger()) == 1


def test_the_window_goes_on_over_a_restart(start_gateway: StartGateway, tmp_path: Path) -> None:
    path = str(tmp_path / "ledger.sqlite")
    first = start_gateway(ON, "--ledger", path)
    charge(first, invoice="VOIDED")
    ask_rest(first, "void", TransactionID=charge(first, invoice="UNDONE"))
    first.close()
    second = start_gateway(ON, "--ledger", path)
    assert refusal(second, "sale", **{**SALE, "AdditionalInfo1": "VOIDED"}) == ("094", "Amount")
    charge(second, invoice="UNDONE")


def test_charges_leave_the_window_when_their_time_is_up() -> None:
    window = DuplicateWindow(10, "secret")
    for second in range(20):
        window.take(f"charge-{second}", second * _S)
    assert [n for n in range(20) if window.has(f"charge-{n}", 20 * _S)] == list(range(10, 20))
    assert len(window._taken) == 10, "what is over is not kept"


def test_fingerprints_tell_nothing_without_the_secret() -> None:
    one, other = DuplicateWindow(10, "secret"), DuplicateWindow(10, "another")
    assert one.card_key("4111111111111111") != other.card_key("4111111111111111")
    assert one.card_key("4111111111111111") == DuplicateWindow(99, "secret").card_key("4111111111111111")
    assert "4111" not in one.card_key("4111111111111111")
    assert DuplicateWindow(0, "secret").card_key("4111111111111111") == ""
