"""One process's part of a run: pace, send, record, drain, and leave a row for every arrival that came due.

It knows nothing of Locust. The adapter gives it users (`serve`), tells it when they are there (`run`) and how to cut
off what is still in flight. Nor does it know whether it is the whole run: its `Home` starts its clock and takes its
part of the accounts.
"""

from __future__ import annotations

import gc
import time
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import gevent
import numpy as np

from loadtests.accounts import Mask
from loadtests.clock import RunClock
from loadtests.connections.dialing import Dialer
from loadtests.health import LoopWatch, lag_quantiles
from loadtests.http_client import Client, HttpClient, Limits
from loadtests.locust_statistics import Failure
from loadtests.pacing import Pacer
from loadtests.recorder import Recorder
from loadtests.run_plan import RunPlan
from loadtests.sender import Sender, Sent
from loadtests.tally import Tally
from loadtests.wires.credentials import Credentials
from scenarios.observation import Rows
from scenarios.run_folder import RunFolder
from scenarios.target import Target

USERS_READY_WITHIN_S = 60.0
LAST_MOMENTS_NS = 50_000_000  # by which handing out may be behind without being late
_TICK_S = 0.02
_FLUSH_EVERY_TICKS = 5
_SHOW_EVERY_TICKS = 15
_COLLECT_EVERY = 100_000  # more objects made than freed; a transaction leaves hardly any behind


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Why sending stopped before the plan's end."""

    ended: str  # interrupted | curtailed | stopped-by-rule | not-authorised | recorder-failed | engine-lost | failed
    reason: str

    @classmethod
    def ordered(cls, order: Mapping[str, Any]) -> Stop:
        """As `slagate run` orders it: a signal unless it says what else."""
        return cls(ended=order.get("ended", "interrupted"), reason=order["reason"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one process did. `recorded` says of each root of its share, in order, whether it has a row."""

    stop: Stop | None
    stopped_ns: int | None
    ended_ns: int
    recorded: Mask
    rows: int
    started: int
    recorder_failure: str | None
    generator: dict[str, Any]


class Home(Protocol):
    """Where the engine's part begins and ends: the run folder of a run by one process, or a master elsewhere."""

    def begin(self) -> RunClock | None:
        """Called when all users stand: the run's clock. Waits for it if need be; None if there is to be no run."""

    def show(self, progress: dict[str, Any]) -> None:
        """How it goes, a few times a second."""

    def end(self, part: Part) -> None:
        """Called once, when every row is on disk."""


class Engine:
    """Drives one process's part from its first arrival to its accounts."""

    def __init__(self, plan: RunPlan, credentials: Credentials, folder: RunFolder, home: Home) -> None:
        self._plan = plan
        self._credentials = credentials
        self._home = home
        self.on_rows: Callable[[Rows, list[Failure]], None] = lambda _rows, _failures: None
        self._stop: Stop | None = None
        self._stopped_ns: int | None = None
        self._cut = False
        self._finished = False
        self._cpu_s = 0.0
        self._sender: Sender | None = None
        self._loop: LoopWatch | None = None
        self._pool_wait_ms = array("f")
        self._clock = RunClock.starting_in(0)
        length_ns = plan.length_ns if plan.succession is not None else None
        self._pacer = Pacer(plan.arrivals.offset_ns, length_ns=length_ns)
        self._recorder = Recorder(folder, len(plan.arrivals), shares=plan.share.of)
        self._tally = Tally(round(plan.largest_limit_s * 1e9), 0, plan.target.custom_kinds)
        self._dialer = Dialer(plan.target.client, plan.target.tls)
        self._dialer.prepare()
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

    @property
    def stopped(self) -> Stop | None:
        """Why it stopped before its plan's end."""
        return self._stop

    @property
    def stopped_ns(self) -> int | None:
        """When it stopped, on the run's clock."""
        return self._stopped_ns

    @property
    def target(self) -> Target:
        """Where it all goes."""
        return self._plan.target

    @property
    def limits(self) -> Limits:
        """The client's time-outs."""
        return self._limits

    def client(self) -> Client:
        """A user's own connections."""
        return HttpClient(self._limits, self._dialer)

    def serve(self, client: Client, report: Callable[[Sent], None] | None = None) -> None:
        """What one user does all its life: take the next arrival, send it. Returns when the run is over."""
        try:
            while (due := self._pacer.take()) is not None and self._sender is not None:
                if due.sendable_ns > due.planned_ns:
                    self._pool_wait_ms.append((due.sendable_ns - due.planned_ns) / 1e6)
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
            self._stopped_ns = self._last_handed_out_ns()
            self._pacer.close()

    def cut(self) -> None:
        """End the drain at once."""
        self._cut = True

    def run(self, kill_users: Callable[[], None]) -> None:
        """The run: wait for the users, start the clock, follow the plan, drain, finish."""
        self._wait_for_users()
        if not self._start_clock():
            return
        self._loop = LoopWatch()
        ticker = gevent.spawn(self._tick)
        self._pacer.follow(self._clock)
        self._drain()
        self._pacer.close()
        kill_users()
        ticker.kill()
        self.finish()

    def finish(self) -> None:
        """Write the rows of arrivals that were never sent and what is pending, and hand over the accounts; once."""
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
        for planned_ns, step, has_waited in self._pacer.steps_left_over(stopped_ns):
            if not step.attempt:  # a retry that is not made has no row: its original has one
                own_lag_ms = 0 if has_waited else max(1, (ended_ns - planned_ns) // 1_000_000)
                self._sender.never_sent(step.place, planned_ns, ended_ns, own_lag_ms, step)
        self._flush()
        part = self._part(ended_ns)
        self._recorder.close()
        self._home.end(part)

    def _last_handed_out_ns(self) -> int:
        """When nothing more was sent: now, or just before the arrival of the last moments that nobody got to yet."""
        now_ns, offsets = self._clock.now_ns(), self._plan.arrivals.offset_ns
        if self._sender is None or self._pacer.due >= len(offsets):
            return now_ns
        next_ns = int(offsets[self._pacer.due]) + self._clock.t0_ns
        return next_ns if now_ns - LAST_MOMENTS_NS < next_ns < now_ns else now_ns

    def _wait_for_users(self) -> None:
        until = time.monotonic() + USERS_READY_WITHIN_S
        while self._pacer.idle < self.users and time.monotonic() < until and not self._pacer.closed:
            gevent.sleep(0.01)

    def _start_clock(self) -> bool:
        # What stands now stays to the end; collections that look through all of it again would be stalls of the loop.
        gc.collect()
        gc.freeze()
        gc.set_threshold(_COLLECT_EVERY)
        clock = self._home.begin()
        if clock is None:
            return False
        self._clock = clock
        self._tally.measured_from_ns = clock.t0_ns + self._plan.warm_up_ns
        expect = self._pacer.expect if self._plan.succession is not None else None
        self._sender = Sender(self._plan, self._credentials, clock, self._recorder, self._tally, expect)
        self._cpu_s = time.process_time()
        return True

    def _drain(self) -> None:
        until = time.monotonic() + self._plan.drain_s
        gevent.sleep(0.02)  # the last arrivals were handed to users that have yet to wake up
        while (self._tally.in_flight or self._pacer.backlog) and time.monotonic() < until and not self._cut:
            if self._pacer.closed and not self._tally.in_flight:
                break
            gevent.sleep(0.02)

    def _tick(self) -> None:
        ticks = 0
        while True:
            gevent.sleep(_TICK_S)
            ticks += 1
            self._recorder.pack()
            if ticks % _FLUSH_EVERY_TICKS == 0:
                self._flush()
            if ticks % _SHOW_EVERY_TICKS == 0:
                self._home.show(self._progress())

    def _flush(self) -> None:
        """Pass on what is new and write it."""
        if self._sender is not None:
            fresh = self._recorder.fresh_rows()
            self._tally.add(fresh)
            self.on_rows(fresh, self._sender.fresh_failures())
        if not self._recorder.flush():
            self.stop(Stop(ended="recorder-failed", reason=str(self._recorder.failure)))
            self.cut()

    def _progress(self) -> dict[str, Any]:
        now_ns = self._clock.now_ns()
        overdue = self._tally.overdue(now_ns)
        return {
            "event": "progress",
            "elapsed_s": (now_ns - self._clock.t0_ns) / 1e9,
            "due": self._pacer.due + self._pacer.steps_due,
            "steps_due": self._pacer.steps_due,
            "sent": self._tally.started,
            "in_flight": self._tally.in_flight,
            "waiting": self._pacer.backlog,
            "pool_waits": self._pacer.pool_waits,
            "late": self._tally.late,
            "judged": dict(self._tally.judged + overdue),
            "overdue": dict(overdue),
            "within": dict(self._tally.within),
            "outcomes": dict(self._tally.outcomes),
            "stopping": self._stop.ended if self._stop else None,
        }

    def _part(self, ended_ns: int) -> Part:
        return Part(
            stop=self._stop,
            stopped_ns=self._stopped_ns,
            ended_ns=ended_ns,
            recorded=self._recorder.recorded(),
            rows=self._recorder.rows,
            started=self._tally.started,
            recorder_failure=self._recorder.failure,
            generator=self._generator(ended_ns),
        )

    def _generator(self, ended_ns: int) -> dict[str, Any]:
        """This process's health; `loadtests.health.generator_json` joins those of all."""
        own_lag_ms = np.frombuffer(self._tally.own_lag_ms, dtype=np.float32)
        wall_s = max(1e-9, (ended_ns - self._clock.t0_ns) / 1e9)
        loop = self._loop or LoopWatch()
        loop.stop()
        return {
            "worker": self._plan.share.index,
            "lags": len(own_lag_ms),
            "own_lag_quantiles_ms": lag_quantiles(own_lag_ms),
            "late_over_50_ms": self._tally.late,
            "pool_waits": self._pacer.pool_waits,
            "pool_wait_quantiles_ms": lag_quantiles(np.frombuffer(self._pool_wait_ms, dtype=np.float32)),
            "lanes": self.users,
            "idle_lanes_min": self._pacer.idle_min,
            "cpu_share": (time.process_time() - self._cpu_s) / wall_s,
            **loop.to_json(),
        }
