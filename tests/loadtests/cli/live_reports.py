"""Small live reports: a run under way with all in order unless a test says otherwise."""

from __future__ import annotations

from typing import Any

from analysis.dependence import Inflation
from analysis.live import Standing
from loadtests.cli.live_report import LiveClass, LiveReport
from scenarios.loading import load_sla
from scenarios.sla import Clause

CLAUSE = load_sla("instamed").clauses[0]
PLAIN = Inflation(vif=1.0, growth=1.0)


def live_class(
    name: str, hits: int, n: int, *, overdue: int = 0, clause: Clause = CLAUSE, **misses: int
) -> LiveClass:
    """`hits` of `n` settled transactions, and so many more in flight beyond the limit."""
    return LiveClass(
        standing=Standing(
            clause=clause,
            population=name,
            n=n,
            hits=hits,
            settled_n=n,
            settled_hits=hits,
            misses=misses,
            inflation=PLAIN,
        ),
        overdue=overdue,
    )


def report(**changes: Any) -> LiveReport:
    """Twelve seconds into a run of fifty."""
    content: dict[str, Any] = {
        "elapsed_s": 12.4,
        "planned_s": 50.0,
        "phase": "sending",
        "stopping": None,
        "planned_per_s": 40.0,
        "achieved_per_s": 39.84,
        "due": 500,
        "sent": 496,
        "in_flight": 7,
        "waiting": 0,
        "late": 2,
        "classes": (live_class("healthcare", 299, 300, slow=1), live_class("payment", 120, 120)),
        "wrong_replies": 0,
        "doubts": (),
        "problem": None,
    }
    return LiveReport(**{**content, **changes})
