"""Marks each call so that it can be found in the target's own tracing."""

from __future__ import annotations

from loadtests.transaction import Call, Transaction
from scenarios.trace_context import traceparent


def traced(call: Call, nonce: str, transaction: Transaction) -> Call:
    """The call, marked with a W3C `traceparent` header of its arrival and attempt."""
    header = traceparent(nonce, transaction.arrival, transaction.attempt)
    call.own_lines += f"traceparent: {header}\r\n".encode()
    return call
