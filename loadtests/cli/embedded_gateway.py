"""The embedded mock gateway of a run, where the target asks for one: started before, asked for its account after."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import urllib.request
from dataclasses import replace
from types import TracebackType

from loadtests.cli.children import Child, start_gateway
from loadtests.run_plan import RunPlan
from scenarios.run_folder import RunFolder, write_json

_CREDENTIALS = (
    "MOCK_GATEWAY_API_KEY",
    "MOCK_GATEWAY_API_SECRET",
    "MOCK_GATEWAY_USER",
    "MOCK_GATEWAY_PASSWORD",
)


class EmbeddedGatewayRun:
    """A context in which the plan's target can be reached; `plan` and `environment` are what to go on with."""

    def __init__(self, plan: RunPlan) -> None:
        self.plan = plan
        self.environment: dict[str, str] = dict(os.environ)
        self._child: Child | None = None
        self._url = ""

    def __enter__(self) -> EmbeddedGatewayRun:
        embedded = self.plan.target.embedded_gateway
        if embedded is not None:
            for name in _CREDENTIALS:
                self.environment.setdefault(name, secrets.token_hex(8))
            self._child, self._url = start_gateway(embedded.profile, self.plan.seed, self.environment)
            self.plan = replace(self.plan, target=self.plan.target.at(self._url))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._child is not None:
            self._child.end()

    def keep_account(self, folder: RunFolder) -> None:
        """Write gateway.json; a gateway that is dead by now has no account to give."""
        if self._child is None:
            return
        with contextlib.suppress(OSError, ValueError):
            with urllib.request.urlopen(f"{self._url}/_control/stats", timeout=5) as reply:
                account = json.load(reply)
            write_json(folder.gateway_file, account)
