"""Foreign rows: what another tool recorded of one request, and what is counted while its file is read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from scenarios.observation import Outcome


class ForeignRow(NamedTuple):
    """One request. A tuple, because files have millions of them."""

    line: int
    started_ns: int
    took_ns: int  # the longest time that the tool would have written so
    name: str
    method: str  # empty where the format has none
    outcome: Outcome
    status: int  # of HTTP; 0 when none arrived
    mark: int  # equal for rows that are copies of each other


@dataclass(slots=True)
class Account:
    """What was met in a file besides its rows."""

    torn: int = 0  # a last line that its writer did not finish
    left_out: Counter[str] = field(default_factory=Counter)  # lines that are no request, by what they are
    remarks: list[str] = field(default_factory=list)  # sentences about what this file does not know


STATUS_OF_ERRORS = 400


def outcome_of_status(status: int, *, failed: bool) -> Outcome:
    """The outcome of a request that was answered: 4xx and 5xx are errors, and so is what the tool says failed."""
    return Outcome.ERROR if failed or status >= STATUS_OF_ERRORS else Outcome.COMPLETED
