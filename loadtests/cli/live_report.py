"""One progress report as people and machines are shown it: the engine's counters and how the clauses stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Literal, Protocol

from analysis.doubts import Doubt
from analysis.live import Standing
from analysis.proportions import Bounds

Phase = Literal["sending", "draining", "stopping", "ended"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveClass:
    """One class under one clause. `overdue` are in flight and misses already, whatever comes; they are in `n`."""

    standing: Standing
    overdue: int

    @property
    def n(self) -> int:
        """Transactions of which it is known whether they are good."""
        return self.standing.n + self.overdue

    @property
    def misses(self) -> dict[str, int]:
        """By cause."""
        return {**self.standing.misses, **({"overdue": self.overdue} if self.overdue else {})}

    @property
    def bounds(self) -> Bounds | None:
        """One-sided each; None while there is too little to say."""
        return replace(self.standing, n=self.n).bounds


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveReport:
    """How a run goes at one moment. Rates are means over the last seconds."""

    elapsed_s: float
    planned_s: float
    phase: Phase
    stopping: str | None  # how end.json will call it, where the run does not go to its planned end
    planned_per_s: float
    achieved_per_s: float
    due: int
    sent: int
    in_flight: int
    waiting: int  # for an idle user
    late: int  # started 50 ms or more late although a user was idle
    classes: tuple[LiveClass, ...]
    wrong_replies: int
    doubts: tuple[Doubt, ...]
    problem: str | None  # why there are no shares

    @property
    def left_s(self) -> float:
        """Until the last arrival is planned."""
        return max(0.0, self.planned_s - self.elapsed_s) if self.phase == "sending" else 0.0

    def to_json(self) -> dict[str, Any]:
        """The fields of a progress event of --json-lines (`docs/live.md`)."""
        clauses: dict[str, list[dict[str, Any]]] = {}
        for each in self.classes:
            clauses.setdefault(each.standing.clause.id, []).append(_class_json(each))
        return {
            "event": "progress",
            "elapsed_s": round(self.elapsed_s, 3),
            "planned_s": self.planned_s,
            "left_s": round(self.left_s, 3),
            "phase": self.phase,
            "stopping": self.stopping,
            "planned_per_s": round(self.planned_per_s, 3),
            "achieved_per_s": round(self.achieved_per_s, 3),
            "due": self.due,
            "sent": self.sent,
            "in_flight": self.in_flight,
            "waiting": self.waiting,
            "late": self.late,
            "clauses": [{"id": name, "populations": found} for name, found in clauses.items()],
            "wrong_replies": self.wrong_replies,
            "doubts": [
                {
                    "code": each.code.text,
                    "severity": each.severity.value,
                    "population": each.population,
                    "message": each.message,
                }
                for each in self.doubts
            ],
            "problem": self.problem,
        }


class View(Protocol):
    """Somebody who is shown how a run goes. None of it may raise: a run does not end because nobody looks."""

    def __enter__(self) -> object:
        """Before the engine starts."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """After its end."""

    def say(self, sentence: str) -> None:
        """A sentence that stays."""

    def show_gathering(self, report: Mapping[str, Any]) -> None:
        """How many workers have come so far."""

    def show(self, report: LiveReport) -> None:
        """How it goes, a few times a second."""


def _class_json(each: LiveClass) -> dict[str, Any]:
    bounds = each.bounds
    return {
        "name": each.standing.population,
        "n": each.n,
        "hits": each.standing.hits,
        "share": each.standing.hits / each.n if each.n else None,
        "lower": bounds.lower if bounds else None,
        "upper": bounds.upper if bounds else None,
        "misses": each.misses,
    }
