"""Where requests queue: the gateway's own stage, the card network, and one station for each payer.

A station serves first come, first served, so the moment at which a request will be done is known as soon
as it comes: it starts when the first of the servers is free. That is arithmetic on moments. Nothing here
sleeps or reads a clock, and a late timer delays one answer but never the queue behind it.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from mock_gateway.gateway_profile import Profile
from mock_gateway.service_time import ServiceTime

GATEWAY_STAGE = "gateway"
CARD_NETWORK = "card_network"
# Payers that the profile does not name get a station each, up to this many; the rest share one.
_MOST_PAYERS = 2000
_SHARED = "(other payers)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """When a request's service starts and ends, in seconds of the clock that `now_s` came from."""

    start_s: float
    end_s: float


class Station:
    """Servers behind one queue. `concurrency` None means that nobody ever waits."""

    def __init__(self, name: str, *, concurrency: int | None = None) -> None:
        self.name = name
        self.concurrency = concurrency
        self.served = 0
        self.busy_s = 0.0
        self.waited_s = 0.0
        # Moments at which the servers that were ever used become free, the earliest first.
        self._free: list[float] = []
        # Ends of everything that is booked, the earliest first, so that who is here can be counted.
        self._ends: list[float] = []

    def book(self, now_s: float, service_s: float) -> Booking:
        """Take a place in the queue at `now_s` for a service of so many seconds."""
        start_s = now_s
        if self.concurrency is not None:
            if len(self._free) >= self.concurrency:
                start_s = max(now_s, heapq.heappop(self._free))
            heapq.heappush(self._free, start_s + service_s)
        self.served += 1
        self.busy_s += service_s
        self.waited_s += start_s - now_s
        if service_s or start_s > now_s:
            heapq.heappush(self._ends, start_s + service_s)
            self._forget(now_s)
        return Booking(start_s=start_s, end_s=start_s + service_s)

    def count_present(self, now_s: float) -> tuple[int, int]:
        """How many are in service and how many wait."""
        self._forget(now_s)
        present = len(self._ends)
        in_service = present if self.concurrency is None else min(present, self.concurrency)
        return in_service, present - in_service

    def _forget(self, now_s: float) -> None:
        while self._ends and self._ends[0] <= now_s:
            heapq.heappop(self._ends)


class Stations:
    """All stations of one gateway, and the dice that draw their service times.

    Each pair of station and route has its own stream: traffic to one payer must not shift another's times.
    """

    def __init__(self, profile: Profile, seed: int) -> None:
        self._profile = profile
        self._seed = seed
        self.gateway = Station(GATEWAY_STAGE, concurrency=profile.gateway.concurrency)
        self.card_network = Station(CARD_NETWORK, concurrency=profile.card_network.concurrency)
        self._payers: dict[str, Station] = {}
        self._shared: Station | None = None
        self._dice: dict[tuple[str, str], tuple[ServiceTime, Random]] = {}

    def __iter__(self) -> Iterator[Station]:
        yield self.gateway
        yield self.card_network
        yield from self._payers.values()
        if self._shared:
            yield self._shared

    def behind(self, payer: str) -> Station:
        """The station of a payer; the card network where there is none."""
        if not payer:
            return self.card_network
        station = self._payers.get(payer)
        return station or self._open_payer(payer)

    def _open_payer(self, payer: str) -> Station:
        declared = self._profile.payers.get(payer)
        concurrency = (declared or self._profile.other_payers).concurrency
        if declared is None and len(self._payers) >= _MOST_PAYERS:
            self._shared = self._shared or Station(_SHARED, concurrency=concurrency)
            return self._shared
        station = self._payers[payer] = Station(payer, concurrency=concurrency)
        return station

    def draw_s(self, station: Station, route: str) -> float:
        """Seconds that the station takes for its next request of this route."""
        found = self._dice.get((station.name, route))
        if found is None:
            time = self._time_of(station, route)
            found = self._dice[station.name, route] = (time, Random(f"{self._seed}/{station.name}/{route}"))
        return found[0].draw(found[1])

    def _time_of(self, station: Station, route: str) -> ServiceTime:
        """The station's own service time if it declares one, else that of the route."""
        profile = self._profile
        if station is self.gateway:
            return profile.gateway.service_time
        if station is self.card_network:
            return profile.card_network.service_time or profile.sale.service_time
        own = (profile.payers.get(station.name) or profile.other_payers).service_time
        return own or profile.service_time_of(route)
