"""The engine of each Locust environment: where a Locust user finds what it is to do."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from loadtests.engine import Engine

_engines: WeakKeyDictionary[Any, Engine] = WeakKeyDictionary()


def engine_of(environment: Any) -> Engine:
    """The engine of the run that goes on in this Locust environment."""
    return _engines[environment]


def put_engine(environment: Any, engine: Engine) -> None:
    """Let the users of this environment work for this engine from now on."""
    _engines[environment] = engine
