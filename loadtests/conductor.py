"""The master's part of a run: admit workers, start them at one moment, watch over them, end the run, write end.json.

It knows nothing of Locust: reports come in through `hear`, batches through `store`, orders go out through `send`
(to whom, ORDERS or HELD, content).
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

import gevent
import numpy as np
import numpy.typing as npt

from loadtests.batches import Batch, DamagedBatchError
from loadtests.clock import RunClock
from loadtests.collecting import Collector
from loadtests.engine import LAST_MOMENTS_NS, USERS_READY_WITHIN_S, Stop
from loadtests.health import LoopWatch, RateTable
from loadtests.later_accounts import LaterAccounts
from loadtests.plan_files import files_json, files_of, read_piece
from loadtests.roster import Roster, Worker
from loadtests.run_ending import distributed_end_json
from loadtests.run_plan import RunPlan
from scenarios.errors import SlagateError
from scenarios.observation import STEPS_PER_ROOT
from scenarios.run_folder import RunFolder, write_once

REPORT, BATCH = "slagate_report", "slagate_batch"  # messages from workers
ORDERS, HELD = "slagate_orders", "slagate_held"  # and to them
_LEAD_S = 0.6  # between the order to start and t0: long enough to reach everybody
_WATCH_S = 0.05
_SHOW_S = 0.25
_STALL_S = 0.5
_SILENT_BEFORE_START_S = 15.0  # laying out a long plan holds a worker's loop up
_ENDED_WITHIN_S = 30.0  # beyond planned end and drain: killing users, the last rows


class NobodyToSendError(SlagateError, RuntimeError):
    """The run could not start: a worker is missing or cannot take part. Nothing was sent."""


class Conductor:
    """Conducts one run by several workers."""

    def __init__(
        self,
        plan: RunPlan,
        folder: RunFolder,
        *,
        workers: int,
        token: str,
        emit: Callable[[dict[str, Any]], None],
        send: Callable[[str, str, dict[str, Any]], None],
    ) -> None:
        self._plan = plan
        self._files = files_of(plan)
        self._plan_message = plan.to_message() | {"files": files_json(self._files)}
        self._folder = folder
        self._workers = workers
        self._emit = emit
        self._send = send
        self._clock = RunClock.starting_in(0)
        self._t0_ns: int | None = None
        self._stop: Stop | None = None
        self._stopped_ns: int | None = None
        self._cut = False
        self.over = False
        self._digests = [plan.digest_of(index, workers) for index in range(workers)]
        self._loop = LoopWatch()
        self._cpu_s = time.process_time()
        self._rate = RateTable(plan.arrivals.offset_ns, plan.scenario.length_s)
        self._later = LaterAccounts(plan)
        plan.follow_ups_at_most  # noqa: B018 - counted now, not when everybody waits for the start
        self.roster = Roster(
            run=f"{folder.path.name}/{plan.nonce}",
            version=version("slagate"),
            token=token,
            places=workers,
        )
        self._collector = Collector(
            folder,
            planned=len(plan.arrivals),
            workers=workers,
            planned_of=self._planned_of,
            rate=self._rate,
            later=self._later,
        )
        self._foreign_batches = 0

    @property
    def started(self) -> bool:
        """Whether anything may have been sent."""
        return self._t0_ns is not None

    @property
    def lanes(self) -> dict[str, int]:
        """Locust users of each worker, by Locust's name for it."""
        return {worker.client_id: int(worker.report["lanes"]) for worker in self.roster}

    def hear(self, client_id: str, report: Mapping[str, Any]) -> None:
        """Take a worker's report and answer with the orders."""
        if self.over and self.roster.get(client_id) is None:
            return  # it waits for the next run, if there is one
        known = client_id in self.roster.refused
        heard = self.roster.hear(client_id, report, time.monotonic())
        if isinstance(heard, Worker):
            heard = self._fault(heard, report) or heard
        if isinstance(heard, str):
            if not known:
                self._emit({"event": "worker-refused", "worker": str(report.get("name")), "reason": heard})
            self._send(client_id, ORDERS, self._orders(report, None, refused=heard))
            return
        self._send(client_id, ORDERS, self._orders(report, heard))
        stop = report.get("stop")
        if stop and self._stop is None and self.started and heard.report.get("run") == self.roster.run:
            reason = f"worker {heard.index} ({heard.name}): {stop['reason']}"
            self.stop(Stop(ended=stop["ended"], reason=reason), stop["stopped_ns"])
            if stop["ended"] == "recorder-failed":
                self.cut()

    def store(self, client_id: str, message: Mapping[str, Any]) -> None:
        """Take a batch; once it is on disk, say so."""
        worker = self.roster.get(client_id)
        if worker is None or message.get("run") != self.roster.run or not self.started:
            self._foreign_batches += 1
            return
        try:
            batch = Batch.from_message(dict(message))
        except DamagedBatchError:
            return
        worker.seen = time.monotonic()
        held = self._collector.store(worker.index, batch)
        if self._collector.failure is not None:
            self.stop(Stop(ended="recorder-failed", reason=self._collector.failure))
            self.cut()
            return
        answer = {"run": self.roster.run, "stream": int(batch.stream), "number": held}
        self._send(client_id, HELD, answer)

    def stop(self, stop: Stop, stopped_ns: int | None = None) -> None:
        """Send nothing more; drain. Only the first reason counts."""
        if self._stop is None and not self.over:
            self._stop = stop
            # a worker need not have got to what was planned in the last moments; what it did send counts all the same
            self._stopped_ns = (
                self._clock.now_ns() - 2 * LAST_MOMENTS_NS if stopped_ns is None else stopped_ns
            )
            self._order_all()

    def cut(self) -> None:
        """End the drain at once."""
        if not self._cut:
            self._cut = True
            self._order_all()

    def gather(self) -> None:
        """Wait until every place is taken and every share laid out. Raises NobodyToSendError."""
        shown = 0.0
        while not self._everybody("planned"):
            gevent.sleep(_WATCH_S)
            if self._stop is not None:
                raise NobodyToSendError(f"{self._stop.reason} while waiting for workers; nothing was sent")
            for worker in self.roster.silent(time.monotonic(), _SILENT_BEFORE_START_S):
                self.roster.refuse(worker.client_id, worker.name, "fell silent before the start")
            if time.monotonic() > shown + 1:
                shown = time.monotonic()
                self._emit({"event": "gathering", "workers": len(self.roster), "of": self._workers})

    def conduct(self) -> None:
        """The run, from the moment Locust has been told to start the users to end.json. Raises NobodyToSendError."""
        self.roster.closed = True
        self._stand()
        self._go()
        self._watch()
        self._finish()

    def _stand(self) -> None:
        until = time.monotonic() + USERS_READY_WITHIN_S
        while not self._everybody("standing"):
            gevent.sleep(_WATCH_S)
            silent = self.roster.silent(time.monotonic(), _SILENT_BEFORE_START_S)
            if self._stop is not None or silent or time.monotonic() > until:
                why = self._stop.reason if self._stop else "the users did not stand in time"
                why = f"worker {silent[0].index} ({silent[0].name}) fell silent" if silent else why
                self.stop(Stop(ended="engine-lost", reason=why))
                raise NobodyToSendError(f"{why}; nothing was sent")

    def _go(self) -> None:
        t0_ns = self._clock.now_ns() + round(_LEAD_S * 1e9)
        plan = self._plan.to_json(run_id=self._folder.path.name, t0_ns=t0_ns, workers=self._workers)
        write_once(self._folder.plan_file, plan)
        self._collector.t0_ns = self._t0_ns = t0_ns
        self._cpu_s = time.process_time()
        self._order_all()
        self._emit({"event": "started"})

    def _watch(self) -> None:
        """Until every worker has ended or is lost."""
        assert self._t0_ns is not None
        planned_end_ns = self._t0_ns + round((self._plan.scenario.length_s + self._plan.drain_s) * 1e9)
        last = shown = time.monotonic()
        while not all(worker.ended for worker in self.roster):
            gevent.sleep(_WATCH_S)
            now = time.monotonic()
            if now - last > _STALL_S:
                self.roster.forgive(now - last)
            last = now
            for worker in self.roster.silent(now):
                self._lose(worker, "was not heard of for 4 s")
            if self._clock.now_ns() > planned_end_ns + round(_ENDED_WITHIN_S * 1e9):
                for worker in self.roster:
                    if not worker.ended:
                        self._lose(worker, "did not come to its end")
            if now > shown + _SHOW_S:
                shown = now
                self._emit(self._progress())

    def _lose(self, worker: Worker, how: str) -> None:
        worker.lost = how
        self.stop(Stop(ended="engine-lost", reason=f"worker {worker.index} ({worker.name}) {how}"))

    def _finish(self) -> None:
        self.over = True
        self._loop.stop()
        end = distributed_end_json(
            self._plan,
            self.roster,
            self._collector,
            self._rate,
            self._later,
            stop=self._stop,
            stopped_ns=self._stopped_ns,
            now_ns=self._clock.now_ns(),
            foreign_batches=self._foreign_batches,
            master=self._health(),
        )
        self._collector.close()
        self._emit({"event": "ended", "end": end})
        write_once(self._folder.end_file, end)
        self._order_all()

    def _health(self) -> dict[str, Any]:
        wall_s = max(1e-9, (self._clock.now_ns() - self._collector.t0_ns) / 1e9)
        return {
            "process": os.getpid(),
            "cpu_share": (time.process_time() - self._cpu_s) / wall_s,
            **self._loop.to_json(),
        }

    def _everybody(self, state: str) -> bool:
        return len(self.roster) == self._workers and all(
            worker.state == state and worker.report.get("run") == self.roster.run for worker in self.roster
        )

    def _fault(self, worker: Worker, report: Mapping[str, Any]) -> str | None:
        """Why an admitted worker cannot stay."""
        if self.started or report.get("run") != self.roster.run:
            return None
        if report.get("problem"):
            return self.roster.refuse(worker.client_id, worker.name, str(report["problem"]))
        if report["digest"] != self._digests[worker.index]:
            reason = (
                f"lays its share out differently (digest {str(report['digest'])[:12]} instead of "
                f"{self._digests[worker.index][:12]})"
            )
            return self.roster.refuse(worker.client_id, worker.name, reason)
        return None

    def _orders(
        self, report: Mapping[str, Any], worker: Worker | None, refused: str | None = None
    ) -> dict[str, Any]:
        orders: dict[str, Any] = {
            "run": self.roster.run,
            "refused": refused,
            "echo_ns": report.get("sent_ns"),
            "master_ns": self._clock.now_ns(),
        }
        if worker is None:
            return orders
        if report.get("run") != self.roster.run:
            orders |= {"plan": self._plan_message, "index": worker.index, "of": self._workers}
            if report.get("wants") is not None:
                orders["piece"] = read_piece(self._files, report["wants"])
        return orders | {
            "t0_ns": self._t0_ns,
            "stop": asdict(self._stop) if self._stop else None,
            "cut": self._cut,
            "taking": self._collector.failure is None,
            "over": self.over,
        }

    def _order_all(self) -> None:
        for worker in self.roster:
            self._send(worker.client_id, ORDERS, self._orders({"run": worker.report.get("run")}, worker))

    def _progress(self) -> dict[str, Any]:
        """The workers' progress as one."""
        parts = [worker.report["progress"] for worker in self.roster if worker.report.get("progress")]
        sums = {name: sum(part[name] for part in parts) for name in _SUMMED}
        tables = {name: dict(sum((Counter(part[name]) for part in parts), Counter())) for name in _TABLES}
        return {
            "event": "progress",
            "elapsed_s": (self._clock.now_ns() - self._collector.t0_ns) / 1e9,
            "stopping": self._stop.ended if self._stop else None,
            **sums,
            **tables,
        }

    def _planned_of(self, arrivals: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
        roots = (arrivals // STEPS_PER_ROOT).astype(np.int64)
        return self._plan.arrivals.offset_ns[roots] + self._collector.t0_ns


_SUMMED = ("due", "steps_due", "sent", "in_flight", "waiting", "pool_waits", "late")
_TABLES = ("judged", "overdue", "within", "outcomes")
