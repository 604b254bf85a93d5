"""Durations as people write them ("90s", "1h30m", "250ms"), as float seconds inside."""

from __future__ import annotations

from typing import Annotated, Any

import durationpy
from pydantic import BeforeValidator, PlainSerializer
from pydantic_core import PydanticCustomError

_UNITS = {"h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000, "ms": 1000, "us": 1}


def parse_duration(text: Any) -> float:
    """Seconds in a written duration.

    Raises PydanticCustomError (a ValueError) for a bare number, an unknown unit or a negative length.
    """
    if not isinstance(text, str):
        raise PydanticCustomError("duration", "a duration needs its unit; write 10m, 90s or 1h30m")
    try:
        seconds = float(durationpy.from_str(text.strip()).total_seconds())
    except (durationpy.DurationError, ValueError, OverflowError):
        raise PydanticCustomError("duration", "unknown unit or form; write 10m, 90s or 1h30m") from None
    if seconds < 0:
        raise PydanticCustomError("duration", "must not be negative")
    return seconds


def duration_text(seconds: float) -> str:
    """A duration as one would write it: 90.0 -> "1m30s". Exact to the microsecond, which is all a text can hold."""
    rest = round(seconds * 1e6)
    parts = []
    for unit, microseconds in _UNITS.items():
        count, rest = divmod(rest, microseconds)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def to_microseconds(seconds: float) -> float:
    """A computed duration, rounded so that it stays the same when written as text and read again."""
    return round(seconds, 6)


Duration = Annotated[float, BeforeValidator(parse_duration), PlainSerializer(duration_text, return_type=str)]
