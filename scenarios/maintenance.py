"""Maintenance announced before the run: a window [from, to) by offsets from the start, or by dates with a zone."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator
from pydantic_core import PydanticCustomError

from scenarios.duration import duration_text, parse_duration

NS_PER_S = 1_000_000_000


def parse_moment(written: Any) -> float | datetime:
    """Seconds from the start of the run, or a date with its zone. Raises PydanticCustomError for anything else."""
    found = written
    if isinstance(written, str):
        try:
            found = datetime.fromisoformat(written)
        except ValueError:
            return parse_duration(written)
    if not isinstance(found, datetime):
        raise PydanticCustomError("moment", 'write an offset as "10m" or a date as 2026-11-02T01:00:00-05:00')
    if found.tzinfo is None:
        raise PydanticCustomError("moment", "a date needs its zone, as in 2026-11-02T01:00:00-05:00 or ...Z")
    return found


def _moment_text(moment: float | datetime) -> str:
    return moment.isoformat() if isinstance(moment, datetime) else duration_text(moment)


Moment = Annotated[
    float | datetime, BeforeValidator(parse_moment), PlainSerializer(_moment_text, return_type=str)
]


class Maintenance(BaseModel):
    """One window. What was planned in it is not judged under a clause that excludes scheduled maintenance."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    start: Annotated[Moment, Field(alias="from")]
    end: Annotated[Moment, Field(alias="to")]

    @model_validator(mode="after")
    def _runs_forward(self) -> Maintenance:
        if isinstance(self.start, datetime) is not isinstance(self.end, datetime):
            raise PydanticCustomError("window", "from and to must both be offsets or both be dates")
        if self.end <= self.start:  # type: ignore[operator] # both of one kind by now
            raise PydanticCustomError("window", "must end after it begins")
        return self

    def window_ns(self, t0_ns: int) -> tuple[int, int]:
        """The window [from, to) in nanoseconds since the epoch, for a run that starts at `t0_ns`."""
        return _absolute_ns(self.start, t0_ns), _absolute_ns(self.end, t0_ns)

    def describe(self) -> str:
        """The window in words."""
        return f"Maintenance from {_moment_text(self.start)} to {_moment_text(self.end)} is announced and not judged."


def _absolute_ns(moment: float | datetime, t0_ns: int) -> int:
    if isinstance(moment, datetime):
        return int(moment.timestamp()) * NS_PER_S + moment.microsecond * 1000
    return t0_ns + round(moment * NS_PER_S)
