"""The pass over rows behind the charts counts as the verdict does, and loses no transaction."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.judgement import Judged, judge_folder, judge_together
from analysis.reports.page.chart_series import ChartSeries
from analysis.reports.page.clause_rule import ClauseRule, leading_clause
from analysis.reports.page.density import MOST_MISSES
from scenarios.kinds import Kind, Wire
from scenarios.observation import NEVER, Outcome, Rows
from tests.analysis.builders import (
    HEADER,
    T0,
    S,
    both,
    csv_file,
    csv_lines,
    joined,
    not_started,
    rows,
    run_folder,
    sla,
)
from tests.analysis.reports.stored_run import stored_folder


def series_of(judged: Judged, payers: tuple[str, ...] = ()) -> ChartSeries:
    lead = leading_clause(judged.verdict)
    names = [each.name for each in lead.populations]
    return ChartSeries(judged.recordings, ClauseRule.of(lead.clause), names, payers)


def series_of_rows(path: Path, recorded: Rows, **more: object) -> ChartSeries:
    return series_of(judge_folder(run_folder(path, recorded, **more)))  # type: ignore[arg-type]


CLAUSES = {
    "share": {},
    "with syntax": {"also_answers": ["syntax_rejected"]},
    "failures": {"measure": "failure_share", "limit": None, "at_least": None, "at_most": 0.1},
    "some failures": {
        "measure": "failure_share",
        "limit": None,
        "at_least": None,
        "at_most": 0.1,
        "outcomes": ["error"],
    },
    "quantile": {"measure": "quantile_within", "at_least": None, "quantile": 0.9},
    "maintenance counts": {"excluding": []},
}


@pytest.mark.parametrize("name", CLAUSES)
def test_charts_and_verdict_count_the_same(tmp_path: Path, name: str) -> None:
    recorded = joined(
        both(300, from_s=0),
        both(40, seconds=11),
        *(rows(7, outcome=each) for each in Outcome if each is not Outcome.NOT_STARTED),
        rows(9, outcome=Outcome.IN_FLIGHT, ended_ns=NEVER, from_s=48),
        rows(5, outcome=Outcome.IN_FLIGHT, ended_ns=NEVER, from_s=6, to_s=8),
        not_started(6, own_lag_ms=0),
        rows(20, kind=Kind.RECEIPT_LOOKUP),
        rows(4, ended_ns=T0),
    )
    clause = sla(**CLAUSES[name]).model_dump(mode="json", by_alias=True)
    maintenance = {"maintenance_ns": [[T0 + 20 * S, T0 + 23 * S]]}
    judged = judge_folder(run_folder(tmp_path, recorded, plan_json={"slas": [clause], **maintenance}))
    series = series_of(judged)
    populations = leading_clause(judged.verdict).populations
    assert series.n.tolist() == [each.n for each in populations]
    assert series.n_hits.tolist() == [each.hits for each in populations]
    assert sum(each.n for each in series.by_outcome.rows()) == series.n.sum()
    assert sum(each.n for each in series.by_wire.rows()) == series.n.sum()


def test_a_file_with_a_cut_off_counts_as_its_verdict_does(tmp_path: Path) -> None:
    path = csv_file(tmp_path, [HEADER, *csv_lines(400)], {"cutoff_ns": 35 * S, "warmup_ns": 5 * S})
    judged = judge_together([path], [sla(classes=["payment"])])
    series = series_of(judged)
    (payment,) = judged.verdict.clauses[0].populations
    assert (series.n.tolist(), series.n_hits.tolist()) == ([payment.n], [payment.hits])
    assert 0 < payment.n < 400
    assert series.by_wire.rows() == series.by_payer.rows() == ()


def test_every_sent_attempt_is_in_the_density_and_each_miss_by_itself(tmp_path: Path) -> None:
    judged = judge_folder(stored_folder(tmp_path))
    density = series_of(judged).density
    assert density.within.sum() + density.beyond.sum() == judged.recordings[0].size
    assert len(density.single_misses) == density.misses == density.beyond.sum() > 10
    assert density.slowest_ns.max() >= 60 * S


def test_many_misses_become_cells_and_lose_none(tmp_path: Path) -> None:
    count = MOST_MISSES // 2 + 10
    density = series_of_rows(tmp_path, both(count, seconds=20)).density
    assert density.single_misses == []
    assert density.misses == density.late.sum() == 2 * count


def test_what_was_never_sent_is_counted_and_has_no_place_in_the_density(tmp_path: Path) -> None:
    density = series_of_rows(tmp_path, joined(both(100), not_started(7, own_lag_ms=10))).density
    assert (density.never_sent, int(density.within.sum())) == (7, 200)


def test_in_flight_is_the_exact_mean_of_each_bin(tmp_path: Path) -> None:
    """By Little's law: the transactions' time in all is the area under the curve."""
    recorded = joined(rows(100, seconds=0.25, from_s=0), rows(50, seconds=7.3, from_s=3, kind=Kind.CARD_SALE))
    series = series_of_rows(tmp_path, recorded)
    area = series.traffic.in_flight.sum() * series.axis.width_s
    spent = (recorded["ended_ns"] - recorded["started_ns"]).sum() / S
    assert area == pytest.approx(spent, rel=1e-9)
    assert series.traffic.planned.sum() == series.traffic.started.sum() == 150


def test_a_retry_is_in_flight_and_not_an_arrival(tmp_path: Path) -> None:
    series = series_of(judge_folder(stored_folder(tmp_path)))
    assert series.traffic.planned.sum() == series.traffic.started.sum() == 400
    assert [(each.name, each.n) for each in series.by_attempt.rows()][1] == ("retry 1", 1)


def test_groups_know_wire_and_payer_by_name(tmp_path: Path) -> None:
    series = series_of(judge_folder(stored_folder(tmp_path)), ("PAYER01", "PAYER02"))
    assert {each.name for each in series.by_wire.rows()} == {Wire.SOAP_EDI.text, Wire.REST.text}
    assert {each.name for each in series.by_payer.rows()} == {
        "none",
        "PAYER01",
        "PAYER02",
        "all others together",
    }


def test_rows_of_several_files_keep_their_wires(tmp_path: Path) -> None:
    recorded = joined(rows(70_000, wire=Wire.SOAP_EDI), rows(100, kind=Kind.CARD_SALE, wire=Wire.REST))
    folder = run_folder(tmp_path, recorded)
    (folder.observations / "0.rows").unlink()
    for place, part in enumerate(np.split(recorded, [10, 69_990])):
        part.tofile(folder.observations / f"{place}.rows")
    series = series_of(judge_folder(folder))
    assert {each.name: each.n for each in series.by_wire.rows()} == {"soap_edi": 70_000, "rest": 100}


def test_the_slowest_are_the_slowest_of_all_blocks_in_order(tmp_path: Path) -> None:
    recorded = joined(both(40_000), rows(30, seconds=20), rows(3, outcome=Outcome.ERROR, seconds=50))
    recorded = recorded[np.random.default_rng(1).permutation(recorded.size)]
    found = series_of_rows(tmp_path, recorded).slowest.transactions
    expected = np.sort(recorded["ended_ns"] - recorded["planned_ns"])[::-1][:20] / 1e9
    assert [each.response_s for each in found] == pytest.approx(expected.tolist())
    assert [each.outcome for each in found[:4]] == ["error"] * 3 + ["completed"]


def test_garbled_rows_do_not_stretch_the_axis_or_stop_the_pass(tmp_path: Path) -> None:
    strange = rows(3)
    strange["planned_ns"], strange["ended_ns"] = (2**62, -(2**62), 5), 2**62
    strange["outcome"][0], strange["kind"][1] = 0, 77
    series = series_of_rows(tmp_path, joined(both(100), strange), planned=both(100))
    assert series.axis.length_s < 120
    assert series.density.within.sum() == 200


def test_recordings_judged_as_one_share_the_axis_and_keep_their_own_counts(tmp_path: Path) -> None:
    paths = []
    for place in range(2):
        recorded = both(100 + place)
        for name in ("planned_ns", "started_ns", "ended_ns"):
            recorded[name] += place * 1000 * S
        (tmp_path / str(place)).mkdir()
        facts = {"run_id": f"run {place}", "t0_ns": T0 + place * 1000 * S}
        ended = {"ended_ns": T0 + (place * 1000 + 62) * S}
        folder = run_folder(tmp_path / str(place), recorded, plan_json=facts, end_json=ended)
        paths.append(folder.path)
    series = series_of(judge_together(paths, None))
    assert series.judged.sum(axis=(1, 2)).tolist() == [200, 202]
    assert series.axis.length_s < 70


def test_an_empty_recording_has_an_axis_and_nothing_on_it(tmp_path: Path) -> None:
    series = series_of_rows(tmp_path, rows(0))
    assert series.axis.count > 0
    assert not series.judged.any()
    assert series.slowest.transactions == ()
