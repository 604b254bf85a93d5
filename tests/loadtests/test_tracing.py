"""Each call can be found in the target's own tracing, and a test account's number is not kept whole."""

from __future__ import annotations

from dataclasses import replace

from loadtests.tracing import traced
from loadtests.transaction import Call, identify
from scenarios.target import CheckAccount
from scenarios.trace_context import traceparent
from tests.loadtests.builders import NONCE, run_plan, target, transaction


def test_a_call_carries_the_trace_of_its_arrival_and_attempt_beside_its_own_headers() -> None:
    call = Call(url="http://127.0.0.1:9/x", headers={"api-key": "k"}, body=b"{}")
    retry = transaction(root=5, attempt=1, identifiers=identify(NONCE, 5 * 256, 1))
    sent = traced(call, NONCE, retry)
    assert sent.own_lines == f"traceparent: {traceparent(NONCE, 5 * 256, 1)}\r\n".encode()
    assert (sent.url, sent.body) == (call.url, call.body)
    assert call.headers == {"api-key": "k"}  # shared by all calls, so that it is turned into bytes once


def test_a_declared_account_is_kept_by_its_last_digits() -> None:
    account = CheckAccount(routing_number="111000025", account_number="123456789")
    plan = replace(run_plan(), target=target(echeck=account))
    assert plan.to_json(run_id="x", t0_ns=0)["target"]["echeck"]["account_number"] == "***6789"
