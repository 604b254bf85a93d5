"""Who may come in, and with how large a body."""

from __future__ import annotations

import asyncio
import base64
import hmac

from starlette.requests import ClientDisconnect, Request

from mock_gateway.errors import BodyError
from mock_gateway.settings import Credentials

_TOO_LARGE = 413
_TOO_SLOW = 408


def has_api_key(request: Request, credentials: Credentials) -> bool:
    """Whether the headers api-key and api-secret are the right ones; header names ignore case."""
    headers = dict(request.scope["headers"])
    key_fits = hmac.compare_digest(headers.get(b"api-key", b""), credentials.api_key.encode())
    secret_fits = hmac.compare_digest(headers.get(b"api-secret", b""), credentials.api_secret.encode())
    return key_fits and secret_fits


def has_basic(request: Request, credentials: Credentials) -> bool:
    """Whether HTTP Basic carries the right user and password."""
    header: bytes = dict(request.scope["headers"]).get(b"authorization", b"")
    scheme, _, token = header.partition(b" ")
    expected = base64.b64encode(f"{credentials.user}:{credentials.password}".encode())
    return scheme.lower() == b"basic" and hmac.compare_digest(token.strip(), expected)


async def read_body(request: Request, *, max_bytes: int, timeout_s: float) -> bytes:
    """The whole body. Raises BodyError if it is larger, slower than that, or never finished."""
    declared = dict(request.scope["headers"]).get(b"content-length", b"0")
    if not declared.isdigit() or int(declared[:20]) > max_bytes:
        raise BodyError(_TOO_LARGE, f"the body may have {max_bytes} bytes")
    pieces: list[bytes] = []
    size = 0
    try:
        # A Content-Length larger than the body would otherwise keep the request for ever.
        async with asyncio.timeout(timeout_s):
            async for piece in request.stream():
                size += len(piece)
                if size > max_bytes:
                    raise BodyError(_TOO_LARGE, f"the body may have {max_bytes} bytes")
                pieces.append(piece)
    except TimeoutError:
        raise BodyError(_TOO_SLOW, f"the body did not arrive within {timeout_s:g} s") from None
    except ClientDisconnect:
        raise BodyError(_TOO_SLOW, "the caller left before its body was complete") from None
    return b"".join(pieces)
