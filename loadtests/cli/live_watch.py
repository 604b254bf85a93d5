"""Watching a run from the run folder: shares every second, bounds every five, and a stop once nothing can change.

It has a thread of its own, so that neither the display nor the orders of a person wait for it, and it takes its time:
whatever a look costs, a hundred times as long passes before the next one. Where it fails, the run goes on without it.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.doubts import Doubt
from analysis.live import LiveCount, Standing, nothing_settled
from analysis.stopping import EarlyEnd, find_curtailment, find_early_stop, stands
from loadtests.cli.live_report import LiveClass, LiveReport, Phase
from loadtests.most_judged import most_judged
from loadtests.run_plan import RunPlan
from scenarios.run_folder import RunFolder
from scenarios.sla import Clause

LOOK_EVERY_S = 1.0
BOUNDS_EVERY_S = 5.0
_TIMES_ITS_COST = 100  # so that it takes a hundredth of a core at most
_RATE_OVER_S = 5.0
_NICE = 10
_AFTER_MAINTENANCE_S = 60.0  # what was planned in it can be in flight for so long
_NOT_ENDED_YET: dict[str, Any] = {
    "elapsed_s": 0.0,
    "stopping": None,
    "overdue": {},
    **dict.fromkeys(("due", "steps_due", "sent", "in_flight", "waiting", "pool_waits", "late"), 0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What the last look found, and what the engine knew to be overdue then."""

    standings: tuple[Standing, ...] = ()
    overdue: tuple[int, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    wrong_replies: int = 0
    problem: str | None = None


class LiveWatch:
    """Puts the engine's reports and the rows on disk together, and says when a run may stop (`order`)."""

    def __init__(
        self, plan: RunPlan, folder: RunFolder, order: Callable[[EarlyEnd], None], *, early_stop: bool
    ) -> None:
        self._plan = plan
        self._folder = folder
        self._order = order
        self._early_stop = early_stop
        self._engine = _NOT_ENDED_YET
        self._lately: deque[tuple[float, int, int]] = deque([(0.0, 0, 0)])  # elapsed, steps due, sent
        nothing = nothing_settled(plan.slas)
        self._seen = _Seen(standings=nothing, overdue=(0,) * len(nothing))
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._not_before = 0.0
        self._patience_s = BOUNDS_EVERY_S

    def begin(self) -> None:
        """The run has started: plan.json stands."""
        self._thread.start()

    def hear(self, progress: Mapping[str, Any]) -> LiveReport:
        """Take a report of the engine; what is to be shown now."""
        self._engine = dict(progress)
        elapsed_s = float(progress["elapsed_s"])
        self._lately.append((elapsed_s, int(progress["steps_due"]), int(progress["sent"])))
        while len(self._lately) > 2 and self._lately[1][0] <= elapsed_s - _RATE_OVER_S:
            self._lately.popleft()
        return self._report()

    def end(self, accounts: Mapping[str, Any]) -> LiveReport | None:
        """Look once more, at everything; the last report, with the totals of the engine's own accounts where it left
        any. None where the run never started."""
        self._over.set()
        if not self._thread.ident:
            return None
        self._thread.join()
        totals = {"due": accounts["due"], "sent": accounts["started"]} if accounts else {}
        self._engine = {**self._engine, **totals}
        return self._report(phase="ended")

    def _run(self) -> None:
        with contextlib.suppress(OSError):  # this thread alone: where cores are short, sending comes first
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
        try:
            self._watch(LiveCount(self._folder))
        except (
            Exception
        ) as error:  # the run matters more than what is shown of it; the verdict reads the rows itself
            self._seen = _Seen(problem=f"no live numbers: {type(error).__name__}: {error}")

    def _watch(self, count: LiveCount) -> None:
        sla_clauses = [each for sla in count.facts.slas for each in sla.clauses]
        most = {each: most_judged(self._plan, each, count.facts.t0_ns) for each in sla_clauses}
        pause_s, next_bounds = LOOK_EVERY_S, 0.0
        while True:
            over = self._over.wait(pause_s)
            began, cpu_s = time.monotonic(), time.thread_time()
            count.read()
            afresh = over or began >= next_bounds
            known, engine = () if afresh else self._seen.standings, self._engine
            standings = count.standings(known, decided_ns=None if over else self._decided_ns(engine, count))
            doubts = self._seen.doubts
            if afresh:
                doubts = count.doubts(standings, pool_waits=int(engine["pool_waits"]))
            self._seen = _Seen(
                standings=standings,
                overdue=tuple(0 if over else self._overdue(each, engine) for each in standings),
                doubts=doubts,
                wrong_replies=count.wrong_replies,
            )
            if over:
                return
            self._consider(count, most, afresh=afresh)
            cost_s = time.thread_time() - cpu_s
            pause_s = max(LOOK_EVERY_S, _TIMES_ITS_COST * cost_s)
            if afresh:
                next_bounds = began + max(BOUNDS_EVERY_S, _TIMES_ITS_COST * cost_s)

    def _consider(self, count: LiveCount, most: Mapping[Clause, Mapping[str, int]], *, afresh: bool) -> None:
        """Order a stop where a rule says so and the complete judgement agrees."""
        engine = self._engine
        if engine["stopping"] or self._all_due(engine) or time.monotonic() < self._not_before:
            return
        under_way = max(int(engine["due"]) - count.rows, int(engine["in_flight"]) + int(engine["waiting"]))

        def find(standings: tuple[Standing, ...]) -> EarlyEnd | None:
            found = find_curtailment(standings, most, under_way)
            if found is None and self._early_stop and afresh:
                facts = count.facts
                settled_s = float(engine["elapsed_s"]) - facts.warm_up_ns / 1e9 - self._plan.largest_limit_s
                found = find_early_stop(
                    standings, under_way, settled_s, longest_stall_s=facts.longest_stall_s
                )
            return found

        if find(self._seen.standings) is None:
            return
        found = find(count.standings(decided_ns=self._decided_ns(engine, count)))
        if found is not None and stands(self._folder, found.verdict):
            self._order(found)
            self._not_before = float("inf")
        else:  # judging everything is dear; and what stands in the way seldom goes away at once
            self._not_before = time.monotonic() + self._patience_s
            self._patience_s *= 2

    def _report(self, phase: Phase | None = None) -> LiveReport:
        engine, seen = self._engine, self._seen
        elapsed_s, planned_s = max(0.0, float(engine["elapsed_s"])), self._plan.scenario.length_s
        stopping = engine["stopping"]
        if phase is None:
            phase = "stopping" if stopping else "sending" if elapsed_s <= planned_s else "draining"
        planned_per_s, achieved_per_s = self._rates(elapsed_s)
        return LiveReport(
            elapsed_s=elapsed_s,
            planned_s=planned_s,
            phase=phase,
            stopping=stopping,
            planned_per_s=planned_per_s,
            achieved_per_s=achieved_per_s,
            due=int(engine["due"]),
            sent=int(engine["sent"]),
            in_flight=0 if phase == "ended" else int(engine["in_flight"]),
            waiting=0 if phase == "ended" else int(engine["waiting"]),
            late=int(engine["late"]),
            classes=tuple(
                LiveClass(standing=each, overdue=overdue)
                for each, overdue in zip(seen.standings, seen.overdue, strict=True)
            ),
            wrong_replies=seen.wrong_replies,
            doubts=seen.doubts,
            problem=seen.problem,
        )

    def _all_due(self, engine: Mapping[str, Any]) -> bool:
        """Whether everything that can be sent has come due, so that there is nothing to save."""
        if self._plan.succession is not None and float(engine["elapsed_s"]) < self._plan.scenario.length_s:
            return False  # an answer may bring more
        return int(engine["due"]) - int(engine["steps_due"]) >= len(self._plan.arrivals)

    def _rates(self, elapsed_s: float) -> tuple[float, float]:
        """What was to be started per second lately, by the plan and by what answers brought, and what was."""
        (since_s, steps_before, before), (_, steps_due, sent) = self._lately[0], self._lately[-1]
        length_s = elapsed_s - since_s
        if length_s <= 0:
            return 0.0, 0.0
        edges = np.array([since_s * 1e9, elapsed_s * 1e9])
        first, last = np.searchsorted(self._plan.arrivals.offset_ns, edges).tolist()
        return (last - first + steps_due - steps_before) / length_s, (sent - before) / length_s

    def _decided_ns(self, engine: Mapping[str, Any], count: LiveCount) -> int:
        """What was planned before this is answered in time or a miss, whatever clause is asked."""
        return count.facts.t0_ns + round((float(engine["elapsed_s"]) - self._plan.largest_limit_s) * 1e9)

    def _overdue(self, each: Standing, engine: Mapping[str, Any]) -> int:
        """What the engine knows to be in flight beyond every limit, where the clause counts time."""
        clause = each.clause
        if clause.measure not in ("share_within", "quantile_within"):
            return 0
        if "scheduled_maintenance" in clause.excluding and self._in_maintenance(float(engine["elapsed_s"])):
            return 0
        return int(engine["overdue"].get(each.population, 0))

    def _in_maintenance(self, elapsed_s: float) -> bool:
        """Whether something in flight may have been planned in a window, which would not be judged."""
        t0_ns = time.time_ns() - round(elapsed_s * 1e9)
        windows = [each.window_ns(t0_ns) for each in self._plan.scenario.maintenance]
        after_s = [((start - t0_ns) / 1e9, (end - t0_ns) / 1e9) for start, end in windows]
        return any(start <= elapsed_s <= end + _AFTER_MAINTENANCE_S for start, end in after_s)
