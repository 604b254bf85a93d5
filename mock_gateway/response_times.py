"""Response times by route in fixed buckets, for a monitoring system; verdicts use the truth log."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

BOUNDS_S = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0)


class ResponseTimes:
    """Counts per bucket and the sum of seconds, by route."""

    def __init__(self) -> None:
        self._counts: dict[str, list[int]] = {}
        self._sums_s: dict[str, float] = {}

    def add(self, route: str, seconds: float) -> None:
        counts = self._counts.get(route)
        if counts is None:
            counts = self._counts[route] = [0] * (len(BOUNDS_S) + 1)
            self._sums_s[route] = 0.0
        counts[bisect_left(BOUNDS_S, seconds)] += 1
        self._sums_s[route] += seconds

    def __iter__(self) -> Iterator[tuple[str, list[int], float]]:
        """Route, count of each bucket (the last one is open-ended), sum of seconds."""
        for route, counts in self._counts.items():
            yield route, counts, self._sums_s[route]
