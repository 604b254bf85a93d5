"""W3C trace context of an attempt, by arithmetic: whoever knows run and arrival finds the trace, years later too.

`traceparent: 00-<trace id>-<span id>-01` (https://www.w3.org/TR/trace-context/). All attempts at one arrival share a
trace; each has a span of its own.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

TRACE_ID_PLACE = "{trace_id}"
_RUN_BYTES = 8
# 2^64 divided by the golden ratio, odd: its multiples are all different and spread evenly, also in the lower 56 bits,
# which samplers take for random (https://www.w3.org/TR/trace-context-2/#randomness-of-trace-id).
_SPREAD = 0x9E3779B97F4A7C15
_64_BITS = (1 << 64) - 1
_ATTEMPT_SHIFT = 48  # arrivals stay below


@lru_cache(maxsize=64)
def _run_digits(nonce: str) -> bytes:
    return blake2b(nonce.encode(), digest_size=_RUN_BYTES).hexdigest().encode()


def trace_id(nonce: str, arrival: int) -> str:
    """The trace of an arrival of the run with this nonce: 16 digits of the run, 16 of the arrival."""
    return f"{_run_digits(nonce).decode()}{arrival * _SPREAD & _64_BITS:016x}"


def traceparent_line(nonce: str, arrival: int, attempt: int) -> bytes:
    """The header as it is sent, sampled. Its span is the attempt's number from 1, so it is never all zeros, and the
    arrival."""
    # written out rather than by `trace_id`: made for every attempt
    numbers = (_run_digits(nonce), arrival * _SPREAD & _64_BITS, attempt + 1 << _ATTEMPT_SHIFT | arrival)
    return b"traceparent: 00-%b%016x-%016x-01\r\n" % numbers


def trace_link(template: str, nonce: str, arrival: int) -> str:
    """The address of an arrival's trace in the target's own tracing, from the target's `trace_url`."""
    return template.replace(TRACE_ID_PLACE, trace_id(nonce, arrival))
