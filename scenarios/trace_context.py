"""W3C trace context of an attempt, by arithmetic: whoever knows run and arrival finds the trace, years later too.

`traceparent: 00-<trace id>-<span id>-01` (https://www.w3.org/TR/trace-context/). All attempts at one arrival share a
trace; each has a span of its own.
"""

from __future__ import annotations

from hashlib import blake2b

TRACE_ID_PLACE = "{trace_id}"
_TRACE_DIGITS, _SPAN_DIGITS = 32, 14
_DIGEST_BYTES = (_TRACE_DIGITS + _SPAN_DIGITS) // 2
_SPAN_STARTS = tuple(f"{(attempt + 1) & 0xFF:02x}" for attempt in range(256))


def _digits(nonce: str, arrival: int) -> str:
    return blake2b(f"{nonce}/{arrival}".encode(), digest_size=_DIGEST_BYTES).hexdigest()


def trace_id(nonce: str, arrival: int) -> str:
    """The trace of an arrival of the run with this nonce."""
    return _digits(nonce, arrival)[:_TRACE_DIGITS]


def traceparent(nonce: str, arrival: int, attempt: int) -> str:
    """The header's value, sampled. The span begins with the attempt's number from 1, so it is never all zeros."""
    digits = _digits(nonce, arrival)
    return f"00-{digits[:_TRACE_DIGITS]}-{_SPAN_STARTS[attempt & 0xFF]}{digits[_TRACE_DIGITS:]}-01"


def trace_link(template: str, nonce: str, arrival: int) -> str:
    """The address of an arrival's trace in the target's own tracing, from the target's `trace_url`."""
    return template.replace(TRACE_ID_PLACE, trace_id(nonce, arrival))
