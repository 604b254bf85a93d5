"""/_control/truth: the gateway's own rows, as npz or as CSV."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from mock_gateway.gateway import Gateway


def build_truth_router(gateway: Gateway) -> APIRouter:
    """The truth of one gateway."""
    router = APIRouter(tags=["control"])

    # No response model: the answer is a file.
    @router.get("/_control/truth", response_model=None)
    async def truth(format: Literal["npz", "csv"] = "npz") -> Response:
        gateway.truth.flush()
        if format == "csv":
            return StreamingResponse(gateway.truth.iterate_csv(), media_type="text/csv")
        # Compressing takes a while, in which requests must not wait.
        packed = await run_in_threadpool(gateway.truth.write_npz)
        return Response(packed, media_type="application/octet-stream")

    return router
