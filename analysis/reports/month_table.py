"""A month on the terminal: what of it was recorded, and each class by day."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from analysis.calendar_month import MonthCoverage
from analysis.proportions import exact_share
from analysis.verdict import ClauseVerdict, DayShare
from analysis.wording import count_text, share_text


def render_coverage(coverage: MonthCoverage | None) -> Iterator[RenderableType]:
    """The month, its zone, and the rows in and outside it; nothing where no month is judged."""
    if coverage is None:
        return
    month = coverage.month
    hours = (month.edges_ns[-1] - month.edges_ns[0]) // 3_600_000_000_000
    yield Text()
    yield Text.assemble(
        (f"{month.text} in {month.zone}", "bold"),
        f": {len(month.days)} days of {count_text(hours)} h, {'over' if coverage.over else 'not over yet'}; "
        f"{count_text(sum(coverage.rows))} rows planned in it, {count_text(coverage.outside)} outside left out",
    )


def render_days(judged: ClauseVerdict, coverage: MonthCoverage) -> Iterator[RenderableType]:
    """A line for each day with the judged transactions of each class and their share; days without rows are named."""
    if not any(each.days for each in judged.populations):
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("day")
    for each in judged.populations:
        table.add_column(Text(each.name), justify="right")
        table.add_column("within", justify="right", no_wrap=True)
    required = exact_share(judged.clause.required)
    for place, day in enumerate(coverage.month.days):
        if coverage.rows[place]:
            shares = [each.days[place] for each in judged.populations]
            table.add_row(day.isoformat(), *(cell for share in shares for cell in _cells(share, required)))
        else:
            table.add_row(day.isoformat(), *("no row" for _ in judged.populations[:1]))
    yield table


def _cells(share: DayShare, required: Fraction) -> tuple[Text, Text]:
    if not share.n:
        return Text("-"), Text("-")
    style = "" if share.met else "red"
    return Text(count_text(share.n)), Text(share_text(share.hits, share.n, required=required), style=style)
