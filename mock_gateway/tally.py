"""What the gateway counts about itself."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator


class Tally:
    """Requests by route and status, how many are in flight, and the processor time that they cost.

    The timeline of faults and the processor share both begin with the first business request.
    """

    def __init__(self) -> None:
        self.in_flight = 0
        self.in_flight_max = 0
        self._requests: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._born_s = time.monotonic()
        self._first_s: float | None = None
        self._first_cpu_s = 0.0

    @property
    def has_begun(self) -> bool:
        return self._first_s is not None

    def begin(self) -> None:
        """The first business request is here."""
        self._first_s = time.monotonic()
        self._first_cpu_s = time.process_time()

    def elapsed_s(self) -> float:
        """Seconds since the first business request, 0 before it."""
        return 0.0 if self._first_s is None else time.monotonic() - self._first_s

    def enter(self) -> None:
        self.in_flight += 1
        if self.in_flight > self.in_flight_max:
            self.in_flight_max = self.in_flight

    def leave(self) -> None:
        self.in_flight -= 1

    def count(self, route: str, status: str) -> None:
        """`status` is the HTTP status, or reset or black_hole where there is none."""
        self._requests[route][status] += 1

    def requests(self) -> Iterator[tuple[str, str, int]]:
        """Route, status and how often."""
        for route, counts in self._requests.items():
            for status, count in counts.items():
                yield route, status, count

    def read(self) -> dict[str, object]:
        elapsed_s = self.elapsed_s()
        spent_s = time.process_time() - self._first_cpu_s
        return {
            "uptime_s": round(time.monotonic() - self._born_s, 3),
            "requests": {route: dict(counts) for route, counts in self._requests.items()},
            "in_flight": self.in_flight,
            "in_flight_max": self.in_flight_max,
            "cpu_s": round(time.process_time(), 3),
            "cpu_share": round(spent_s / elapsed_s, 4) if elapsed_s > 0 else 0.0,
        }
