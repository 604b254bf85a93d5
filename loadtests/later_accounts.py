"""The accounts of what followed answers: which follow-ups came due, which of them have a row, and which are missing.

All of it from rows and the plan alone (`Succession`), so that they hold whoever was killed. Rows are taken as they
come; what is kept is what an answer has announced, will come due and has no row yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from loadtests.run_plan import RunPlan
from loadtests.succession import Succession
from scenarios.observation import STEPS_PER_ROOT, Rows

Counts = npt.NDArray[np.int64]
_KINDS = 256
_ATTEMPTS = np.uint64(4)
_AT_ONCE = 1 << 18  # rows
_ANNOUNCED = np.dtype([("key", "<u8"), ("due_ns", "<i8"), ("kind", "u1")])  # key: arrival * 4 + attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterCounts:
    """Follow-ups by kind, in arrays of shape (256,), and retries."""

    recorded: Counts
    recorded_measured: Counts  # of these, planned after the warm-up
    missing: Counts
    missing_measured: Counts
    not_due: Counts
    missing_arrivals: npt.NDArray[np.uint64]
    retries: int
    retries_never_sent: int  # they had come due
    retries_not_due: int


class LaterAccounts:
    """Draws up the accounts of one run. `plan` is the whole plan."""

    def __init__(self, plan: RunPlan) -> None:
        self._plan = plan
        self._announced = np.zeros(0, dtype=_ANNOUNCED)
        self._recorded, self._measured = np.zeros(_KINDS, np.int64), np.zeros(_KINDS, np.int64)
        self._after_end = np.zeros(_KINDS, np.int64)  # follow-ups that would be due after the planned end
        self._retries = self._retries_after_end = 0

    def add(self, rows: Rows, t0_ns: int) -> None:
        """Take rows into account; those of one process in the order in which it wrote them, in parts of any size."""
        if self._plan.succession is not None:
            for first in range(0, len(rows), _AT_ONCE):
                self._add(self._plan.succession, rows[first : first + _AT_ONCE], t0_ns)

    def _add(self, succession: Succession, rows: Rows, t0_ns: int) -> None:
        key = rows["arrival"] * _ATTEMPTS + rows["attempt"]
        follow_up = (rows["arrival"] % STEPS_PER_ROOT > 0) & (rows["attempt"] == 0)
        measured = follow_up & (rows["planned_ns"] - t0_ns >= self._plan.warm_up_ns)
        self._recorded += np.bincount(rows["kind"][follow_up], minlength=_KINDS)
        self._measured += np.bincount(rows["kind"][measured], minlength=_KINDS)
        self._retries += int((rows["attempt"] > 0).sum())
        places = (rows["arrival"] // STEPS_PER_ROOT).astype(np.int64)
        then = succession.follow(rows, self._plan.arrivals.journey[places])
        in_time = then.due_ns - t0_ns < self._plan.length_ns
        too_late, original = (then.kind > 0) & ~in_time, then.attempt == 0
        self._after_end += np.bincount(then.kind[too_late & original], minlength=_KINDS)
        self._retries_after_end += int((too_late & ~original).sum())
        follows = (then.kind > 0) & in_time
        announced = np.zeros(int(follows.sum()), dtype=_ANNOUNCED)
        announced["key"] = then.arrival[follows] * _ATTEMPTS + then.attempt[follows]
        announced["due_ns"] = then.due_ns[follows] - t0_ns
        announced["kind"] = then.kind[follows]
        announced = np.concatenate([self._announced, announced])
        self._announced = announced[~np.isin(announced["key"], key)]

    def count(self, stopped_after_ns: int | None) -> LaterCounts:
        """The accounts of a run that stopped then, or came to its planned end."""
        plan, announced = self._plan, self._announced
        end_ns = plan.length_ns if stopped_after_ns is None else stopped_after_ns
        retry, due = announced["key"] % _ATTEMPTS > 0, announced["due_ns"] < end_ns
        missing = announced[due & ~retry]
        return LaterCounts(
            recorded=self._recorded,
            recorded_measured=self._measured,
            missing=_by_kind(missing),
            missing_measured=_by_kind(missing[missing["due_ns"] >= plan.warm_up_ns]),
            not_due=self._after_end + _by_kind(announced[~due & ~retry]),
            missing_arrivals=missing["key"] // _ATTEMPTS,
            retries=self._retries,
            retries_never_sent=int((retry & due).sum()),
            retries_not_due=self._retries_after_end + int((retry & ~due).sum()),
        )

    def named(self, counts: Counts) -> dict[str, int]:
        """Counts by the names of the kinds that the plan has."""
        return {kind.text: int(counts[kind]) for kind in sorted(self._plan.kinds)}


def _by_kind(announced: npt.NDArray[Any]) -> Counts:
    counts: Counts = np.bincount(announced["kind"], minlength=_KINDS)
    return counts
