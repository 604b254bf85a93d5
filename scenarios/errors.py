"""Faults of ours, each raised with what, where, the value, and what would be accepted.

SlagateError
 +- DeclarationError (ValueError)      a file or an option is wrong; all its problems at once; exit 2
 +- TargetUnreachableError (OSError)   the target does not answer the probe before load; exit 2
 +- RunFolderError (OSError)           a run folder cannot be made, written or read
 +- RecordingError (OSError)           a row could not be written; latched, sending stops

A fault of the system under test is never raised: it is an outcome in a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class SlagateError(Exception):
    """Root of everything slagate raises on purpose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong in a declaration: the key's path and a sentence that says what would do."""

    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


class DeclarationError(SlagateError, ValueError):
    """A scenario, SLA, target or option is wrong; carries every problem found, not only the first."""

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        super().__init__(str(self))

    def __str__(self) -> str:
        count = len(self.problems)
        if count == 1:
            return f"{self.source}: {self.problems[0]}"
        return "\n".join([f"{self.source}: {count} problems", *(f"  {problem}" for problem in self.problems)])


class TargetUnreachableError(SlagateError, OSError):
    """Nothing answered the probe that connects to each endpoint before load."""


class RunFolderError(SlagateError, OSError):
    """A run folder cannot be made, written or read."""


class RecordingError(SlagateError, OSError):
    """A row could not be written; sending stops at once, because an unrecorded payment must not be sent."""
