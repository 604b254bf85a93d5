"""Addresses of hosts: every A and AAAA record in turn, asked for again as they grow old or after a failure."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import gevent
from gevent import socket
from gevent.event import Event

_SOONEST_AGAIN_S = 1.0  # after failures, so that a dead gateway is no storm of questions to the name server

# family and socket address, as `connect` takes them
Address = tuple[int, Any]


@dataclass(slots=True)
class _Host:
    addresses: list[Address] = field(default_factory=list)
    asked_s: float = -_SOONEST_AGAIN_S
    doubted: bool = False
    turn: int = 0
    answered: Event | None = None  # while a question is under way
    failure: OSError | UnicodeError | None = None


class Addresses:
    """What the names of a run's endpoints stand for; one question at a time for each."""

    def __init__(self, again_after_s: float) -> None:
        self._again_after_s = again_after_s
        self._hosts: dict[tuple[str, int], _Host] = {}

    def of(self, host: str, port: int) -> list[Address]:
        """All addresses, each call beginning with the next one. Raises OSError or UnicodeError where there is none.

        Who finds old addresses goes on with them while they are asked for again; who finds none waits.
        """
        known = self._hosts.setdefault((host, port), _Host())
        if self._is_due(known):
            self._ask(host, port, known)
        if not known.addresses and known.answered is not None:
            known.answered.wait()
        if not known.addresses:
            assert known.failure is not None
            raise known.failure
        known.turn = (known.turn + 1) % len(known.addresses)
        return known.addresses[known.turn :] + known.addresses[: known.turn]

    def doubt(self, host: str, port: int) -> None:
        """A connection failed: ask again before the next one, at most once a second."""
        if known := self._hosts.get((host, port)):
            known.doubted = True

    def _is_due(self, known: _Host) -> bool:
        age_s = time.monotonic() - known.asked_s
        asks = known.doubted or not known.addresses
        return known.answered is None and age_s >= (_SOONEST_AGAIN_S if asks else self._again_after_s)

    def _ask(self, host: str, port: int, known: _Host) -> None:
        known.answered = Event()
        known.asked_s, known.doubted = time.monotonic(), False
        gevent.spawn(self._resolve, host, port, known)

    @staticmethod
    def _resolve(host: str, port: int, known: _Host) -> None:
        try:
            found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
            known.addresses = list(dict.fromkeys((family, address) for family, *_, address in found))
        except (OSError, UnicodeError) as error:
            known.failure = error  # old addresses, if there are any, still stand
        finally:
            answered, known.answered = known.answered, None
            if answered is not None:
                answered.set()
