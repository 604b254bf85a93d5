"""/_control/faults: put faults in force, list them and end them while the gateway runs."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mock_gateway.admission import read_body
from mock_gateway.errors import BodyError
from mock_gateway.fault_plan import PlannedFault
from mock_gateway.faults import Fault
from mock_gateway.gateway import Gateway
from mock_gateway.profile_problems import describe_problems

_MOST_FAULTS = 100
_BODY_BYTES = 64 * 1024


def build_fault_router(gateway: Gateway) -> APIRouter:
    """The faults of one gateway; a fault has the keys that it has in a profile."""
    router = APIRouter(tags=["control"])

    @router.get("/_control/faults")
    async def list_faults() -> list[dict[str, object]]:
        elapsed_s = gateway.tally.elapsed_s()
        return [_describe(planned, elapsed_s) for planned in gateway.faults]

    @router.post("/_control/faults")
    async def add_fault(request: Request) -> Response:
        try:
            body = await read_body(request, max_bytes=_BODY_BYTES, timeout_s=gateway.settings.body_timeout_s)
        except BodyError as failure:
            return JSONResponse({"problems": str(failure)}, status_code=failure.status)
        fault = _read(body)
        if isinstance(fault, str):
            return JSONResponse({"problems": fault}, status_code=400)
        if sum(1 for _ in gateway.faults) >= _MOST_FAULTS:
            return JSONResponse({"problems": f"there may be {_MOST_FAULTS} faults"}, status_code=409)
        return JSONResponse({"number": gateway.add_fault(fault)}, status_code=201)

    @router.delete("/_control/faults")
    async def end_all() -> dict[str, int]:
        return {"removed": gateway.faults.remove()}

    @router.delete("/_control/faults/{number}")
    async def end_one(number: int) -> Response:
        removed = gateway.faults.remove(number)
        return JSONResponse({"removed": removed}, status_code=200 if removed else 404)

    return router


def _read(body: bytes) -> Fault | str:
    """The fault in a JSON body, or what is wrong with it."""
    try:
        sent: Any = json.loads(body)
    except (ValueError, RecursionError):
        return "the body is not JSON"
    if not isinstance(sent, dict):
        return "the body must be a JSON object"
    try:
        return Fault.model_validate(sent)
    except ValidationError as failure:
        return describe_problems("fault", sent, failure, Fault)


def _describe(planned: PlannedFault, elapsed_s: float) -> dict[str, object]:
    declared = planned.fault.model_dump(mode="json", by_alias=True, exclude_unset=True)
    for key in ("at", "for", "add"):
        if key in declared:
            declared[key] = f"{declared[key]:g}s"
    return {
        "number": planned.number,
        **declared,
        "fired": planned.fired,
        "active": planned.is_active(elapsed_s),
    }
