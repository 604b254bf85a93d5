"""Payment requests other than the REST sale, written out as callers send them."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import requests

from tests.mock_gateway.messages import BASIC, REST_HEADERS
from tests.mock_gateway.running import RunningGateway

OUTLET = {"MerchantID": "TESTMERCH", "StoreID": "0001", "TerminalID": "0001"}
CARD = {"EntryMode": "key", "CardNumber": "4111111111111111", "Expiration": "12/39", "CVN": "123"}
NVP_PATH = "/payment/NVP.aspx"
NVP_CARD = {
    "cardPresentStatus": "NotPresentInternet",
    "cardNumber": "4111111111111111",
    "cardExpDate": "12-39",
}
NVP_CHECK = {"routingNumber": "021000021", "accountNumber": "123456789", "accountType": "Checking"}


def post_rest(gateway: RunningGateway, operation: str, body: dict[str, Any]) -> requests.Response:
    """Sent with requests, as the sale is sent with httpx elsewhere."""
    url = f"{gateway.url}/rest/payment/{operation}"
    return requests.post(url, json={"Outlet": OUTLET, **body}, headers=REST_HEADERS, timeout=8)


def ask_rest(gateway: RunningGateway, operation: str, status: int = 200, **body: Any) -> dict[str, Any]:
    """The JSON of the answer, which must have that HTTP status."""
    answer = post_rest(gateway, operation, body)
    assert answer.status_code == status, answer.text
    reply: dict[str, Any] = answer.json()
    return reply


def charge(
    gateway: RunningGateway, operation: str = "sale", amount: Any = "25.00", invoice: str = "INV"
) -> str:
    """The id of a charge that was approved."""
    reply = ask_rest(
        gateway, operation, PaymentMethod="Card", Card=CARD, Amount=amount, AdditionalInfo1=invoice
    )
    assert reply["TransactionStatus"] in "CA"
    return str(reply["TransactionID"])


def refusal(gateway: RunningGateway, operation: str, **body: Any) -> tuple[str, str]:
    """Response code and blamed field of a request that must be refused with 400."""
    reply = ask_rest(gateway, operation, 400, **body)
    (error,) = reply["FieldErrors"]
    return reply["ResponseCode"], error["Field"]


def find(gateway: RunningGateway, transaction_id: str) -> dict[str, Any]:
    """What the ledger holds under that id."""
    payment: dict[str, Any] = gateway.client.get(f"/_control/payments/{transaction_id}").json()
    return payment


def nvp_form(action: str, **fields: str) -> dict[str, str]:
    return {"transactionType": "CreditCard", "transactionAction": action, **OUTLET, **fields}


def post_nvp(gateway: RunningGateway, form: dict[str, str] | str | bytes) -> requests.Response:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return requests.post(gateway.url + NVP_PATH, data=form, headers=headers, auth=BASIC, timeout=8)


def ask_nvp(gateway: RunningGateway, form: dict[str, str] | str | bytes) -> dict[str, str]:
    """The pairs of the answer, which must have HTTP status 200."""
    answer = post_nvp(gateway, form)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/x-www-form-urlencoded")
    return dict(parse_qsl(answer.text, keep_blank_values=True, strict_parsing=True))
