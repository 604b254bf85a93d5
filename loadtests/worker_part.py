"""One run as a worker lives it: lay out its share, stand ready, start when the master says, hand everything over.

Master and worker repeat what they have to say until the other side has seen it, so no message needs an answer of its
own and none is missed when lost. The worker's *report*:

    version, name, token     who it is
    run, state               new | planned | standing | going | ended
    sent_ns                  its monotonic clock; comes back in the orders
    wants                    the next piece of a file that the plan names and that does not lie on its host
    digest, lanes            of its share, once planned
    problem                  why it cannot take part
    progress, stop, part     how it goes; why it stopped by itself; its accounts, once ended

The master's *orders*: run, index, of, plan and piece (until it is laid out), t0_ns (once it starts), stop, cut, taking
(whether it can still store rows), over, refused, echo_ns and master_ns (the clock exchange).
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import gevent
import numpy as np
import numpy.typing as npt
from gevent.event import Event

from loadtests.auth import resolve_credentials
from loadtests.clock import RunClock
from loadtests.clock_offset import ClockOffset, Exchange
from loadtests.engine import Engine, Part, Stop
from loadtests.room import make_room
from loadtests.run_plan import RunPlan
from loadtests.shipping import Shipper
from loadtests.spools import make_spool
from scenarios.errors import SlagateError
from scenarios.observation import STEPS_PER_ROOT
from scenarios.run_folder import RunFolder

MASTER_SILENT_AFTER_S = 4.0
_FLUSHED_WITHIN_S = 20.0
_WINDOW = 40  # exchanges after which a drift measurement starts afresh


class WorkerPart:
    """A worker's share of one run. It is the engine's home: the clock comes from the master, the accounts go there."""

    def __init__(self, orders: Mapping[str, Any], send_batch: Callable[[dict[str, Any]], None]) -> None:
        """Lay the share out. Raises SlagateError where it cannot take part: a secret missing, a plan unreadable."""
        self.run = str(orders["run"])
        self.state = "new"
        plan = RunPlan.from_message(orders["plan"]).of_worker(orders["index"], orders["of"])
        self._plan = plan
        self._offsets = plan.arrivals.offset_ns
        credentials = resolve_credentials(plan.target)
        self._spool = make_spool()
        folder = RunFolder.at(self._spool)
        try:
            make_room(folder, plan.transactions_at_most)
            self.engine = Engine(plan, credentials, folder, self)
        except SlagateError:
            shutil.rmtree(self._spool, ignore_errors=True)
            raise
        self._shipper = Shipper(
            folder, self._planned_of, lambda batch: send_batch({"run": self.run, **batch})
        )
        self._offset = ClockOffset()  # in use from the start of the run on
        self._later = ClockOffset()  # measured since, to see the drift
        self._wall_offset_ns: int | None = None
        self._t0_ns = 0
        self._started = Event()
        self._hand_over = True
        self._told_to_end: str | None = None
        self._heard = time.monotonic()
        self._progress: dict[str, Any] | None = None
        self._part: dict[str, Any] | None = None
        self._digest = plan.arrivals.digest()
        self.over = Event()  # the master has all it needs
        self.state = "planned"

    @property
    def kept(self) -> Path | None:
        """Where rows are that could not be handed over, if there are any."""
        return self._spool if self._shipper.left else None

    def begin(self) -> RunClock | None:
        """Stand ready until the master says when to start."""
        self.state = "standing"
        self._started.wait()
        if not self._t0_ns:
            self.state = "ended"
            return None
        clock = self._offset.run_clock(self._t0_ns)
        self._wall_offset_ns = self._offset.wall_offset_ns(time.time_ns(), time.monotonic_ns())
        self.state = "going"
        return clock

    def show(self, progress: dict[str, Any]) -> None:
        """Keep it for the next report."""
        self._progress = progress

    def end(self, part: Part) -> None:
        """Hand over what is left, then the accounts."""
        gone = lambda: self.master_silent or not self._hand_over  # noqa: E731
        self._shipper.flush(_FLUSHED_WITHIN_S, gone)
        self._part = {
            "stop": asdict(part.stop) if part.stop else None,
            "told_to_end": self._told_to_end,
            "stopped_ns": part.stopped_ns,
            "ended_ns": part.ended_ns,
            "rows": part.rows,
            "left": self._shipper.left,
            "started": part.started,
            "recorder_failure": part.recorder_failure,
            "generator": part.generator,
            "batches": self._shipper.batches_sent,
            "wire_bytes": self._shipper.bytes_sent,
            **self._clock_json(),
        }
        self.state = "ended"

    def ship(self) -> None:
        """Send rows; called a few times a second."""
        if self.state == "going":
            self._shipper.ship()

    def held(self, answer: Mapping[str, Any]) -> None:
        """The master's answer to a batch."""
        if answer["run"] == self.run:
            self._shipper.held(answer["stream"], answer["number"])

    def obey(self, orders: Mapping[str, Any]) -> None:
        """Follow the master's orders, new or repeated."""
        self._heard = time.monotonic()
        self._exchange(orders)
        stop = orders["stop"]
        if stop is not None:
            self.engine.stop(Stop(**stop))
            self._started.set()  # where it has not started it never will
        if orders["cut"]:
            self.engine.cut()
        if not orders["taking"]:
            self._hand_over = False
        if orders["t0_ns"] and not self._started.is_set():
            self._t0_ns = int(orders["t0_ns"])
            self._started.set()
        if orders["over"]:
            self.over.set()

    def abandon(self, reason: str, *, hand_over: bool = True) -> None:
        """End at once: nobody wants this part any more, or this worker was told to end. Its rows are handed over,
        unless there is nobody to take them."""
        self._hand_over = self._hand_over and hand_over
        if self._part is None and self.engine.stopped is None:
            self._told_to_end = reason
        self.engine.stop(Stop(ended="engine-lost", reason=reason))
        self.engine.cut()
        self._started.set()

    @property
    def master_silent(self) -> bool:
        """Whether nothing was heard of the master for four seconds."""
        return time.monotonic() - self._heard > MASTER_SILENT_AFTER_S

    def forgive(self, stall_s: float) -> None:
        """This process itself stood still for so long; the master is not to blame."""
        self._heard += stall_s

    def report(self) -> dict[str, Any]:
        """What the master is to know."""
        stop = self.engine.stopped
        return {
            "run": self.run,
            "state": self.state,
            "digest": self._digest,
            "lanes": self.engine.users,
            "progress": self._progress,
            "stop": asdict(stop) | {"stopped_ns": self.engine.stopped_ns} if stop else None,
            "part": self._part,
        }

    def close(self) -> None:
        """Remove what was kept on this host, unless rows are left in it."""
        if self.kept is None:
            shutil.rmtree(self._spool, ignore_errors=True)

    def _exchange(self, orders: Mapping[str, Any]) -> None:
        sent_ns = orders.get("echo_ns")
        if sent_ns is None:
            return
        exchange = Exchange(sent_ns=sent_ns, master_ns=orders["master_ns"], received_ns=orders["received_ns"])
        if not self._started.is_set():
            self._offset.add(exchange)
            return
        if self._later.exchanges >= _WINDOW:
            self._later = ClockOffset()
        self._later.add(exchange)

    def _clock_json(self) -> dict[str, Any]:
        if self._wall_offset_ns is None:
            return {"clock_offset_ms": None, "round_trip_ms": None, "clock_drift_ms": None}
        drift_ns = self._later.ahead_of_ns(self._offset) if self._later.exchanges else None
        return {
            "clock_offset_ms": round(self._wall_offset_ns / 1e6, 3),
            "round_trip_ms": round(self._offset.round_trip_ns / 1e6, 3),
            "clock_drift_ms": None if drift_ns is None else round(drift_ns / 1e6, 3),
        }

    def _planned_of(self, arrivals: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
        share = self._plan.share
        places = (arrivals // STEPS_PER_ROOT).astype(np.int64) // share.of
        return self._offsets[places] + self._t0_ns


def keep_shipping(part: Callable[[], WorkerPart | None], every_s: float = 0.25) -> None:
    """Ship the rows of whatever run is going on; never returns."""
    while True:
        gevent.sleep(every_s)
        current = part()
        if current is not None:
            current.ship()
