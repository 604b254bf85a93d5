"""A run by one process: its engine's part is the whole, and goes straight into the run folder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from loadtests.accounts import account
from loadtests.clock import RunClock
from loadtests.engine import Part
from loadtests.health import RateTable, generator_json, read_in_parts
from loadtests.later_accounts import LaterAccounts
from loadtests.run_plan import RunPlan
from scenarios.run_folder import RunFolder, write_once

_LEAD_S = 0.2  # between the last user's readiness and t0


class SoloHome:
    """Writes plan.json when the users stand and end.json when the rows are on disk."""

    def __init__(self, plan: RunPlan, folder: RunFolder, emit: Callable[[dict[str, Any]], None]) -> None:
        self._plan = plan
        self._folder = folder
        self._emit = emit
        self._clock = RunClock.starting_in(0)
        self._cancelled = False
        plan.follow_ups_at_most  # noqa: B018 - counted now, not between the clock's start and the first arrival

    def cancel(self) -> None:
        """There is to be no run, unless it has begun."""
        self._cancelled = True

    def begin(self) -> RunClock | None:
        """The clock, once plan.json stands; None, and nothing is written, where the run was cancelled by then."""
        if self._cancelled:
            return None
        self._clock = RunClock.starting_in(_LEAD_S)
        plan = self._plan.to_json(run_id=self._folder.path.name, t0_ns=self._clock.t0_ns)
        write_once(self._folder.plan_file, plan)
        self._emit({"event": "started"})
        return self._clock

    def show(self, progress: dict[str, Any]) -> None:
        """Pass it on."""
        self._emit(progress)

    def end(self, part: Part) -> None:
        """Write end.json; reported first, for the case that the disk takes nothing more."""
        end = self._end_json(part)
        self._emit({"event": "ended", "end": end})
        write_once(self._folder.end_file, end)

    def _end_json(self, part: Part) -> dict[str, Any]:
        rate = RateTable(self._plan.arrivals.offset_ns, self._plan.scenario.length_s)
        later = LaterAccounts(self._plan)
        for rows in read_in_parts(self._folder.observations):
            rate.add(rows, self._clock.t0_ns)
            later.add(rows, self._clock.t0_ns)
        stop = part.stop
        # where it never stopped, all was due; and where it stopped, what was planned until then
        stopped_after_ns = part.stopped_ns - self._clock.t0_ns if part.stopped_ns is not None else None
        return {
            "ended": stop.ended if stop else "completed",
            "reason": stop.reason if stop else None,
            "stopped_ns": part.stopped_ns,
            "ended_ns": part.ended_ns,
            **account(self._plan, part.recorded, stopped_after_ns, later),
            "started": part.started,
            "recorder_failure": part.recorder_failure,
            "workers": [{"worker": 0, "rows": part.rows, "lost": False}],
            "generator": generator_json([part.generator], rate),
        }
