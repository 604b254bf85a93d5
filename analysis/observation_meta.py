"""The optional `<file>.meta.json` beside an observation file: what its rows cannot say about themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from analysis.doubts import Doubt, DoubtCode, Severity, doubt
from scenarios.duration import Duration
from scenarios.errors import DeclarationError, Problem
from scenarios.spelling import did_you_mean

Name = Annotated[str, Field(min_length=1)]
Stamp = Annotated[int, Field(strict=True, ge=-(2**62), le=2**62)]


class KnownDoubt(BaseModel):
    """A doubt that whoever recorded had about the recording, which its rows cannot show."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: Literal[tuple(each.text for each in DoubtCode)]  # type: ignore[valid-type] # one closed list
    severity: Literal["invalid", "inconclusive", "note"]
    population: Name | None = None
    message: Name

    def as_doubt(self) -> Doubt:
        """The doubt that stands in judging."""
        code = next(each for each in DoubtCode if each.text == self.code)
        return doubt(code, self.message, population=self.population, severity=Severity(self.severity))


class ObservationMeta(BaseModel):
    """Kinds, their classes, and the windows of a recording."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kinds: tuple[Name, ...] = ()
    kind_class: dict[Name, Name] = {}
    planned_span: tuple[Stamp, Stamp] | None = None  # arrivals were planned for [from, to); else as found
    cutoff_ns: Stamp | None = None
    drained: bool = False  # answers were waited for after the last arrival: only rows in flight can be open
    warmup_ns: Annotated[int, Field(strict=True, ge=0, le=2**62)] = 0
    maintenance: tuple[tuple[Stamp, Stamp], ...] = ()
    longest_stall: Annotated[Duration, Field(gt=0)] | None = None
    load_cycle: Annotated[Duration, Field(gt=0)] | None = None
    doubts: tuple[KnownDoubt, ...] = ()

    @model_validator(mode="after")
    def _windows_run_forward(self) -> ObservationMeta:
        if any(end <= start for start, end in self.maintenance):
            raise PydanticCustomError(
                "maintenance", "a maintenance window [from, to) must end after it begins"
            )
        if self.planned_span is not None and self.planned_span[1] <= self.planned_span[0]:
            raise PydanticCustomError("planned_span", "planned_span [from, to) must end after it begins")
        if self.drained and self.cutoff_ns is None:
            raise PydanticCustomError(
                "drained", "drained needs cutoff_ns: until when answers were waited for"
            )
        return self


def meta_path(path: Path) -> Path:
    """Where the description of an observation file lies: its whole name and `.meta.json`."""
    return path.with_name(f"{path.name}.meta.json")


def read_meta(path: Path) -> ObservationMeta:
    """The description at `path`, or the empty one. Raises DeclarationError with all its problems."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ObservationMeta()
    except (OSError, ValueError) as error:
        raise DeclarationError(
            str(path), [Problem(where="", message=f"cannot be read as JSON: {error}")]
        ) from error
    try:
        return ObservationMeta.model_validate(raw)
    except ValidationError as error:
        raise DeclarationError(str(path), _problems(error)) from error


def _problems(error: ValidationError) -> list[Problem]:
    found = []
    for each in error.errors():
        where = ".".join(str(step) for step in each["loc"])
        if each["type"] == "extra_forbidden":
            message = f"unknown key; {did_you_mean(where, ObservationMeta.model_fields)}"
        else:
            message = f"{each['msg']} (got {each['input']!r})" if where else each["msg"]
        found.append(Problem(where=where, message=message))
    return found
