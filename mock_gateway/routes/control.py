"""/_control and /healthz: what the gateway says about itself; no credentials, as only loopback is served."""

from __future__ import annotations

from fastapi import APIRouter

from mock_gateway.gateway import Gateway


def build_control_router(gateway: Gateway) -> APIRouter:
    """The control interface over one gateway."""
    router = APIRouter(tags=["control"])

    @router.get("/healthz")
    async def health() -> dict[str, str]:
        return {"status": "ok", "profile": gateway.profile.name}

    @router.get("/_control/stats")
    async def stats() -> dict[str, object]:
        return gateway.read_stats()

    return router
