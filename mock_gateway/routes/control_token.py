"""Who may use the control interface: everybody on loopback, elsewhere only who has the token."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from fastapi import HTTPException
from starlette.requests import Request


def require_token(token: str | None) -> Callable[[Request], None]:
    """A dependency that lets pass who sends the token as `Authorization: Bearer`; all, if there is none."""

    def check(request: Request) -> None:
        if token is None:
            return
        scheme, _, sent = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(sent.strip().encode(), token.encode()):
            raise HTTPException(401, "the control token is needed", {"WWW-Authenticate": "Bearer"})

    return check
