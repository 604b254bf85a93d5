"""Durations as people write them ("250ms", "30s", "1h30m"), held as seconds."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

_SECONDS_PER = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_WHOLE = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:ms|h|m|s))+")
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|h|m|s)")
_LONGEST_S = 24 * 3600.0


def parse_duration(text: object) -> float:
    """Seconds in a text such as "250ms", "2.36s" or "1h30m".

    Units go from large to small, each at most once. Raises ValueError, also above 24 h: longer waits
    are slips of the pen.
    """
    if not isinstance(text, str):
        raise ValueError('write a duration as text, such as "250ms", "30s" or "1h30m"')
    parts = _PART.findall(text) if _WHOLE.fullmatch(text) else []
    places = [list(_SECONDS_PER).index(unit) for _, unit in parts]
    if not parts or places != sorted(set(places)):
        raise ValueError('not a duration; write it like "250ms", "30s", "2m" or "1h30m"')
    seconds = sum(float(number) * _SECONDS_PER[unit] for number, unit in parts)
    if seconds > _LONGEST_S:
        raise ValueError("more than 24h")
    return seconds


Duration = Annotated[float, BeforeValidator(parse_duration)]
PositiveDuration = Annotated[Duration, Field(gt=0)]
