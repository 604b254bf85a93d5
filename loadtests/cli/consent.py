"""The last question before load leaves this machine."""

from __future__ import annotations

import sys
from typing import Annotated
from urllib.parse import urlsplit

import typer

from loadtests.run_plan import RunPlan
from scenarios.errors import DeclarationError, Problem
from scenarios.target import is_loopback

YesOption = Annotated[
    bool, typer.Option("--yes", help="Do not ask before sending to a gateway outside this machine.")
]


def ask_before_load(plan: RunPlan, *, yes: bool) -> None:
    """Ask a person at a terminal whether to send outside loopback; nobody else is asked: the guard has the agreement.

    Raises DeclarationError where the answer is no.
    """
    hosts = {urlsplit(url).hostname or "" for url in plan.target.addresses().values()}
    outside = sorted(host for host in hosts if not is_loopback(host))
    if yes or not outside or not sys.stdin.isatty():
        return
    question = (
        f"Send up to {plan.transactions_at_most} transactions, {plan.scenario.peak_per_s:g}/s at the peak, "
        f"to {', '.join(outside)}?"
    )
    if not typer.confirm(question, err=True):
        message = "nothing was sent; --yes goes on without asking"
        raise DeclarationError(
            "the question before load was answered no", [Problem(where="", message=message)]
        )
