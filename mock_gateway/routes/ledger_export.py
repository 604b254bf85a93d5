"""/_control/ledger…: the gateway's account of the money, for whoever audits a run."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query
from starlette.responses import StreamingResponse

from mock_gateway.gateway import Gateway
from mock_gateway.payment import EXPORTED, Payment


def build_ledger_router(gateway: Gateway) -> APIRouter:
    """Exports of the whole ledger, page by page, and look-ups of single payments."""
    router = APIRouter(tags=["control"], prefix="/_control")
    ledger = gateway.ledger

    @router.get("/ledger", response_class=StreamingResponse)
    async def as_json() -> StreamingResponse:
        return StreamingResponse(_write_json(ledger.export()), media_type="application/json")

    @router.get("/ledger.jsonl", response_class=StreamingResponse)
    async def as_json_lines() -> StreamingResponse:
        return StreamingResponse(_write_json_lines(ledger.export()), media_type="application/jsonl")

    @router.get("/ledger.csv", response_class=StreamingResponse)
    async def as_csv() -> StreamingResponse:
        return StreamingResponse(_write_csv(ledger.export()), media_type="text/csv")

    @router.get("/payments/{transaction_id}")
    async def find(transaction_id: str) -> dict[str, Any]:
        payment = ledger.find(transaction_id)
        if payment is None:
            raise HTTPException(404, "no payment has this id")
        return _describe(payment)

    @router.get("/payments")
    async def find_by_reference(reference: Annotated[str, Query(max_length=100)]) -> list[dict[str, Any]]:
        return [_describe(payment) for payment in ledger.find_by_reference(reference)]

    return router


Pages = Iterator[list[tuple[Any, ...]]]


def _describe(payment: Payment) -> dict[str, Any]:
    return {name: getattr(payment, name) for name in EXPORTED}


def _row_text(row: tuple[Any, ...]) -> str:
    return json.dumps(dict(zip(EXPORTED, row, strict=True)))


def _write_json(pages: Pages) -> Iterator[str]:
    separator = "["
    for page in pages:
        yield separator + ",\n".join(map(_row_text, page))
        separator = ",\n"
    yield "[]\n" if separator == "[" else "]\n"


def _write_json_lines(pages: Pages) -> Iterator[str]:
    for page in pages:
        yield "".join(f"{_row_text(row)}\n" for row in page)


def _write_csv(pages: Pages) -> Iterator[str]:
    yield ",".join(EXPORTED) + "\r\n"
    for page in pages:
        text = io.StringIO()
        csv.writer(text).writerows(page)
        yield text.getvalue()
