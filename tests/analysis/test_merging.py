"""Several recordings judged as one: what merges, what is refused, and what the bounds go by."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import t as student

from analysis.dependence import Inflation
from analysis.judgement import judge_recordings, judge_run
from analysis.proportions import Share
from scenarios.errors import DeclarationError
from scenarios.observation import Rows
from scenarios.run_folder import RunFolder
from tests.analysis.builders import (
    HEADER,
    S,
    both,
    csv_lines,
    joined,
    plan,
    population,
    rows,
    run_folder,
    sla,
)


def a_run(path: Path, name: str, recorded: Rows, **plan_json: Any) -> Path:
    (path / name).mkdir()
    folder = run_folder(path / name, recorded, plan_json={"run_id": name, "seed": len(name), **plan_json})
    return folder.path


def three(path: Path) -> list[Path]:
    return [
        a_run(path, name, joined(both(1000 - slow), both(slow, seconds=20)))
        for name, slow in (("first", 20), ("second", 35), ("third", 50))
    ]


def test_the_order_of_recordings_does_not_matter(tmp_path: Path) -> None:
    verdicts = [judge_recordings(order, None) for order in permutations(three(tmp_path))]
    assert all(each == verdicts[0] for each in verdicts)
    assert population(verdicts[0], "payment").n == 3000
    assert population(verdicts[0], "payment").hits == 2895
    assert verdicts[0].run["rows"] == 6000


def test_from_three_runs_on_the_run_is_the_unit(tmp_path: Path) -> None:
    judged = population(judge_recordings(three(tmp_path), None), "payment")
    share = np.array([0.98, 0.965, 0.95])
    n_effective = share.mean() * (1 - share.mean()) / (share.var(ddof=1) / 3)
    assert judged.n_effective == pytest.approx(n_effective)
    assert judged.variance_inflation == pytest.approx(3000 / n_effective)
    assert judged.bounds is not None
    half = student.ppf(0.95, 2) * share.std(ddof=1) / np.sqrt(3)
    assert judged.bounds.lower == pytest.approx(0.965 - half, abs=0.01)


def test_runs_that_agree_better_than_chance_count_as_independent_rows() -> None:
    found = Inflation.between_runs([1000, 1000, 1000], [950, 950, 950])
    assert found is not None
    assert Share(hits=2850, n=3000, inflation=found).n_effective == 3000
    assert Inflation.between_runs([10, 10, 10], [10, 10, 10]) is None
    assert Inflation.between_runs([10, 10, 0], [9, 8, 0]) is None


def test_two_runs_are_judged_on_their_series_one_after_the_other(tmp_path: Path) -> None:
    paths = three(tmp_path)[:2]
    judged = population(judge_recordings(paths, None), "payment")
    alone = [population(judge_run(RunFolder(path)), "payment") for path in paths]
    assert judged.n == sum(each.n for each in alone)
    assert judged.misses["slow"] == sum(each.misses["slow"] for each in alone)
    assert judged.n_effective is not None
    assert judged.n_effective > max(each.n_effective or 0 for each in alone)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"scenario": {**plan(rows(1))["scenario"], "name": "other"}}, "scenario is other"),
        (
            {"scenario": {**plan(rows(1))["scenario"], "phases": [{"rate_per_s": 9}]}},
            "each rate and mix on its own",
        ),
        ({"target": {**plan(rows(1))["target"], "name": "prod"}}, "target is prod"),
        ({"length_ns": 10**12}, "planned length is"),
        ({"slas": [sla(limit="4s").model_dump(mode="json", by_alias=True)]}, "SLA is"),
    ],
    ids=["scenario", "rate", "target", "length", "SLA"],
)
def test_runs_of_different_kinds_are_refused(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    paths = [a_run(tmp_path, "one", both(100)), a_run(tmp_path, "other", both(100), **change)]
    with pytest.raises(DeclarationError, match=said):
        judge_recordings(paths, None)


def test_every_path_that_is_nothing_is_named_and_one_recording_counts_once(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError) as refused:
        judge_recordings([tmp_path / "a", tmp_path / "b"], None)
    assert len(refused.value.problems) == 2
    path = a_run(tmp_path, "one", both(100))
    with pytest.raises(DeclarationError, match="name each once"):
        judge_recordings([path, path], None)


def test_observation_files_merge_when_their_kinds_agree(tmp_path: Path) -> None:
    def file(name: str, kind: str) -> Path:
        path = tmp_path / name
        path.write_text("\n".join([HEADER, *csv_lines(300, kind=kind)]))
        return path

    verdict = judge_recordings([file("a.csv", "book"), file("b.csv", "book")], (sla(),))
    assert population(verdict, "book").n == 600
    with pytest.raises(DeclarationError, match="its kinds are cancel, those of"):
        judge_recordings([file("c.csv", "book"), file("d.csv", "cancel")], (sla(),))
    ours = judge_recordings([file("e.csv", "card_sale"), file("f.csv", "eligibility_inquiry")], (sla(),))
    assert [each.n for each in ours.clauses[0].populations] == [300, 300]
    with pytest.raises(DeclarationError, match="do not merge"):
        judge_recordings([file("g.csv", "card_sale"), a_run(tmp_path, "run", both(100))], (sla(),))


def test_files_that_overlap_in_time_are_one_unit_and_count_second_by_second(tmp_path: Path) -> None:
    """Three workers that met the same stall tell no more of stalls than one that sent three times as much."""
    rng = np.random.default_rng(3)
    moments = np.sort(rng.integers(0, 1200, 6000)) * S + rng.integers(0, S, 6000)
    took = np.where(moments // (60 * S) % 7 == 3, 20 * S, rng.integers(S, 2 * S, 6000))
    lines = [f"{at},{at},{at + each},card_sale,ok" for at, each in zip(moments, took, strict=True)]

    def file(name: str, part: list[str]) -> Path:
        path = tmp_path / name
        path.write_text("\n".join([HEADER, *part, ""]))
        return path

    clause = sla(classes=["payment"])
    whole = population(judge_recordings([file("whole.csv", lines)], (clause,)), "payment")
    parts = [file(f"{each}.csv", lines[each::3]) for each in range(3)]
    apart = population(judge_recordings(parts, (clause,)), "payment")
    assert (apart.n, apart.hits) == (whole.n, whole.hits)
    assert apart.variance_inflation == pytest.approx(whole.variance_inflation, rel=0.02)
    assert whole.variance_inflation is not None
    assert whole.variance_inflation > 30


def test_a_refusal_says_what_to_do(tmp_path: Path) -> None:
    paths = [a_run(tmp_path, "one", both(100)), a_run(tmp_path, "other", both(100), length_ns=10**12)]
    with pytest.raises(DeclarationError, match="judge them apart"):
        judge_recordings(paths, None)
