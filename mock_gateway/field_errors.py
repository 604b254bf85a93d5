"""What is wrong with a request, field by field."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """One thing that is wrong, and where; the value itself is not repeated."""

    place: str
    message: str


class Complaints:
    """Collects every error of a request before it is refused."""

    def __init__(self) -> None:
        self.errors: list[FieldError] = []

    def complain(self, place: str, message: str) -> None:
        self.errors.append(FieldError(place=place, message=message))
