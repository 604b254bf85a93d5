"""The embedded mock gateway of a plain `locust -f`, for targets that ask for one. `slagate run` starts its own."""

from __future__ import annotations

import atexit
import json
import os
import secrets
import subprocess
import sys
from dataclasses import replace

from loadtests.run_plan import RunPlan
from scenarios.errors import DeclarationError, Problem
from scenarios.target import SecretRef


def with_embedded_gateway(plan: RunPlan) -> RunPlan:
    """The plan with the address of a mock gateway that lives as long as this process.

    Secrets that the target names and nobody has set are made up, for both sides. Raises DeclarationError with what
    the gateway said where it does not start.
    """
    embedded = plan.target.embedded_gateway
    if embedded is None:
        return plan
    for _, ref in plan.target.auth:
        if isinstance(ref, SecretRef) and ref.env is not None:
            os.environ.setdefault(ref.env, secrets.token_hex(8))
    command = [sys.executable, "-m", "mock_gateway", "--profile", embedded.profile, "--seed", str(plan.seed)]
    gateway = subprocess.Popen(
        [*command, "--exit-with-stdin"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    atexit.register(gateway.terminate)
    assert gateway.stdout is not None
    try:
        url = str(json.loads(gateway.stdout.readline())["url"])
    except (ValueError, KeyError):
        message = "the mock gateway did not start; it said why above"
        raise DeclarationError("embedded gateway", [Problem(where="", message=message)]) from None
    return replace(plan, target=plan.target.at(url))
