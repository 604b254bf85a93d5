"""A phase that is a recorded trace: when and what as in the log, played faster, in part, repeatedly, thinned or not."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from scenarios.duration import Duration, duration_text, to_microseconds
from scenarios.errors import DeclarationError, Problem
from scenarios.phase import PositiveDuration

_strict = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Cut(BaseModel):
    """The part of a trace that is played, as offsets from its first stamp: from `from_`, up to but not with `to`."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, serialize_by_alias=True)

    from_: Duration = Field(default=0.0, alias="from")
    to: PositiveDuration | None = None


class TraceFacts(BaseModel):
    """What the file was found to hold when it was loaded; never declared by hand."""

    model_config = _strict

    sha256: str
    lines: int  # of the cut
    first_ns: int  # the first stamp of the whole file, nanoseconds since the epoch
    pass_ns: int  # length of the cut, the mean gap after its last arrival included, in the trace's own time
    peak_per_s: float  # most lines in one second of a replay, before `scale`
    journeys: dict[str, int]
    payers_given: bool
    amount_classes_given: bool


class TracePhase(BaseModel):
    """Arrivals as a log has them."""

    model_config = _strict

    shape: Literal["trace"]
    file: Annotated[str, Field(min_length=1)]
    speed: Annotated[float, Field(gt=0, le=100_000)] = 1.0
    cut: Cut = Cut()
    loop: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    duration: PositiveDuration | None = None
    scale: Annotated[float, Field(gt=0, le=100)] = 1.0
    sorted_within: Duration = 5.0
    found: TraceFacts | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.loop is not None and self.duration is not None:
            raise PydanticCustomError(
                "trace", "loop and duration exclude each other; duration repeats until then"
            )
        if self.cut.to is not None and self.cut.to <= self.cut.from_:
            raise PydanticCustomError("trace", "cut.to must lie after cut.from")
        return self

    @property
    def facts(self) -> TraceFacts:
        """What loading found. Raises DeclarationError where the file was not looked at."""
        if self.found is None:
            raise DeclarationError(self.file, [Problem(where="", message="the trace was not loaded")])
        return self.found

    @property
    def length_s(self) -> float:
        """As declared, or so many times the cut."""
        if self.duration is not None:
            return self.duration
        return to_microseconds(self.pass_s * (self.loop or 1))

    @property
    def pass_s(self) -> float:
        """How long it takes to play the cut once."""
        return self.facts.pass_ns / self.speed / 1e9

    @property
    def expected_arrivals(self) -> float:
        """Lines played; for the part of a last pass, as if they were evenly spread."""
        return self.facts.lines * self.scale * self.length_s / self.pass_s

    @property
    def peak_per_s(self) -> float:
        """Most arrivals in one second."""
        return self.facts.peak_per_s * self.scale

    @property
    def sorted_within_ns(self) -> int:
        """Window of disorder, in nanoseconds."""
        return round(self.sorted_within * 1e9)

    def scaled(self, *, rate: float, time: float) -> TracePhase:
        """More or fewer arrivals for each line, and for another length: cut short, or repeated."""
        keys: dict[str, float | None] = {"scale": self.scale * rate}
        if time != 1.0:
            keys |= {"duration": to_microseconds(self.length_s * time), "loop": None}
        return self.model_copy(update=keys)

    def describe(self) -> str:
        """The phase in words."""
        facts = self.facts
        parts = [f"{duration_text(round(self.length_s, 6))} as recorded in {Path(self.file).name}"]
        if self.cut.from_ or self.cut.to is not None:
            end = "its end" if self.cut.to is None else duration_text(self.cut.to)
            parts.append(f"from {duration_text(self.cut.from_)} to {end}")
        if self.speed != 1:
            parts.append(f"{self.speed:g} times as fast")
        passes = self.length_s / self.pass_s
        if abs(passes - 1) > 1e-6:
            parts.append(f"{passes:.3g} times over")
        if self.scale != 1:
            parts.append(f"{self.scale:g} arrivals for each line")
        parts.append(f"{facts.lines} lines, highest {self.peak_per_s:g} arrivals/s")
        return ", ".join(parts)
