"""How many follow-ups a plan may bring, before anything is known of answers."""

from __future__ import annotations

import numpy as np

from loadtests.schedule import Arrivals
from loadtests.succession import Succession
from scenarios.journeys import MOST_STEPS
from scenarios.kinds import Kind
from scenarios.observation import STEPS_PER_ROOT
from scenarios.scenario import Scenario

_AT_ONCE = 1 << 18  # roots


def count_follow_ups(
    succession: Succession, scenario: Scenario, arrivals: Arrivals, first_ns: int = 0
) -> dict[str, int]:
    """Follow-ups by kind that come due at offsets from `first_ns`, and before the planned end, if each answer comes
    at once and leads on.

    So many there can be at most: answers take their time, and some do not lead on.
    """
    length_ns = round(scenario.length_s * 1e9)
    counts: dict[str, int] = {}
    for first in range(0, len(arrivals), _AT_ONCE):
        part = slice(first, first + _AT_ONCE)
        arrival = arrivals.root[part] * np.uint64(STEPS_PER_ROOT)
        place = arrivals.journey[part].astype(np.int64) * MOST_STEPS
        due_ns = arrivals.offset_ns[part]
        while len(arrival):
            kind = succession.next_kinds(arrival, place)
            due_ns = due_ns + succession.think_ns(arrival, place)
            comes = (kind > 0) & (due_ns < length_ns)
            counted = kind[comes & (due_ns >= first_ns)]
            for each, count in zip(*np.unique(counted, return_counts=True), strict=True):
                text = Kind(int(each)).text
                counts[text] = counts.get(text, 0) + int(count)
            arrival, place, due_ns = arrival[comes] + np.uint64(1), place[comes] + 1, due_ns[comes]
    return counts
