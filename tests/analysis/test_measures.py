"""Measures beside the share within a limit: failures, other quantiles, availability, and what a clause needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from pydantic import ValidationError

from analysis.judgement import judge_run
from analysis.reports.verdict_json import read_schema, render_json
from analysis.verdict import ClauseVerdict, Verdict
from scenarios.loading import load_sla, shipped_names
from scenarios.observation import NEVER, Outcome, Rows
from scenarios.sla import Sla
from tests.analysis.builders import SLA, T0, S, both, joined, population, rows, run_folder


def clause_of(**keys: Any) -> Sla:
    """The builders' clause with another measure; None takes a key away."""
    changed = {**SLA["clause"][0], **keys}
    return Sla.model_validate(
        {**SLA, "clause": [{name: value for name, value in changed.items() if value is not None}]}
    )


def under(path: Path, recorded: Rows, *slas: Sla, **more: Any) -> Verdict:
    return judge_run(run_folder(path, recorded, **more), slas)


def by_id(verdict: Verdict) -> dict[str, ClauseVerdict]:
    return {each.clause.id: each for each in verdict.clauses}


def test_eight_percent_fast_errors_meet_the_service_level_and_not_the_release_policy(tmp_path: Path) -> None:
    errors = both(240, outcome=Outcome.ERROR, seconds=0.005, status=500)
    verdict = under(tmp_path, joined(both(2760), errors), load_sla("instamed"), load_sla("release_policy"))
    judged = by_id(verdict)
    assert judged["transaction-time"].verdict is not None
    assert judged["transaction-time"].verdict.value == "PASS"
    assert judged["errors"].verdict is not None
    assert judged["errors"].verdict.value == "FAIL"
    assert (verdict.verdict.value, int(verdict.exit_code)) == ("FAIL", 1)
    assert "healthcare: 92 % of 3 000 transactions did not fail" in verdict.sentence
    assert "99 % are required" in verdict.sentence
    jsonschema.validate(render_json(verdict), read_schema())


def test_a_good_gateway_holds_the_release_policy(tmp_path: Path) -> None:
    verdict = under(tmp_path, both(3000), load_sla("release_policy"))
    assert verdict.verdict.value == "PASS"
    assert [len(each.readings) for each in verdict.clauses] == [1, 1, 10, 10]


def test_a_failure_is_one_however_fast_and_a_slow_answer_is_none(tmp_path: Path) -> None:
    failures = clause_of(measure="failure_share", limit=None, at_least=None, at_most=0.05)
    recorded = joined(both(900, seconds=50), both(100, outcome=Outcome.TIMEOUT, seconds=0.1))
    verdict = under(tmp_path, recorded, failures, end_json={"ended_ns": T0 + 200 * S})
    assert population(verdict, "payment").misses == {"slow": 0, "timeout": 100}
    assert population(verdict, "payment").share == 0.9


def test_only_the_named_outcomes_are_failures(tmp_path: Path) -> None:
    time_outs = clause_of(
        measure="failure_share", limit=None, at_least=None, at_most=0.05, outcomes=["timeout"]
    )
    recorded = joined(
        both(800), both(100, outcome=Outcome.ERROR), both(100, outcome=Outcome.TIMEOUT, seconds=60)
    )
    verdict = under(tmp_path, recorded, time_outs)
    assert population(verdict, "payment").share == 0.9
    assert "did not end in timeout" in verdict.sentence


def test_what_still_hangs_at_the_end_has_neither_failed_nor_not(tmp_path: Path) -> None:
    failures = clause_of(measure="failure_share", limit=None, at_least=None, at_most=0.05)
    cut = both(50, outcome=Outcome.IN_FLIGHT, ended_ns=NEVER, from_s=40)
    judged = population(under(tmp_path, joined(both(900), cut), failures), "payment")
    assert (judged.n, judged.excluded["unresolvable"]) == (900, 50)


def test_a_quantile_is_judged_as_the_share_within_its_limit(tmp_path: Path) -> None:
    quantile = clause_of(measure="quantile_within", at_least=None, quantile=0.95, limit="4s")
    verdict = under(tmp_path, joined(both(930), both(70, seconds=5)), quantile)
    assert population(verdict, "payment").met is False
    (tmp_path / "more").mkdir()
    more = under(tmp_path / "more", joined(both(2970), both(30, seconds=5)), quantile)
    assert (more.verdict.value, more.clauses[0].readings[1].id) == ("PASS", "p95")


def test_availability_is_the_share_of_seconds_with_service(tmp_path: Path) -> None:
    hour = {"length_ns": 3600 * S, "warm_up_ns": 0}
    available = clause_of(measure="availability", limit=None, at_least=0.95)
    up = rows(36_000, from_s=0, to_s=3600)
    down = np.flatnonzero((up["planned_ns"] - T0) // S >= 3240)
    up["outcome"][down] = Outcome.CONNECTION
    verdict = under(tmp_path, up, available, plan_json=hour, end_json={"ended_ns": T0 + 3700 * S})
    judged = population(verdict, "healthcare")
    assert (judged.n, judged.hits, judged.misses) == (3600, 3240, {"without_service": 360})
    assert judged.met is False
    jsonschema.validate(render_json(verdict), read_schema())


@pytest.mark.parametrize(
    ("needs", "said"),
    [({"period": "28d"}, "it needs 672h of observations and has 50s"), ({"count": 5000}, "has 1 000")],
    ids=["period", "count"],
)
def test_a_clause_that_lacks_what_it_needs_stays_out_of_the_verdict(
    tmp_path: Path, needs: Any, said: str
) -> None:
    lacking = clause_of(id="monthly", needs=needs)
    verdict = under(tmp_path, both(1000, seconds=12), lacking, clause_of(limit="20s"))
    assert verdict.verdict.value == "PASS"
    judged = by_id(verdict)["monthly"]
    assert judged.verdict is None
    assert judged.not_judged is not None
    assert said in judged.not_judged
    assert {each.verdict for each in judged.populations} == {None}
    jsonschema.validate(render_json(verdict), read_schema())
    (tmp_path / "alone").mkdir()
    alone = under(tmp_path / "alone", both(1000, seconds=12), lacking)
    assert alone.verdict.value == "INCONCLUSIVE"
    assert "is not judged here" in alone.sentence


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"limit": None}, "share_within needs limit"),
        ({"quantile": 0.9}, "has no quantile"),
        ({"measure": "failure_share"}, "needs at_most and has no limit and at_least"),
        ({"measure": "availability"}, "has no limit"),
        ({"outcomes": ["timeout"]}, "has no outcomes"),
        (
            {
                "measure": "failure_share",
                "limit": None,
                "at_least": None,
                "at_most": 0.1,
                "outcomes": ["slow"],
            },
            "outcomes",
        ),
    ],
)
def test_keys_that_do_not_fit_the_measure_are_refused(keys: Any, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        clause_of(**keys)


@pytest.mark.parametrize("name", shipped_names("slas"))
def test_every_shipped_service_level_survives_the_plan_and_describes_itself(name: str) -> None:
    sla = load_sla(name)
    assert Sla.model_validate(sla.model_dump(mode="json", by_alias=True)) == sla
    assert all(str(each.limit_s) and len(each.describe()) > 40 for each in sla.clauses)


def test_one_percent_at_most_is_exactly_99_percent_at_least() -> None:
    assert [each.required for each in load_sla("release_policy").clauses] == [0.99, 0.995, 0.95, 0.95]
