"""One process's part of a run: pace, send, record, drain, and account for every planned arrival.

It knows nothing of Locust. The adapter gives it users (`serve`), tells it when they are ready (`run`) and how to
cut off what is still in flight.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gevent
import numpy as np

from loadtests.accounting import account
from loadtests.clock import RunClock
from loadtests.http_client import HttpClient, Limits
from loadtests.pacing import Pacer
from loadtests.recorder import Recorder
from loadtests.run_plan import RunPlan
from loadtests.sender import Sender, Sent
from loadtests.tally import Tally
from loadtests.wires.credentials import Credentials
from scenarios.run_folder import RunFolder, write_once

_LEAD_S = 0.2  # between the last user's readiness and t0
_USERS_READY_WITHIN_S = 60.0
_TICK_S = 0.25
_FLUSH_EVERY_TICKS = 4
_LONGEST_MISSING_LIST = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Why sending stopped before the plan's end."""

    ended: str  # interrupted | not-authorised | recorder-failed | engine-lost | failed
    reason: str


class Engine:
    """Drives one run from its first arrival to end.json."""

    def __init__(
        self,
        plan: RunPlan,
        credentials: Credentials,
        folder: RunFolder,
        emit: Callable[[dict[str, Any]], None],
    ) -> None:
        self._plan = plan
        self._credentials = credentials
        self._folder = folder
        self._emit = emit
        self._stop: Stop | None = None
        self._stopped_ns: int | None = None
        self._cut = False
        self._finished = False
        self._cpu_s = 0.0
        self._sender: Sender | None = None
        self._clock = RunClock.starting_in(0)
        self._pacer = Pacer(plan.arrivals.offset_ns)
        self._recorder = Recorder(folder, len(plan.arrivals))
        self._tally = Tally(limit_ns=round(plan.largest_limit_s * 1e9), measured_from_ns=0)
        self._limits = Limits(
            connect_s=plan.connect_s,
            first_byte_s=plan.target.time_outs.first_byte,
            whole_s=plan.target.time_outs.whole,
        )

    @property
    def users(self) -> int:
        """How many users the plan needs."""
        return self._plan.lanes

    @property
    def started(self) -> bool:
        """Whether anything may have been sent."""
        return self._sender is not None

    def serve(self, report: Callable[[Sent], None]) -> None:
        """What one user does all its life: take the next arrival, send it. Returns when the run is over."""
        client = HttpClient(self._limits)
        try:
            while (due := self._pacer.take()) is not None and self._sender is not None:
                self._sender.send(client, due, report)
                if self._tally.not_authorised:
                    self.stop(
                        Stop(ended="not-authorised", reason="credentials were refused 20 times in a row")
                    )
        except Exception as error:  # a fault of ours: nothing measured from here on could be trusted
            self.stop(Stop(ended="failed", reason=f"slagate failed: {type(error).__name__}: {error}"))
            raise
        finally:
            client.close()

    def stop(self, stop: Stop) -> None:
        """Send nothing more; what is in flight is drained. Only the first reason counts."""
        if self._stop is None and not self._finished:
            self._stop = stop
            self._stopped_ns = self._clock.now_ns()
            self._pacer.close()

    def cut(self) -> None:
        """End the drain at once."""
        self._cut = True

    def run(self, kill_users: Callable[[], None]) -> None:
        """The run: wait for the users, start the clock, follow the plan, drain, finish."""
        self._wait_for_users()
        self._start_clock()
        ticker = gevent.spawn(self._tick)
        self._pacer.follow(self._clock)
        self._drain()
        self._pacer.close()
        kill_users()
        ticker.kill()
        self.finish()

    def finish(self) -> None:
        """Write the rows of arrivals that were never sent, what is pending, and end.json; once."""
        if self._finished or self._sender is None:
            return
        self._finished = True
        self._pacer.close()
        ended_ns = self._clock.now_ns()
        stopped_ns = min(self._stopped_ns or ended_ns, ended_ns)
        due = int(np.searchsorted(self._plan.arrivals.offset_ns, stopped_ns - self._clock.t0_ns, side="left"))
        waited = self._pacer.left_over()
        for place in np.flatnonzero(~self._recorder.recorded()[:due]).tolist():
            planned_ns = int(self._plan.arrivals.offset_ns[place]) + self._clock.t0_ns
            own_lag_ms = 0 if place in waited else max(1, (ended_ns - planned_ns) // 1_000_000)
            self._sender.never_sent(place, planned_ns, ended_ns, own_lag_ms)
        self._flush()
        end = self._end_json(due, ended_ns)
        self._recorder.close()
        self._emit({"event": "ended", "end": end})
        write_once(self._folder.end_file, end)

    def _wait_for_users(self) -> None:
        until = time.monotonic() + _USERS_READY_WITHIN_S
        while self._pacer.idle < self.users and time.monotonic() < until and not self._pacer.closed:
            gevent.sleep(0.01)

    def _start_clock(self) -> None:
        self._clock = RunClock.starting_in(_LEAD_S)
        plan = self._plan.to_json(run_id=self._folder.path.name, t0_ns=self._clock.t0_ns)
        write_once(self._folder.plan_file, plan)
        self._tally.measured_from_ns = self._clock.t0_ns + self._plan.warm_up_ns
        self._sender = Sender(self._plan, self._credentials, self._clock, self._recorder, self._tally)
        self._cpu_s = time.process_time()
        self._emit({"event": "started"})

    def _drain(self) -> None:
        until = time.monotonic() + self._plan.drain_s
        while (self._tally.in_flight or self._pacer.untaken) and time.monotonic() < until and not self._cut:
            if self._pacer.closed and not self._tally.in_flight:
                break
            gevent.sleep(0.02)

    def _tick(self) -> None:
        ticks = 0
        while True:
            gevent.sleep(_TICK_S)
            ticks += 1
            if ticks % _FLUSH_EVERY_TICKS == 0:
                self._flush()
            self._emit(self._progress())

    def _flush(self) -> None:
        if not self._recorder.flush():
            self.stop(Stop(ended="recorder-failed", reason=str(self._recorder.failure)))
            self.cut()

    def _progress(self) -> dict[str, Any]:
        now_ns = self._clock.now_ns()
        return {
            "event": "progress",
            "elapsed_s": (now_ns - self._clock.t0_ns) / 1e9,
            "due": self._pacer.due,
            "sent": self._tally.started,
            "in_flight": self._tally.in_flight,
            "waiting": self._pacer.backlog,
            "late": self._tally.late,
            "judged": dict(self._tally.judged + self._tally.overdue(now_ns)),
            "within": dict(self._tally.within),
            "outcomes": dict(self._tally.outcomes),
            "stopping": self._stop.ended if self._stop else None,
        }

    def _end_json(self, due: int, ended_ns: int) -> dict[str, Any]:
        recorded = self._recorder.recorded()
        missing = self._plan.arrivals.root[:due][~recorded[:due]]
        wall_s = max(1e-9, (ended_ns - self._clock.t0_ns) / 1e9)
        return {
            "ended": self._stop.ended if self._stop else "completed",
            "reason": self._stop.reason if self._stop else None,
            "stopped_ns": self._stopped_ns,
            "ended_ns": ended_ns,
            **account(self._plan, due, recorded),
            "started": self._tally.started,
            "missing": [int(root) * 256 for root in missing[:_LONGEST_MISSING_LIST]],
            "recorder_failure": self._recorder.failure,
            "workers": [{"worker": 0, "rows": self._recorder.rows, "lost": False}],
            "generator": {
                "own_lag_ms": _lag_summary(np.frombuffer(self._tally.own_lag_ms, dtype=np.float32)),
                "late_over_50_ms": self._tally.late,
                "pool_waits": self._pacer.pool_waits,
                "lanes": self.users,
                "idle_lanes_min": self._pacer.idle_min,
                "cpu_share": (time.process_time() - self._cpu_s) / wall_s,
            },
        }


def _lag_summary(lag_ms: np.ndarray[Any, np.dtype[np.float32]]) -> dict[str, float | None]:
    """Median, 99th percentile (inverse CDF) and maximum in milliseconds."""
    if not len(lag_ms):
        return {"p50": None, "p99": None, "max": None}
    p50, p99 = np.quantile(lag_ms, [0.5, 0.99], method="inverted_cdf")
    return {"p50": round(float(p50), 3), "p99": round(float(p99), 3), "max": round(float(lag_ms.max()), 3)}
