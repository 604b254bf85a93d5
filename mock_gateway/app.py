"""The ASGI application: which path goes to which route."""

from __future__ import annotations

from fastapi import Depends, FastAPI
from starlette.routing import Route

from mock_gateway.gateway import Gateway
from mock_gateway.openapi import describe_rest
from mock_gateway.payment import Action
from mock_gateway.route_names import HEALTHCARE, PAYMENT
from mock_gateway.routes.business import BusinessRoute
from mock_gateway.routes.control import build_control_router, build_health_router
from mock_gateway.routes.control_token import require_token
from mock_gateway.routes.core_soap import answer_core
from mock_gateway.routes.fault_control import build_fault_router
from mock_gateway.routes.healthcare import answer_healthcare
from mock_gateway.routes.ledger_export import build_ledger_router
from mock_gateway.routes.nvp import NVP_PATH, NvpWire
from mock_gateway.routes.rest_payments import REST_PATHS, RestWire
from mock_gateway.routes.truth import build_truth_router
from mock_gateway.routes.wsdl import serve_core_wsdl, serve_healthcare_wsdl
from mock_gateway.settings import Settings

_HEALTHCARE_PATH = "/healthcare/service.asmx"


def create_app(settings: Settings) -> FastAPI:
    """A gateway with its own books; two applications share nothing."""
    gateway = Gateway(settings)
    # The shipped documentation pages would load scripts from elsewhere.
    app = FastAPI(title="slagate mock gateway", docs_url=None, redoc_url=None)
    app.state.gateway = gateway
    rest_paths = dict(REST_PATHS)
    if not gateway.profile.payments.capture:
        del rest_paths[Action.CAPTURE]
    # Paths are tried in this order, at a microsecond each: the busiest first.
    business = [
        (_HEALTHCARE_PATH, HEALTHCARE, answer_healthcare),
        *((path, action.value, RestWire(gateway, action).answer) for action, path in rest_paths.items()),
        (NVP_PATH, PAYMENT, NvpWire(gateway).answer),
        (settings.core_path, HEALTHCARE, answer_core),
    ]
    for path, name, handler in business:
        app.router.routes.append(Route(path, BusinessRoute(gateway, name, handler), methods=["POST"]))
    describe_rest(app, rest_paths, gateway.profile.payments)
    app.router.routes.append(Route(_HEALTHCARE_PATH, serve_healthcare_wsdl(gateway), methods=["GET"]))
    app.router.routes.append(Route(settings.core_path, serve_core_wsdl(), methods=["GET"]))
    app.include_router(build_health_router(gateway))
    guard = [Depends(require_token(settings.control_token))]
    for build in (build_control_router, build_fault_router, build_truth_router, build_ledger_router):
        app.include_router(build(gateway), dependencies=guard)
    return app
