"""A mock gateway process for tests."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from tests.mock_gateway.messages import BASIC, EDI_PATH, REST_HEADERS, soap_call

ROOT = Path(__file__).parents[2]


def launch(arguments: Sequence[str], **environment: str) -> subprocess.Popen[str]:
    """The process, with pipes at its three standard streams."""
    return subprocess.Popen(
        [sys.executable, "-m", "mock_gateway", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class RunningGateway:
    """A gateway that listens, and a client for it."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        self.process = launch([*arguments, "--exit-with-stdin"], **environment)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            _, errors = self.process.communicate(timeout=5)
            raise AssertionError(f"the gateway did not start: {errors}")
        self.announcement: dict[str, Any] = json.loads(line)
        self.url: str = self.announcement["url"]
        self.client = httpx.Client(base_url=self.url, timeout=8.0)

    def close(self) -> str:
        """End the process by closing its standard input; gives what it wrote to standard error."""
        self.client.close()
        _, errors = self.process.communicate(timeout=5)
        return errors

    def sale(self, body: dict[str, Any]) -> httpx.Response:
        return self.client.post("/rest/payment/sale", json=body, headers=REST_HEADERS)

    def inquire(self, edi: str, version: str = "1.1") -> httpx.Response:
        content, headers = soap_call(edi, version)
        return self.client.post(EDI_PATH, content=content, headers=headers, auth=BASIC)

    def ask_claim(self, edi: str) -> httpx.Response:
        content, headers = soap_call(edi, operation="DoClaimStatusInquiryEDI")
        return self.client.post(EDI_PATH, content=content, headers=headers, auth=BASIC)

    def add_fault(self, **fault: object) -> int:
        answer = self.client.post("/_control/faults", json=fault)
        assert answer.status_code == 201, answer.text
        number: int = answer.json()["number"]
        return number

    def truth(self) -> list[dict[str, str]]:
        """The truth log, a row for each request."""
        return list(csv.DictReader(self.client.get("/_control/truth?format=csv").text.splitlines()))

    def stats(self) -> dict[str, Any]:
        stats: dict[str, Any] = self.client.get("/_control/stats").json()
        return stats

    def ledger(self) -> list[dict[str, Any]]:
        payments: list[dict[str, Any]] = self.client.get("/_control/ledger").json()
        return payments
