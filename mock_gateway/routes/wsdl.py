"""GET with ?WSDL: the service descriptions, which need no credentials."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from mock_gateway.gateway import Gateway
from mock_gateway.wsdl import write_core_wsdl, write_healthcare_wsdl


def serve_healthcare_wsdl(gateway: Gateway) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint that describes the healthcare service at the address it was asked at."""
    return _serve(lambda address: write_healthcare_wsdl(gateway.settings.soap, address))


def serve_core_wsdl() -> Callable[[Request], Awaitable[Response]]:
    """The endpoint that describes the CORE service."""
    return _serve(write_core_wsdl)


def _serve(write: Callable[[str], bytes]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        if "wsdl" not in request.url.query.lower().split("&"):
            return PlainTextResponse("POST a SOAP message here, or GET ?WSDL", status_code=405)
        address = str(request.url.replace(query=""))
        return Response(write(address), media_type="text/xml; charset=utf-8")

    return answer
