"""The ASGI application: which path goes to which route."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.routing import Route

from mock_gateway.gateway import ELIGIBILITY, Gateway
from mock_gateway.openapi import describe_rest
from mock_gateway.payment import Action
from mock_gateway.routes.business import BusinessRoute
from mock_gateway.routes.control import build_control_router
from mock_gateway.routes.eligibility import answer_eligibility
from mock_gateway.routes.ledger_export import build_ledger_router
from mock_gateway.routes.nvp import NVP_PATH, NvpWire
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
    paths = dict(REST_PATHS)
    if not gateway.profile.payments.capture:
        del paths[Action.CAPTURE]
    for action, path in paths.items():
        route = BusinessRoute(gateway, action.value, RestWire(gateway, action).answer)
        app.router.routes.append(Route(path, route, methods=["POST"]))
    describe_rest(app, paths, gateway.profile.payments)
    nvp = BusinessRoute(gateway, "nvp", NvpWire(gateway).answer)
    app.router.routes.append(Route(NVP_PATH, nvp, methods=["POST"]))
    app.include_router(build_control_router(gateway))
    app.include_router(build_ledger_router(gateway))
    return app
