"""/openapi.json: the REST payments with their real schemas, added to what FastAPI knows by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from mock_gateway import rest_schema as schema
from mock_gateway.payment import Action
from mock_gateway.payment_facts import PaymentFacts

_Models = tuple[type[BaseModel], ...]
_CHARGES: _Models = (schema.CardCharge, schema.OnFileCharge)
# Request, reply and what it does, by action.
_OPERATIONS: dict[Action, tuple[_Models, type[BaseModel], str]] = {
    Action.SALE: (_CHARGES, schema.ChargeReply, "Charge a card or a saved card"),
    Action.AUTH: (_CHARGES, schema.ChargeReply, "Authorize an amount without taking it"),
    Action.CAPTURE: ((schema.Capture,), schema.ChangeReply, "Take what was authorized, or a part of it"),
    Action.VOID: ((schema.Void,), schema.ChangeReply, "Undo a payment whole"),
    Action.REFUND: ((schema.Refund,), schema.ChangeReply, "Give back a payment, or a part of it"),
    Action.TOKEN: ((schema.PaymentPlan,), schema.PaymentPlanReply, "Save a card and get a token for it"),
}
_REFERENCE = "#/components/schemas/{model}"
_KEYS = ("api-key", "api-secret")
_MESSAGES = {
    "401": "The keys are missing or wrong",
    "408": "The body did not arrive in time",
    "413": "The body is too large",
    "5XX": "The gateway failed, by itself or by a planted fault",
}


def describe_rest(app: FastAPI, paths: dict[Action, str], facts: PaymentFacts) -> None:
    """Has the application describe these paths, which it serves without knowing their bodies."""
    describe_the_rest: Callable[[], dict[str, Any]] = app.openapi

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = describe_the_rest()
            document["paths"].update(
                {path: {"post": _operation(action, facts)} for action, path in paths.items()}
            )
            components = document.setdefault("components", {})
            components.setdefault("schemas", {}).update(_schemas())
            components["securitySchemes"] = {
                key: {"type": "apiKey", "in": "header", "name": key} for key in _KEYS
            }
            app.openapi_schema = document
        return app.openapi_schema

    # The documented way to extend it.
    app.openapi = describe  # type: ignore[method-assign]


def _operation(action: Action, facts: PaymentFacts) -> dict[str, Any]:
    requests, reply, summary = _OPERATIONS[action]
    bodies = [_refer(model) for model in requests]
    refusal = _answer(schema.RefusalReply, "The request is invalid, or the state of the payment forbids it")
    messages = {status: _answer(schema.MessageReply, text) for status, text in _MESSAGES.items()}
    return {
        "tags": ["payments"],
        "operationId": action.value,
        "summary": summary,
        "security": [{key: [] for key in _KEYS}],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": bodies[0] if len(bodies) == 1 else {"oneOf": bodies}}},
        },
        "responses": {"200": _answer(reply, "Carried out"), str(facts.refusal_status): refusal, **messages},
    }


def _answer(model: type[BaseModel], description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": _refer(model)}}}


def _refer(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REFERENCE.format(model=model.__name__)}


def _schemas() -> dict[str, Any]:
    models: set[type[BaseModel]] = {schema.RefusalReply, schema.MessageReply}
    for requests, reply, _ in _OPERATIONS.values():
        models |= {*requests, reply}
    _, definitions = models_json_schema([(model, "validation") for model in models], ref_template=_REFERENCE)
    return dict(sorted(definitions["$defs"].items()))
