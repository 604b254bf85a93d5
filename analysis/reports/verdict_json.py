"""verdict.json: the verdict as other people's scripts read it. Its schema lies beside this module."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from analysis.calendar_month import MonthCoverage
from analysis.doubts import Doubt
from analysis.policy import is_applied
from analysis.proportions import Bounds
from analysis.verdict import ClauseVerdict, PopulationVerdict, Verdict


def render_json(verdict: Verdict) -> dict[str, Any]:
    """The content of verdict.json."""
    correctness = verdict.correctness
    return {
        "slagate": verdict.slagate,
        "verdict": verdict.verdict.value,
        "failed_on": [each.value for each in verdict.failed_on],
        "exit_code": int(verdict.exit_code),
        "policy": {
            "inconclusive_as": verdict.inconclusive_as.value if verdict.inconclusive_as else None,
            "applied": is_applied(verdict),
        },
        "sentence": verdict.sentence,
        "clauses": [_clause(each, verdict.month) for each in verdict.clauses],
        "validity": [_doubt(each) for each in verdict.validity],
        "correctness": {
            "replies_checked": correctness.replies_checked,
            "wrong_reply": correctness.wrong_reply,
            "money_audited": correctness.money_audited,
            "double_charged": correctness.double_charged,
            "lost": correctness.lost,
        },
        "run": dict(verdict.run),
        **({} if verdict.month is None else {"month": _month(verdict.month)}),
    }


def read_schema() -> dict[str, Any]:
    """The JSON schema of verdict.json, as shipped."""
    schema: dict[str, Any] = json.loads(
        files("analysis.reports").joinpath("verdict.schema.json").read_text("utf-8")
    )
    return schema


def _month(coverage: MonthCoverage) -> dict[str, Any]:
    month = coverage.month
    return {
        "month": month.text,
        "zone": month.zone,
        "from_ns": month.edges_ns[0],
        "to_ns": month.edges_ns[-1],
        "over": coverage.over,
        "complete": coverage.complete,
        "rows": sum(coverage.rows),
        "rows_outside": coverage.outside,
        "days_without_rows": [day.isoformat() for day in coverage.empty_days],
    }


def _clause(judged: ClauseVerdict, month: MonthCoverage | None) -> dict[str, Any]:
    return {
        "id": judged.clause.id,
        "quote": judged.clause.quote,
        "source": judged.source,
        "strength": judged.clause.strength,
        "verdict": judged.verdict.value if judged.verdict else None,
        "not_judged": judged.not_judged,
        "populations": [_population(each, month) for each in judged.populations],
        "readings": [
            {
                "id": each.id,
                "primary": each.primary,
                "value": each.value,
                "limit": each.limit,
                "unit": each.unit,
                "population": each.population,
                "met": each.met,
            }
            for each in judged.readings
        ],
        "disagreement": judged.disagreement,
        "sensitivity": [
            {
                "rule": each.rule,
                "population": each.population,
                "n": each.n,
                "share": each.share,
                "lower": each.lower,
                "upper": each.upper,
                "verdict": each.verdict.value,
            }
            for each in judged.sensitivity
        ],
    }


def _population(each: PopulationVerdict, month: MonthCoverage | None) -> dict[str, Any]:
    return {
        "name": each.name,
        "n": each.n,
        "hits": each.hits,
        "share": each.share,
        **_bounds(each.bounds),
        "confidence": each.confidence,
        "n_effective": each.n_effective,
        "variance_inflation": each.variance_inflation,
        "if_independent": _bounds(each.if_independent),
        "census": None if each.met is None else "met" if each.met else "not met",
        "verdict": each.verdict.value if each.verdict else None,
        "p50_s": each.p50_s,
        "p90_s": each.p90_s,
        "p90_interval_s": {"lower": each.p90_interval_s[0], "upper": each.p90_interval_s[1]},
        "p99_s": each.p99_s,
        "max_s": each.max_s,
        "service_p90_s": each.service_p90_s,
        "misses": dict(each.misses),
        "excluded": dict(each.excluded),
        "unresolved": None
        if each.unresolved is None
        else {"worst": each.unresolved[0], "best": each.unresolved[1]},
        "kinds": [
            {
                "name": kind.name,
                "n": kind.n,
                "hits": kind.hits,
                "share": kind.share,
                **_bounds(kind.bounds),
                "census": "met" if kind.met else "not met",
            }
            for kind in each.kinds
        ],
        "notes": list(each.notes),
        **({} if month is None else {"days": _days(each, month)}),
    }


def _days(each: PopulationVerdict, month: MonthCoverage) -> list[dict[str, Any]]:
    """Empty for availability, which counts seconds."""
    return [
        {
            "day": day.isoformat(),
            "n": share.n,
            "hits": share.hits,
            "share": share.hits / share.n if share.n else None,
            "census": None if share.met is None else "met" if share.met else "not met",
        }
        for day, share in zip(month.month.days, each.days, strict=False)
    ]


def _bounds(bounds: Bounds | None) -> dict[str, float | None]:
    return {"lower": bounds.lower if bounds else None, "upper": bounds.upper if bounds else None}


def _doubt(each: Doubt) -> dict[str, Any]:
    return {
        "code": each.code.text,
        "severity": each.severity.value,
        "population": each.population,
        "message": each.message,
    }
