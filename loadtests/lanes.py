"""How many Locust users (lanes) a plan needs, so that running out of them means that the gateway is too slow."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from scenarios.errors import DeclarationError, Problem

WINDOW_BEYOND_LIMIT_S = 2.0
SPARE = 1.25  # for retries and for follow-ups that bunch
LANES_PER_PROCESS = 20_000
_CHUNK = 1 << 18  # arrivals looked at together


def lanes_needed(
    offset_ns: npt.NDArray[np.int64],
    largest_limit_s: float,
    transactions: npt.NDArray[np.uint8] | None = None,
) -> int:
    """The most transactions of arrivals planned in any window of (limit + 2 s), times 1.25; at least 1.

    `transactions` says how many each root brings; one each where it is None. Follow-ups come later than their roots,
    but as many of earlier roots come meanwhile.
    Raises DeclarationError where one process cannot carry them, with the number of workers that could.
    """
    if not len(offset_ns):
        return 1
    window_ns = round((largest_limit_s + WINDOW_BEYOND_LIMIT_S) * 1e9)
    most = 0
    before = None if transactions is None else np.concatenate(([0], np.cumsum(transactions, dtype=np.int64)))
    for first in range(0, len(offset_ns), _CHUNK):
        chunk = offset_ns[first : first + _CHUNK]
        ends = np.searchsorted(offset_ns, chunk + window_ns, side="left")
        places = np.arange(first, first + len(chunk))
        counts = ends - places if before is None else before[ends] - before[places]
        most = max(most, int(counts.max()))
    lanes = max(1, math.ceil(most * SPARE))
    if lanes > LANES_PER_PROCESS:
        message = (
            f"needs {lanes} users at once (most arrivals in {window_ns / 1e9:g} s, times {SPARE:g}); "
            f"one process carries {LANES_PER_PROCESS}, so it would take {math.ceil(lanes / LANES_PER_PROCESS)} workers"
        )
        raise DeclarationError("the plan", [Problem(where="phases", message=message)])
    return lanes
