"""Lines of a text file in bounded memory: one that no tool would write is refused before it is whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from scenarios.errors import DeclarationError, Problem

LONGEST_LINE = 10_000_000


def bounded_lines(source: str, file: TextIO) -> Iterator[str]:
    """The lines of an open file with their ends. Raises DeclarationError for one of 10 million characters."""
    line = 0
    while text := file.readline(LONGEST_LINE):
        line += 1
        if len(text) == LONGEST_LINE:
            message = f"is longer than {LONGEST_LINE} characters"
            raise DeclarationError(source, [Problem(where=f"line {line}", message=message)])
        yield text
