"""Exported runs: judged like the folder they come from, whatever the format, in bounded memory."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.judgement import judge_file, judge_run
from analysis.observation_export import CHUNK_ROWS, COLUMNS, Format, export_run
from analysis.observation_meta import meta_path
from analysis.reports.verdict_json import render_json
from analysis.verdict import Verdict
from scenarios.errors import RunFolderError
from scenarios.kinds import Kind
from scenarios.observation import NEVER, Outcome, Rows
from tests.analysis.builders import (
    LENGTH_S,
    T0,
    S,
    both,
    codes,
    joined,
    rows,
    run_folder,
    sla,
)

RUNS: dict[str, Rows] = {
    "good": both(1000),
    "slow and failing": joined(
        rows(60, from_s=0, to_s=5),
        both(900),
        both(50, seconds=12.5),
        rows(30, outcome=Outcome.ERROR, status=500),
        rows(20, kind=Kind.CARD_SALE, outcome=Outcome.TIMEOUT, seconds=60),
    ),
    "some in flight": joined(
        both(400),
        rows(20, outcome=Outcome.IN_FLIGHT, ended_ns=NEVER, status=0),
        rows(10, kind=Kind.CARD_SALE, outcome=Outcome.IN_FLIGHT, ended_ns=NEVER, from_s=45, to_s=50),
    ),
    "empty": rows(0),
}


def numbers(verdict: Verdict) -> Any:
    """Every number of the classes of a verdict, as verdict.json has them."""
    clauses = render_json(verdict)["clauses"]
    return [
        {key: value for key, value in each.items() if key not in ("verdict", "notes")}
        for clause in clauses
        for each in clause["populations"]
    ] + [clause["readings"] for clause in clauses]


@pytest.mark.parametrize("to", Format)
@pytest.mark.parametrize("name", RUNS)
def test_an_exported_run_has_the_numbers_of_its_folder(tmp_path: Path, name: str, to: Format) -> None:
    folder = run_folder(tmp_path, RUNS[name])
    out = tmp_path / f"run.{to.value}"
    assert export_run(folder, to, out) == RUNS[name].size
    ours, theirs = judge_run(folder), judge_file(out, sla())
    assert numbers(theirs) == numbers(ours)
    assert theirs.verdict is ours.verdict
    assert [each.sensitivity for each in theirs.clauses] == [each.sensitivity for each in ours.clauses]


def test_attempts_after_the_first_are_exported_and_not_judged(tmp_path: Path) -> None:
    originals, retries = both(300), both(40, seconds=20, attempt=1)
    retries["arrival"] = originals["arrival"][: retries.size]
    folder = run_folder(tmp_path, np.concatenate([originals, retries]), planned=originals)
    assert export_run(folder, Format.CSV, tmp_path / "run.csv") == 680
    ours, theirs = judge_run(folder), judge_file(tmp_path / "run.csv", sla())
    assert (numbers(theirs), theirs.verdict) == (numbers(ours), ours.verdict)


def test_a_run_that_was_cut_short_has_the_same_numbers_too(tmp_path: Path) -> None:
    early = rows(100, outcome=Outcome.IN_FLIGHT, ended_ns=NEVER, from_s=15, to_s=20)
    recorded = joined(both(400, from_s=5, to_s=20), early)
    folder = run_folder(tmp_path, recorded, end_json={"ended": "interrupted", "ended_ns": T0 + 21 * S})
    export_run(folder, Format.CSV, tmp_path / "run.csv")
    assert numbers(judge_file(tmp_path / "run.csv", sla())) == numbers(judge_run(folder))


def test_the_file_has_the_columns_of_the_contract_in_words(tmp_path: Path) -> None:
    recorded = joined(
        rows(1, payer=1, worker=3), rows(1, outcome=Outcome.NOT_STARTED, started_ns=-1, ended_ns=-1)
    )
    export_run(run_folder(tmp_path, recorded), Format.CSV, tmp_path / "run.csv")
    with (tmp_path / "run.csv").open(encoding="utf-8") as file:
        first, second = csv.DictReader(file)
    assert list(first) == [*COLUMNS]
    planned = int(recorded["planned_ns"][0])
    assert first == {
        "arrival": "0",
        "attempt": "0",
        "planned_ns": str(planned),
        "started_ns": str(planned),
        "ended_ns": str(int(recorded["ended_ns"][0])),
        "kind": "eligibility_inquiry",
        "outcome": "completed",
        "status": "200",
        "payer": "PAYER01",
        "worker": "3",
    }
    assert (second["outcome"], second["started_ns"], second["ended_ns"], second["payer"]) == (
        "not_started",
        "-1",
        "-1",
        "",
    )


def test_the_description_says_what_rows_cannot(tmp_path: Path) -> None:
    acceptance = {"name": "x", "assurance": "acceptance", "longest_stall": "300ms", "load_cycle": "10s"}
    kinds = [{"number": 100, "kind": "text_to_pay", "class": "payment"}]
    recorded = both(300)
    folder = run_folder(
        tmp_path,
        recorded,
        plan_json={"scenario": acceptance, "kinds": kinds, "maintenance_ns": [[T0 + 20 * S, T0 + 21 * S]]},
    )
    recorded["kind"][:20] = 100
    recorded.tofile(folder.observations / "0.rows")
    export_run(folder, Format.CSV, tmp_path / "run.csv")
    assert json.loads(meta_path(tmp_path / "run.csv").read_text(encoding="utf-8")) == {
        "planned_span": [T0, T0 + LENGTH_S * S],
        "warmup_ns": 5 * S,
        "cutoff_ns": T0 + (LENGTH_S + 12) * S,
        "drained": True,
        "maintenance": [[T0 + 20 * S, T0 + 21 * S]],
        "kind_class": {"text_to_pay": "payment"},
        "longest_stall": "300ms",
        "load_cycle": "10s",
        "doubts": [],
    }
    assert numbers(judge_file(tmp_path / "run.csv", sla())) == numbers(judge_run(folder))


INVALID: dict[str, dict[str, Any]] = {
    "generator-late": {"recorded": both(300, own_lag_ms=900)},
    "ended-early": {"recorded": both(300), "end_json": {"ended": "failed"}},
    "rows-missing": {"recorded": both(300), "planned": both(310)},
    "recorder-failed": {"recorded": both(300), "end_json": {"recorder_failure": "disk full"}},
}


@pytest.mark.parametrize("code", INVALID)
def test_an_invalid_run_does_not_pass_for_being_exported(tmp_path: Path, code: str) -> None:
    folder = run_folder(tmp_path, **INVALID[code])
    export_run(folder, Format.CSV, tmp_path / "run.csv")
    ours, theirs = judge_run(folder), judge_file(tmp_path / "run.csv", sla())
    assert ours.verdict.value == theirs.verdict.value == "INVALID"
    assert code in codes(ours, "invalid") & codes(theirs, "invalid")


def test_a_number_that_has_no_name_is_refused_and_leaves_no_file(tmp_path: Path) -> None:
    recorded = both(5)
    folder = run_folder(tmp_path, recorded)
    recorded["kind"][3] = 77
    recorded.tofile(folder.observations / "0.rows")
    with pytest.raises(RunFolderError, match="a row has kind 77, which nobody declared"):
        export_run(folder, Format.CSV, tmp_path / "run.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_torn_last_row_is_left_out_as_in_judging(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, both(50))
    with (folder.observations / "0.rows").open("ab") as file:
        file.write(b"torn")
    assert export_run(folder, Format.CSV, tmp_path / "run.csv") == 100


@pytest.mark.parametrize("to", Format)
def test_more_rows_than_one_chunk_are_all_there(tmp_path: Path, to: Format) -> None:
    recorded = both(CHUNK_ROWS // 2 + 7)
    folder = run_folder(tmp_path, recorded[: recorded.size // 2])
    recorded[recorded.size // 2 :].tofile(folder.observations / "1.rows")
    out = tmp_path / f"run.{to.value}"
    assert export_run(folder, to, out) == recorded.size > CHUNK_ROWS
    (payment,) = (each for each in judge_file(out, sla()).clauses[0].populations if each.name == "payment")
    assert payment.n == recorded.size // 2


@pytest.mark.slow
@pytest.mark.parametrize(("to", "most_kb"), [(Format.CSV, 230_000), (Format.PARQUET, 280_000)])
def test_memory_stays_bounded(tmp_path: Path, to: Format, most_kb: int) -> None:
    """Judging, which finds the doubts that go along, takes up to 190 MB however many rows there are, Arrow's pools some
    50; the two million rows are 96 MB, which must not be held on top of that."""
    assert _peak_kb(tmp_path, to, 1_000_000) < most_kb


def _peak_kb(place: Path, to: Format, of_each_kind: int) -> int:
    folder = run_folder(place, both(of_each_kind))
    probe = (
        "import sys; from pathlib import Path; import pyarrow.parquet\n"
        "from analysis.observation_export import Format, export_run; from scenarios.run_folder import RunFolder\n"
        "kb = lambda: int(next(l for l in open('/proc/self/status') if l.startswith('RssAnon')).split()[1])\n"
        "import threading, time; peak = [0]; begun = kb(); done = []\n"
        "def watch():\n    while not done: peak[0] = max(peak[0], kb()); time.sleep(.01)\n"
        "thread = threading.Thread(target=watch); thread.start()\n"
        "export_run(RunFolder(Path(sys.argv[1])), Format(sys.argv[3]), Path(sys.argv[2]))\n"
        "done.append(1); thread.join()\n"
        "print(peak[0] - begun)"
    )
    out = place / f"out.{to.value}"
    said = subprocess.run(
        [sys.executable, "-c", probe, folder.path, out, to.value], capture_output=True, text=True, check=True
    )
    assert out.stat().st_size > 10 * of_each_kind
    return int(said.stdout)
