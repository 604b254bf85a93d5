"""What all calls of a wire have in common, made once for a target and its credentials."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from loadtests.wires.credentials import Credentials
from scenarios.target import Target

T = TypeVar("T")


class Prepared(Generic[T]):
    """Remembers what `prepare` made of the last target; a run has one, so that this is one comparison a call."""

    def __init__(self, prepare: Callable[[Target, Credentials], T]) -> None:
        self._prepare = prepare
        self._target: Target | None = None
        self._credentials: Credentials | None = None
        self._made: T | None = None

    def __call__(self, target: Target, credentials: Credentials) -> T:
        """What was prepared for exactly these objects."""
        if self._made is None or target is not self._target or credentials is not self._credentials:
            self._made = self._prepare(target, credentials)
            self._target, self._credentials = target, credentials
        return self._made
