"""What is still to come because of an answer: follow-ups and retries until a user takes them.

Nobody is parked meanwhile: what the next step needs of the one before lies here, and only here.
"""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush
from typing import NamedTuple

from loadtests.transaction import Earlier
from scenarios.kinds import AnyKind

_NEVER_NS = 1 << 62


class Step(NamedTuple):
    """A follow-up or a retry: what is to be sent for the root at `place` of this process's plan."""

    place: int
    arrival: int
    attempt: int
    kind: AnyKind
    earlier: Earlier | None


class Upcoming:
    """Steps by the moment they are due; those whose moment has come and that found no idle user wait in order."""

    def __init__(self) -> None:
        self._thinking: list[tuple[int, int, Step]] = []  # a heap: due, number, step
        self._number = 0
        self.waiting: deque[tuple[int, Step]] = deque()  # due, step
        self.due = 0  # steps whose moment has come
        self.next_ns = _NEVER_NS  # when the first of those that are thought about is due

    def add(self, due_ns: int, step: Step) -> None:
        """A step that is due then."""
        self._number += 1  # of two that are due at one moment the first one goes first
        heappush(self._thinking, (due_ns, self._number, step))
        self.next_ns = self._thinking[0][0]

    def pop(self) -> tuple[int, Step]:
        """The first one that is thought about; its moment has come."""
        due_ns, _, step = heappop(self._thinking)
        self.next_ns = self._thinking[0][0] if self._thinking else _NEVER_NS
        self.due += 1
        return due_ns, step

    def left_over(self, before_ns: int) -> list[tuple[int, Step, bool]]:
        """What was due before a moment and never taken: due, step, and whether it waited because nobody was idle."""
        unnoticed = sorted(each for each in self._thinking if each[0] < before_ns)
        return [
            *((due_ns, step, True) for due_ns, step in self.waiting if due_ns < before_ns),
            *((due_ns, step, False) for due_ns, _, step in unnoticed),
        ]
