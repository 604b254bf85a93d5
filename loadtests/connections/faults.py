"""What can go wrong between request and reply, in three exceptions, and how everything else becomes one of them.

NoAnswerInTimeError (TimeoutError)          connecting, the first byte or the whole reply took longer than allowed
ConnectionFailedError (ConnectionError)     refused, reset, closed early, no such host, TLS or proxy not agreed
UnreadableReplyError (ValueError)           what came is no HTTP reply, or a larger one than allowed
"""

from __future__ import annotations

import ssl
import zlib

import httptools


class NoAnswerInTimeError(TimeoutError):
    """Connecting, the first byte or the whole reply took longer than allowed."""


class ConnectionFailedError(ConnectionError):
    """Refused, reset, closed before the reply was whole, no such host, TLS or the proxy not agreed."""


class UnreadableReplyError(ValueError):
    """What came is not an HTTP reply, or a larger one than allowed."""


OURS = (NoAnswerInTimeError, ConnectionFailedError, UnreadableReplyError)


def mapped(error: Exception) -> Exception:
    """The client's own exception for a dependency's. An error that is none of the connection's stays what it is."""
    if isinstance(error, OURS):
        return error
    if isinstance(error, TimeoutError):
        return NoAnswerInTimeError(str(error) or "timed out")
    if isinstance(error, httptools.HttpParserError | httptools.HttpParserUpgrade | zlib.error):
        inner = error.__context__  # raised by a callback of ours inside the parser
        return inner if isinstance(inner, UnreadableReplyError) else UnreadableReplyError("not an HTTP reply")
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = getattr(error, "verify_message", str(error))
        return ConnectionFailedError(f"certificate not trusted: {reason}")
    if isinstance(error, OSError | UnicodeError):  # a host name that IDNA refuses is a UnicodeError
        return ConnectionFailedError(str(error) or type(error).__name__)
    return error
