"""Threads: the same work on two halves of something at once. numpy lets go of the lock where it computes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from analysis.blocks import BLOCK_ROWS

Part = TypeVar("Part")
Result = TypeVar("Result")
Span = tuple[int, int]

_WORTH_WHILE = 4  # blocks


def halves(size: int) -> list[Span]:
    """So many rows as two spans of whole blocks, or as one where they are few: the same on every machine."""
    if size < _WORTH_WHILE * BLOCK_ROWS:
        return [(0, size)]
    middle = size // 2 // BLOCK_ROWS * BLOCK_ROWS
    return [(0, middle), (middle, size)]


def in_threads(work: Callable[[Part], Result], parts: Sequence[Part]) -> list[Result]:
    """The results of some work on each part, in their order."""
    if len(parts) == 1:
        return [work(parts[0])]
    with ThreadPoolExecutor(len(parts)) as threads:
        return list(threads.map(work, parts))
