"""One running gateway: its books, its clock and its dice, shared by all routes."""

from __future__ import annotations

import asyncio
import os
from random import Random

from mock_gateway.duplicates import DuplicateWindow
from mock_gateway.faults import FaultPlan
from mock_gateway.inquiry import Inquiry
from mock_gateway.ledger import Ledger
from mock_gateway.recent_charges import RecentCharges
from mock_gateway.settings import Settings
from mock_gateway.tally import Tally

SALE = "sale"
ELIGIBILITY = "eligibility"


class Gateway:
    """Everything that outlives a request."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.profile = settings.profile
        self.ledger = _open_ledger(settings)
        self.duplicates = _open_duplicates(settings, self.ledger)
        # Kept for the defects that answer with an earlier charge.
        self.recent = RecentCharges()
        self.tally = Tally()
        self.faults = FaultPlan(settings.profile.faults, settings.seed)
        # Kept for the defect that answers with somebody else's coverage.
        self.previous_inquiry: Inquiry | None = None
        self._times = {
            SALE: settings.profile.sale.service_time,
            ELIGIBILITY: settings.profile.eligibility.service_time,
        }
        # One stream per route: eligibility traffic must not shift the service times of sales.
        self._randoms = {route: Random(f"{settings.seed}/service/{route}") for route in self._times}

    def begin(self) -> None:
        """Start the timeline of faults; called on every business request, does its work on the first."""
        if self.tally.has_begun:
            return
        self.tally.begin()
        for after_s in self.faults.crash_times():
            asyncio.get_running_loop().call_later(after_s, os._exit, 1)

    def draw_service_s(self, route: str) -> float:
        """Seconds that the systems behind this route take for the next request."""
        return self._times[route].draw(self._randoms[route])

    def read_stats(self) -> dict[str, object]:
        return {
            **self.tally.read(),
            "faults_fired": dict(self.faults.fired),
            "payments": self.ledger.totals(),
            "profile": self.profile.name,
            "seed": self.settings.seed,
        }


def _open_ledger(settings: Settings) -> Ledger:
    void_within = settings.profile.payments.void_within
    return Ledger(settings.ledger, void_within_ns=None if void_within is None else int(void_within * 1e9))


def _open_duplicates(settings: Settings, ledger: Ledger) -> DuplicateWindow:
    """The window goes on over a restart: what it needs is in the ledger."""
    window_s = settings.profile.payments.duplicate_window
    earlier = ledger.recent_fingerprints(int(window_s * 1e9)) if window_s else []
    return DuplicateWindow(window_s, settings.credentials.api_secret, earlier)
