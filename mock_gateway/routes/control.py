"""/_control, /metrics and /healthz: what the gateway says about itself."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from mock_gateway.gateway import Gateway
from mock_gateway.metrics_text import CONTENT_TYPE, write_metrics


def build_health_router(gateway: Gateway) -> APIRouter:
    """Whether it is up, for anybody who asks."""
    router = APIRouter(tags=["control"])

    @router.get("/healthz")
    async def health() -> dict[str, str]:
        return {"status": "ok", "profile": gateway.profile.name}

    return router


def build_control_router(gateway: Gateway) -> APIRouter:
    """The control interface over one gateway."""
    router = APIRouter(tags=["control"])

    @router.get("/metrics")
    async def metrics() -> Response:
        return Response(write_metrics(gateway), media_type=CONTENT_TYPE)

    @router.get("/_control/stats")
    async def stats() -> dict[str, object]:
        return gateway.read_stats()

    return router
