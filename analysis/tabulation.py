"""Tabulation: one pass over the rows of a recording to counts by second, kind and outcome under one clause."""

from __future__ import annotations

import numpy as np

from analysis.blocks import Block, joined_blocks
from analysis.counting import Counter
from analysis.plain_rows import sift
from analysis.roll_call import Book, RollCall, Seen
from analysis.samples import Places, Samples
from analysis.table import Table
from analysis.threads import Span, halves, in_threads
from scenarios.sla import Clause


def tabulate(samples: Samples, roll: RollCall, clause: Clause) -> Table:
    """The table of a recording under a clause.

    Memory: the table, and 7 bytes a judged row for the codes of its times.
    """

    def work(span: Span) -> tuple[Counter, _Repeated]:
        counter, repeated = Counter(samples, clause), _Repeated()
        for first, block in samples.numbered_blocks(*span):
            again = roll.is_repeated(block)
            if again is not None and again.any():
                repeated.add(first + np.flatnonzero(again), block.at(again), counter)
            counter.add(sift(block, len(samples.kinds)), first, again)
        counter.finish()
        return counter, repeated

    (counter, repeated), *rest = in_threads(work, halves(samples.size))
    for other, others in rest:
        counter.table.join(other.table)
        repeated.rows += others.rows
    repeated.count(counter)
    return counter.table


def call_and_tabulate(samples: Samples, clause: Clause) -> tuple[RollCall, Table]:
    """Roll call and table in one pass over the rows; where arrivals repeat, the table takes a second one."""
    seen = Seen(samples)

    def work(span: Span) -> tuple[Book, Counter]:
        book, counter = Book(samples, seen, first=span[0]), Counter(samples, clause)
        for first, block in samples.numbered_blocks(*span):
            sifted = sift(block, len(samples.kinds))
            book.add(sifted)
            counter.add(sifted, first, None)
            del block, sifted  # or two blocks would be in memory at a time
        counter.finish()
        return book, counter

    (book, counter), *rest = in_threads(work, halves(samples.size))
    for book_of_rest, counter_of_rest in rest:
        book.join(book_of_rest)
        counter.table.join(counter_of_rest.table)
    roll = book.closed()
    return roll, tabulate(samples, roll, clause) if roll.repeated_arrivals.size else counter.table


_REPEATED_ROWS = 1 << 20


class _Repeated:
    """Rows of arrivals that stand more than once, of which only the best of each need be held."""

    def __init__(self) -> None:
        self.rows: list[tuple[Places, Block]] = []
        self.held, self.most = 0, _REPEATED_ROWS

    def add(self, numbers: Places, block: Block, counter: Counter) -> None:
        """Take some rows with their numbers."""
        self.rows.append((numbers, block))
        self.held += block.size
        if self.held > self.most:
            numbers, best = self._once_each(counter)
            self.rows = [(numbers, best)]
            self.held, self.most = best.size, 2 * best.size + _REPEATED_ROWS

    def count(self, counter: Counter) -> None:
        """Count the best row of each arrival."""
        if self.rows:
            numbers, best = self._once_each(counter)
            counter.add_one_by_one(best, numbers)

    def _once_each(self, counter: Counter) -> tuple[Places, Block]:
        numbers, blocks = zip(*self.rows, strict=True)
        whole = joined_blocks(list(blocks))
        best = counter.best_places(whole)
        return np.concatenate(numbers)[best], whole.at(best)
