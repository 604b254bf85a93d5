"""Exported runs: judged like the folder they come from, whatever the format, in bounded memory."""

from __future__ import annotations

import builtins
import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis import parquet_file
from analysis.judgement import judge_file, judge_run
from analysis.observation_export import CHUNK_ROWS, COLUMNS, Format, export_run
from analysis.observation_meta import meta_path
from analysis.reports.verdict_json import render_json
from analysis.verdict import Verdict
from scenarios.errors import DeclarationError, RunFolderError
from scenarios.kinds import Kind
from scenarios.observation import NEVER, OBSERVATION, Outcome, Rows
from scenarios.run_folder import RunFolder
from tests.analysis.builders import (
    HEADER,
    LENGTH_S,
    T0,
    S,
    both,
    codes,
    csv_lines,
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
@pytest.mark.parametrize("to", Format)
def test_memory_stays_bounded(tmp_path: Path, to: Format) -> None:
    """Two million rows are 96 MB. Arrow's pools take some 60 MB whatever the number of rows, CSV next to nothing."""
    folder = run_folder(tmp_path, both(1_000_000))
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
    said = subprocess.run(
        [sys.executable, "-c", probe, folder.path, tmp_path / f"out.{to.value}", to.value],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(said.stdout) < {Format.CSV: 30_000, Format.PARQUET: 80_000}[to]
    assert (tmp_path / f"out.{to.value}").stat().st_size > 10_000_000


def test_parquet_keeps_numbers_as_numbers_and_names_by_dictionary(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    export_run(run_folder(tmp_path, both(300)), Format.PARQUET, tmp_path / "run.parquet")
    schema = pq.read_schema(tmp_path / "run.parquet")
    assert schema.names == [*COLUMNS]
    types = {field.name: str(field.type) for field in schema}
    assert (types["arrival"], types["planned_ns"], types["status"]) == ("uint64", "int64", "uint16")
    assert types["kind"].startswith("dictionary<values=string")


def test_a_parquet_file_of_another_tool_is_judged_like_its_csv(tmp_path: Path) -> None:
    import pyarrow.csv
    import pyarrow.parquet as pq

    lines = [HEADER, *csv_lines(300), *csv_lines(300, kind="eligibility_inquiry")]
    lines.append(f"{30 * S},{30 * S},,card_sale,in_flight")
    (tmp_path / "observations.csv").write_text("\n".join(lines) + "\n")
    pq.write_table(pyarrow.csv.read_csv(tmp_path / "observations.csv"), tmp_path / "observations.parquet")
    plain = judge_file(tmp_path / "observations.csv", sla())
    assert judge_file(tmp_path / "observations.parquet", sla()).clauses == plain.clauses


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("kind", "card_sail", r'line 3, kind: unknown kind; did you mean card_sale\?.*\(got "card_sail"\)'),
        ("ended_ns", "soon", r'line 3, ended_ns: must be a whole number .*\(got "soon"\)'),
    ],
)
def test_a_wrong_cell_of_a_parquet_file_is_refused_with_its_place(
    tmp_path: Path, column: str, value: str, message: str
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    cells = zip(*(line.split(",") for line in csv_lines(5)), strict=True)
    columns = {name: list(column) for name, column in zip(HEADER.split(","), cells, strict=True)}
    columns[column][2] = value
    pq.write_table(pa.table(columns), tmp_path / "wrong.parquet")
    with pytest.raises(DeclarationError, match=message):
        judge_file(tmp_path / "wrong.parquet", sla())


def test_what_is_no_parquet_or_lacks_a_column_is_refused(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    (tmp_path / "broken.parquet").write_bytes(b"no archive")
    with pytest.raises(DeclarationError, match="cannot be read as Parquet"):
        judge_file(tmp_path / "broken.parquet", sla())
    pq.write_table(pa.table({"kind": ["card_sale"]}), tmp_path / "short.parquet")
    with pytest.raises(DeclarationError, match="ended_ns: the column is missing"):
        judge_file(tmp_path / "short.parquet", sla())


def test_without_the_extra_parquet_is_refused_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> None:
        raise builtins.ImportError(f"No module named {name!r}")

    folder = run_folder(tmp_path, both(5))
    export_run(folder, Format.PARQUET, tmp_path / "good.parquet")
    monkeypatch.setattr(parquet_file, "import_module", missing)
    for act in (
        lambda: judge_file(tmp_path / "good.parquet", sla()),
        lambda: export_run(RunFolder(folder.path), Format.PARQUET, tmp_path / "out.parquet"),
    ):
        with pytest.raises(
            DeclarationError, match=r"needs the extra `parquet`: pip install 'slagate\[parquet\]'"
        ):
            act()
    assert not (tmp_path / "out.parquet").exists()


@pytest.mark.parametrize(
    ("meta", "message"),
    [
        ({"planned_span": [2, 2]}, r"planned_span \[from, to\) must end after it begins"),
        ({"drained": True}, "drained needs cutoff_ns"),
    ],
)
def test_a_wrong_span_is_refused(tmp_path: Path, meta: dict[str, Any], message: str) -> None:
    file = tmp_path / "observations.csv"
    file.write_text("\n".join([HEADER, *csv_lines(3)]))
    meta_path(file).write_text(json.dumps(meta))
    with pytest.raises(DeclarationError, match=message):
        judge_file(file, sla())


def test_every_column_but_texts_is_one_of_the_row() -> None:
    for name, kind in COLUMNS.items():
        if kind is not None:
            assert np.dtype(kind) == OBSERVATION[name]
