"""The three big numbers of each class: what is required, what was measured, and how many misses are left."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor

from markupsafe import Markup

from analysis.proportions import exact_share
from analysis.reports.page.interval_chart import draw_budget, draw_interval
from analysis.verdict import ClauseVerdict, PopulationVerdict
from analysis.wording import count_text, lower_text, share_text, upper_text
from scenarios.sla import Clause


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassNumbers:
    """One class in numbers and small pictures."""

    name: str
    exact: Fraction
    share: str
    between: str
    interval: Markup
    left_over: int  # misses that the budget still has; negative where it is overdrawn
    left: str
    budget: Markup

    @property
    def left_over_text(self) -> str:
        """The number with a minus sign where the budget is overdrawn."""
        return count_text(self.left_over).replace("-", "\N{MINUS SIGN}")


def class_numbers(judged: ClauseVerdict) -> list[ClassNumbers]:
    """The numbers of every class that has transactions."""
    return [_numbers(each, judged.clause) for each in judged.populations if each.n]


def _numbers(each: PopulationVerdict, clause: Clause) -> ClassNumbers:
    required = exact_share(clause.required)
    allowed, used = floor((1 - required) * each.n), each.n - each.hits
    left = allowed - used
    assert each.bounds is not None
    counts = f"{count_text(used)} misses, {count_text(allowed)} allowed"
    return ClassNumbers(
        name=each.name,
        exact=Fraction(each.hits, each.n),
        share=share_text(each.hits, each.n, required=required),
        between=f"at least {lower_text(each.bounds.lower, required=required)}, "
        f"at most {upper_text(each.bounds.upper, required=required)}",
        interval=draw_interval(each, clause),
        left_over=left,
        left=f"{count_text(abs(left))} {'left' if left >= 0 else 'too many'}: {counts}",
        budget=draw_budget(used, allowed),
    )
