"""`python -m tests.benchmarks.gateway_eligibility`: an eligibility inquiry against a bare FastAPI route.

Both servers take turns on one core, wrk loads them from the other; the bar is on the median of the ratios
of neighbouring turns, so that a slow spell of the machine meets both. Rates are per second of processor
time, which is per second when nobody else is on the core.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.benchmarks.pinned import Announced, compare_with_bare, start_gateway
from tests.mock_gateway.messages import BASIC, EDI_PATH, edi_of, inquiry_270, soap_call
from tests.mock_gateway.x12_checks import read_answer

BAR = 0.35
_SCRIPT = Path(__file__).with_name("eligibility.lua")
# As instant, but every member is active and every answer has 20 benefit segments.
PROFILE = """
name = "twenty"
[sale.service_time]
distribution = "constant"
value = "0s"
[eligibility.service_time]
distribution = "constant"
value = "0s"
[eligibility.answers]
inactive = 0.0
rejected = 0.0
benefits = { least = 20, median = 20, most = 20, sigma = 0.0 }
"""


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        profile = Path(folder, "twenty.toml")
        profile.write_text(PROFILE)

        @contextmanager
        def start() -> Iterator[Announced]:
            with start_gateway("--profile", str(profile)) as gateway:
                check_answer(gateway.url)
                yield gateway

        return compare_with_bare("eligibility EDI with 20 EB", start, EDI_PATH, _SCRIPT, bar=BAR)


def check_answer(url: str) -> None:
    """Exits unless the benched route answers as the contract tests want it: 20 benefit segments."""
    content, headers = soap_call(inquiry_270())
    answer = httpx.post(f"{url}{EDI_PATH}", content=content, headers=headers, auth=BASIC)
    found = len(read_answer(edi_of(answer.content)).all("EB"))
    if found != 20:
        sys.exit(f"the answer has {found} benefit segments, not 20")


if __name__ == "__main__":
    sys.exit(main())
