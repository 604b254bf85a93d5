"""The OpenAPI document and the routes say the same, although the routes check bodies by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from tests.mock_gateway.conftest import StartGateway
from tests.mock_gateway.messages import REST_HEADERS
from tests.mock_gateway.payment_messages import CARD, OUTLET, charge
from tests.mock_gateway.running import RunningGateway

OPERATIONS = ["sale", "auth", "capture", "void", "refund-simple", "paymentplan"]
load_all_checks()
# A schema cannot say what a right check digit is, nor that a payment exists: the second test can.
TOO_MUCH = CHECKS.get_by_names(["positive_data_acceptance"])
_BOUNDED = settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))


def try_out(
    gateway: RunningGateway, operation: str, mode: GenerationMode, amend: Callable[[Any], None]
) -> Counter[int]:
    """Sends what schemathesis makes up; every answer must be one that the document allows."""
    schema = schemathesis.openapi.from_url(f"{gateway.url}/openapi.json")
    (found,) = schema.include(path=f"/rest/payment/{operation}").get_all_operations()
    statuses: Counter[int] = Counter()

    @_BOUNDED
    @given(case=found.ok().as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        amend(case.body)
        answer = case.call(headers=REST_HEADERS)
        statuses[answer.status_code] += 1
        case.validate_response(answer, excluded_checks=TOO_MUCH)

    send()
    return statuses


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_the_document_forbids_is_refused_as_it_says(instant: RunningGateway, operation: str) -> None:
    statuses = try_out(instant, operation, GenerationMode.NEGATIVE, lambda _: None)
    assert set(statuses) <= {400, 401}
    assert statuses[400] > 5


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_the_document_allows_is_taken_and_answered_as_it_says(
    instant: RunningGateway, operation: str
) -> None:
    token = instant.client.post(
        "/rest/payment/paymentplan",
        headers=REST_HEADERS,
        json={"Outlet": OUTLET, "PaymentPlanType": "SaveOnFile", "PaymentMethod": "Card", "Card": CARD},
    ).json()["PaymentPlanID"]

    def amend(body: dict[str, Any]) -> None:
        if "Card" in body:
            body["Card"] |= {name: CARD[name] for name in ("CardNumber", "Expiration")}
        if "PaymentMethodID" in body:
            body["PaymentMethodID"] = token
        if isinstance(body.get("Amount"), float | int):
            body["Amount"] = max(0.01, round(min(body["Amount"], 1e9), 2))
        if "TransactionID" in body:
            body["TransactionID"] = charge(
                instant, "auth" if operation == "capture" else "sale", "999999999999.00"
            )

    assert set(try_out(instant, operation, GenerationMode.POSITIVE, amend)) == {200}


def test_the_document_lists_what_is_served(start_gateway: StartGateway) -> None:
    gateway = start_gateway("[payments]\ncapture = false\nrefusal_status = 422\n")
    document = gateway.client.get("/openapi.json").json()
    assert {path.removeprefix("/rest/payment/") for path in document["paths"] if "/rest/" in path} == {
        name for name in OPERATIONS if name != "capture"
    }
    assert "422" in document["paths"]["/rest/payment/sale"]["post"]["responses"]
