"""Which worker runs how many Locust users: as many as its share needs, and never another number.

Locust's own dispatcher spreads users evenly, moves them when a worker comes or goes, and so would kill users in the
middle of a transaction. Here their numbers are fixed before the first one starts; whoever comes later gets none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any


class LaneDispatcher:
    """In place of `locust.dispatch.UsersDispatcher`; `lanes` gives the users of each Locust node at the start."""

    dispatch_in_progress = True  # so that Locust never thinks it has to dispatch again

    def __init__(self, lanes: Callable[[], Mapping[str, int]], user_classes: list[Any]) -> None:
        self._lanes = lanes
        self._user_class = user_classes[0].__name__
        self._left = False

    def new_dispatch(self, *_: object, **__: object) -> None:
        """Dispatch once more, whatever number of users is asked for."""
        self._left = True

    def add_worker(self, worker_node: object) -> None:
        """Nothing: it has no share."""

    def remove_worker(self, worker_node: object) -> None:
        """Nothing: nobody else can take over its share."""

    def __iter__(self) -> Iterator[dict[str, dict[str, int]]]:
        return self

    def __next__(self) -> dict[str, dict[str, int]]:
        if not self._left:
            raise StopIteration
        self._left = False
        return {node: {self._user_class: users} for node, users in self._lanes().items()}


def fixed_lanes(lanes: Callable[[], Mapping[str, int]]) -> Callable[..., LaneDispatcher]:
    """What to set as `Environment.dispatcher_class`."""

    def dispatcher(*, worker_nodes: list[Any], user_classes: list[Any]) -> LaneDispatcher:  # noqa: ARG001
        return LaneDispatcher(lanes, user_classes)

    return dispatcher
