"""Attempts: only an INVALID run is repeated, every attempt is kept and named, and one verdict is handed on."""

from __future__ import annotations

import errno
import io
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from analysis.exit_codes import ExitCode, InconclusiveAs
from loadtests.cli import attempts
from loadtests.cli.attempts import Place, run_attempts
from loadtests.cli.fleet import Crew
from loadtests.run_plan import RunPlan
from scenarios.errors import RunFolderError
from scenarios.run_folder import RunFolder
from tests.analysis.builders import both, rows, run_folder
from tests.loadtests.cli.test_options import resolved

INVALID: dict[str, Any] = {"end_json": {"ended": "failed"}}


@dataclass
class Bench:
    """Sends nothing: each attempt leaves the next of the recordings that are given."""

    path: Path
    recordings: Iterator[dict[str, Any]]
    nonces: list[str] = field(default_factory=list)
    said: io.StringIO = field(default_factory=io.StringIO)

    def run_once(self, plan: RunPlan, folder: RunFolder, *_: object, **__: object) -> bool:
        made = next(self.recordings)
        self.nonces.append(plan.nonce)
        interrupted = made.pop("interrupted", False)
        recorded = made.pop("recorded", both(300))
        folder.path.parent.mkdir(parents=True, exist_ok=True)
        scratch = self.path / f"scratch{len(self.nonces)}"
        run_folder(scratch, recorded, **made).path.rename(folder.path)
        return interrupted

    def run(self, *, retries: int = 2, run_dir: bool = True, **more: Any) -> ExitCode:
        place = Place(out=self.path / "runs", run_dir=self.path / "gate" if run_dir else None)
        console = Console(file=self.said, width=200)
        usual = {"open_views": list, "early_stop": False, "as_json": False, "as_line": False}
        given: dict[str, Any] = {"inconclusive_as": None, **usual, **more}
        return run_attempts(resolved(), console, crew=Crew(), place=place, retries=retries, **given)

    def verdict(self, name: str = "gate") -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.path / name / "verdict.json").read_text(encoding="utf-8"))
        return content


Make = Callable[..., Bench]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    def make(*recordings: dict[str, Any]) -> Bench:
        made = Bench(tmp_path, iter([dict(each) for each in recordings]))
        monkeypatch.setattr(attempts, "_run_once", made.run_once)
        return made

    return make


def test_an_invalid_run_is_repeated_until_one_is_not_and_every_attempt_is_kept(bench: Make) -> None:
    made = bench(INVALID, INVALID, {})
    assert made.run(retries=3) is ExitCode.PASS
    assert made.verdict("gate")["verdict"] == made.verdict("gate-retry1")["verdict"] == "INVALID"
    last = made.verdict("gate-retry2")
    assert last["verdict"] == "PASS"
    assert [(each["run_dir"], each["verdict"]) for each in last["run"]["attempts"]] == [
        ("gate", "INVALID"),
        ("gate-retry1", "INVALID"),
        ("gate-retry2", "PASS"),
    ]
    assert last["run"]["attempts"][0]["doubts"] == ["ended-early"]
    assert "attempts" not in made.verdict("gate")["run"]
    assert len(set(made.nonces)) == 3
    assert (
        f"attempt 1 is INVALID (ended-early) and kept in {made.path / 'gate'}; attempt 2 of at most 4"
        in " ".join(made.said.getvalue().split())
    )


@pytest.mark.parametrize(
    ("recording", "code"),
    [
        pytest.param({}, 0, id="pass"),
        pytest.param({"recorded": both(300, seconds=30)}, 1, id="fail"),
        pytest.param({"recorded": both(300, seconds=30)} | INVALID, 1, id="fail-beside-doubts"),
        pytest.param({"recorded": rows(300)}, 3, id="inconclusive"),
        pytest.param({"interrupted": True} | INVALID, 130, id="interrupted"),
    ],
)
def test_nothing_but_an_invalid_run_is_repeated(bench: Make, recording: dict[str, Any], code: int) -> None:
    made = bench(recording)
    assert int(made.run()) == code
    assert len(made.nonces) == 1


def test_the_last_invalid_attempt_is_the_answer(bench: Make) -> None:
    made = bench(INVALID, INVALID)
    assert made.run(retries=1) is ExitCode.INVALID
    assert len(made.verdict("gate-retry1")["run"]["attempts"]) == 2


def test_json_prints_one_verdict_the_last(bench: Make, capsys: pytest.CaptureFixture[str]) -> None:
    made = bench(INVALID, {"recorded": rows(300)})
    assert made.run(as_json=True, inconclusive_as=InconclusiveAs.PASS) is ExitCode.PASS
    said = json.loads(capsys.readouterr().out)
    assert (said["verdict"], said["exit_code"]) == ("INCONCLUSIVE", 0)
    assert said == made.verdict("gate-retry1")


def test_an_account_of_attempts_that_cannot_be_written_costs_no_verdict(
    bench: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    made = bench(INVALID, {})
    monkeypatch.setattr(attempts, "write_once", full)
    assert made.run() is ExitCode.PASS
    assert "attempts.json could not be written (No space left on device)" in made.said.getvalue()


def test_with_json_annotations_go_to_standard_error(
    bench: Make, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert bench({}).run(as_json=True) is ExitCode.PASS
    said = capsys.readouterr()
    assert json.loads(said.out)["verdict"] == "PASS"
    assert said.err.startswith("::notice title=slagate%3A PASS::")


def test_a_github_job_sees_the_last_verdict_alone(
    bench: Make, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "step.md"))
    (tmp_path / "step.md").write_text("before\n", encoding="utf-8")
    assert bench(INVALID, {}).run() is ExitCode.PASS
    commands = [line for line in capsys.readouterr().out.splitlines() if line.startswith("::")]
    assert [line.partition("::100")[0] for line in commands] == ["::notice title=slagate%3A PASS"]
    summary = (tmp_path / "step.md").read_text(encoding="utf-8")
    assert summary.startswith("before\n**PASS**: ")
    assert "- attempt 1 was INVALID: gate" in summary


def test_a_job_summary_that_cannot_be_written_changes_nothing(
    bench: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = bench({})
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(made.path))
    assert made.run() is ExitCode.PASS
    assert "summary could not be written (Is a directory); the verdict holds" in made.said.getvalue()


def test_without_a_run_dir_each_attempt_has_a_name_of_its_own_and_latest_is_the_last(bench: Make) -> None:
    made = bench(INVALID, {})
    assert made.run(run_dir=False) is ExitCode.PASS
    folders = sorted(path for path in (made.path / "runs").iterdir() if not path.is_symlink())
    assert len(folders) == 2
    assert (made.path / "runs" / "latest").resolve() == folders[1]


def test_a_repetition_that_would_find_its_folder_taken_is_refused_before_any_load(bench: Make) -> None:
    made = bench({})
    (made.path / "gate-retry2").mkdir()
    (made.path / "gate-retry2" / "file").touch()
    with pytest.raises(RunFolderError, match=r"gate-retry2 is not empty; --retry-invalid would need it"):
        made.run(retries=2)
    assert made.nonces == []
