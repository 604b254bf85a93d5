"""The WS-Security UsernameToken in a SOAP header: password as text or as digest."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

from mock_gateway.settings import Credentials


def is_right_token(headers: Mapping[str, str], credentials: Credentials) -> bool:
    """Whether the header elements hold the right user and password."""
    sent_user, sent_password = headers.get("Username", ""), headers.get("Password", "")
    if headers.get("PasswordType", "").endswith("#PasswordDigest"):
        expected = _digest(headers, credentials.password)
    else:
        expected = credentials.password
    user_fits = hmac.compare_digest(sent_user.encode(), credentials.user.encode())
    password_fits = hmac.compare_digest(sent_password.encode(), expected.encode())
    return user_fits and password_fits and bool(expected)


def _digest(headers: Mapping[str, str], password: str) -> str:
    """Base64 of SHA-1 of nonce, creation time and password; "" if the nonce cannot be read."""
    try:
        nonce = base64.b64decode(headers.get("Nonce", ""), validate=True)
    except (binascii.Error, ValueError):
        return ""
    # SHA-1 is what the profile prescribes; the password itself is a test credential.
    digest = hashlib.sha1(nonce + headers.get("Created", "").encode() + password.encode())
    return base64.b64encode(digest.digest()).decode()
