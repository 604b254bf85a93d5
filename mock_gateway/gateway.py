"""One running gateway: its books, its clock and its dice, shared by all routes."""

from __future__ import annotations

import asyncio
import os
import time
from typing import NoReturn

from mock_gateway.duplicates import DuplicateWindow
from mock_gateway.fault_plan import FaultPlan
from mock_gateway.faults import Fault, FaultKind
from mock_gateway.ledger import Ledger
from mock_gateway.recent_charges import RecentCharges
from mock_gateway.response_times import ResponseTimes
from mock_gateway.self_watch import SelfWatch
from mock_gateway.settings import Settings
from mock_gateway.stations import Stations
from mock_gateway.tally import Tally
from mock_gateway.truth import TruthLog
from mock_gateway.visit import Visit


class Gateway:
    """Everything that outlives a request."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.profile = settings.profile
        void_within = self.profile.payments.void_within
        # Before the truth log, whose file must be a new one: a ledger that cannot be had leaves none behind.
        self.ledger = Ledger(
            settings.ledger,
            void_within_ns=None if void_within is None else int(void_within * 1e9),
            crash=self.crash,
        )
        self.duplicates = _open_duplicates(settings, self.ledger)
        # Kept for the defects that answer with an earlier charge.
        self.recent = RecentCharges()
        self.tally = Tally()
        self.truth = TruthLog(settings.truth_path)
        self.response_times = ResponseTimes()
        self.watch = SelfWatch()
        self.faults = FaultPlan(settings.profile.faults, settings.seed)
        self.stations = Stations(settings.profile, settings.seed)
        # The last question on each wire, for the defect that answers with somebody else's coverage.
        self.previous: dict[str, object] = {}

    def begin(self) -> None:
        """Start the timeline of faults; called on every business request, does its work on the first."""
        if self.tally.has_begun:
            return
        self.tally.begin()
        for after_s in self.faults.crash_times():
            self._crash_after(after_s)

    def add_fault(self, fault: Fault) -> int:
        """Put a fault in force from now on; gives its number."""
        planned = self.faults.add(fault, elapsed_s=self.tally.elapsed_s())
        if fault.kind is FaultKind.CRASH and self.tally.has_begun:
            self._crash_after(fault.at)
        return planned.number

    def _crash_after(self, seconds: float) -> None:
        asyncio.get_running_loop().call_later(seconds, self.crash)

    def crash(self) -> NoReturn:
        """A planned death: no answer gets out any more, but what this gateway knows of itself is kept."""
        self.end_at_once(code=1)

    def end_at_once(self, *, code: int) -> NoReturn:
        """End the process from any thread, in the middle of whatever it does."""
        self.truth.flush()
        self.ledger.discard()
        os._exit(code)

    def close(self) -> None:
        """The end in good order: everything that was handed over is committed and written down."""
        self.ledger.close()
        self.truth.flush()

    async def serve(
        self,
        visit: Visit,
        *,
        extra_s: float = 0.0,
        asks_others: bool = True,
    ) -> None:
        """Wait as the systems behind this request make it wait; all of them are stations with a queue.

        First the gateway's own stage, then the payer of the visit, or the card network where it has none.
        `extra_s` is further work of the gateway on this request. Without `asks_others` it answers by itself.
        """
        stations = self.stations
        own = stations.gateway
        booked = own.book(time.monotonic(), stations.draw_s(own, visit.route) + extra_s)
        visit.started_s = booked.start_s
        done_s = booked.end_s
        if asks_others:
            # The second queue is joined when the first is left: in that order, and booked for that moment.
            await _sleep_until(done_s)
            station = stations.behind(visit.payer)
            second = station.book(done_s, stations.draw_s(station, visit.route))
            if done_s == booked.start_s:
                visit.started_s = second.start_s
            done_s = second.end_s
        visit.due_s = done_s + visit.effect.added_s
        await _sleep_until(visit.due_s)

    async def hold(self, visit: Visit) -> None:
        """Wait until no stall holds this request any more."""
        while True:
            elapsed_s = self.tally.elapsed_s()
            planned = self.faults.find_hold(visit.route, visit.payer, elapsed_s)
            if planned is None:
                return
            if visit.held_by is None:
                visit.held_by = planned.fault.kind
                self.faults.count_held(planned)
            await self.faults.wait_for_change(planned.remaining_s(elapsed_s))
            visit.due_s = time.monotonic()

    def record(self, visit: Visit, status: str) -> None:
        """Write down what became of a request, now that its answer is out."""
        visit.ended_s = time.monotonic()
        self.response_times.add(visit.route, visit.ended_s - visit.arrived_s)
        self.truth.record(visit, status, visit.find_cause(status))

    def read_stats(self) -> dict[str, object]:
        now_s = time.monotonic()
        stations = {}
        for station in self.stations:
            in_service, waiting = station.count_present(now_s)
            stations[station.name] = {
                "concurrency": station.concurrency,
                "in_service": in_service,
                "waiting": waiting,
                "served": station.served,
                "busy_s": round(station.busy_s, 3),
                "waited_s": round(station.waited_s, 3),
            }
        return {
            **self.tally.read(),
            **self.watch.read(),
            "faults_fired": dict(self.faults.fired),
            "payments": self.ledger.totals(),
            "profile": self.profile.name,
            "seed": self.settings.seed,
            "stations": stations,
            "truth_rows": self.truth.count,
        }


def _open_duplicates(settings: Settings, ledger: Ledger) -> DuplicateWindow:
    """The window goes on over a restart: what it needs is in the ledger."""
    window_s = settings.profile.payments.duplicate_window
    earlier = ledger.recent_fingerprints(int(window_s * 1e9)) if window_s else []
    return DuplicateWindow(window_s, settings.credentials.api_secret, earlier)


async def _sleep_until(moment_s: float) -> None:
    left_s = moment_s - time.monotonic()
    if left_s > 0:
        await asyncio.sleep(left_s)
