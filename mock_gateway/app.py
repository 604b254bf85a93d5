"""The ASGI application: which path goes to which route."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.routing import Route

from mock_gateway.gateway import ELIGIBILITY, Gateway
from mock_gateway.payment import Action
from mock_gateway.routes.business import BusinessRoute
from mock_gateway.routes.control import build_control_router
from mock_gateway.routes.eligibility import answer_eligibility
from mock_gateway.routes.rest_payments import REST_PATHS, RestWire
from mock_gateway.settings import Settings

_BUSINESS = (("/healthcare/service.asmx", ELIGIBILITY, answer_eligibility),)


def create_app(settings: Settings) -> FastAPI:
    """A gateway with its own books; two applications share nothing."""
    gateway = Gateway(settings)
    # The shipped documentation pages would load scripts from elsewhere.
    app = FastAPI(title="slagate mock gateway", docs_url=None, redoc_url=None)
    app.state.gateway = gateway
    for path, name, handler in _BUSINESS:
        app.router.routes.append(Route(path, BusinessRoute(gateway, name, handler), methods=["POST"]))
    for action, path in REST_PATHS.items():
        if action is not Action.CAPTURE or gateway.profile.payments.capture:
            route = BusinessRoute(gateway, action.value, RestWire(gateway, action).answer)
            app.router.routes.append(Route(path, route, methods=["POST"]))
    app.include_router(build_control_router(gateway))
    return app
