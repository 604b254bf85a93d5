"""Trace context: one trace per arrival, one span per attempt, the same for whoever computes it."""

from __future__ import annotations

import re
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from scenarios.trace_context import trace_id, trace_link, traceparent_line

FORM = re.compile(rb"traceparent: 00-([0-9a-f]{32})-([0-9a-f]{16})-01\r\n")


@given(
    st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=6, max_size=6),
    st.integers(0, 2**40),
    st.integers(0, 255),
)
def test_a_header_has_the_form_of_the_standard(nonce: str, arrival: int, attempt: int) -> None:
    found = FORM.fullmatch(traceparent_line(nonce, arrival, attempt))
    assert found
    assert found[1].decode() == trace_id(nonce, arrival) != "0" * 32
    assert found[2] != b"0" * 16


def test_attempts_share_a_trace_and_differ_in_their_span() -> None:
    headers = [FORM.fullmatch(traceparent_line("k3x9ab", 1280, attempt)) for attempt in range(256)]
    assert len({header[2] for header in headers if header}) == 256
    assert len({header[1] for header in headers if header}) == 1


def test_no_two_arrivals_or_runs_share_a_trace() -> None:
    made = {trace_id(nonce, arrival) for nonce, arrival in product(["k3x9ab", "k3x9ac"], range(20_000))}
    assert len(made) == 40_000


def test_a_trace_is_computed_and_its_arithmetic_never_changes() -> None:
    line = traceparent_line("k3x9ab", 1280, 0)
    assert line == b"traceparent: 00-af1b639fa0929c2815609f7c746c6900-0001000000000500-01\r\n"


def test_traces_of_one_run_are_spread_over_what_samplers_take_for_random() -> None:
    randoms = sorted(int(trace_id("k3x9ab", 256 * root)[-14:], 16) / 2**56 for root in range(1000))
    assert all(abs(at - (place + 0.5) / 1000) < 0.01 for place, at in enumerate(randoms))


def test_a_link_leads_to_the_trace() -> None:
    link = trace_link("https://t.test/{trace_id}?a={x}", "k3x9ab", 5)
    assert link == f"https://t.test/{trace_id('k3x9ab', 5)}?a={{x}}"
