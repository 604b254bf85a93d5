"""`slagate report`, and the page that every judgement leaves beside its verdict."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from analysis.reports import derived_files
from loadtests import cli
from loadtests.cli.verdicts import deliver
from tests.analysis.builders import HEADER, both, csv_file, csv_lines, rows, run_folder
from tests.analysis.reports.stored_run import stored_folder

Ran = tuple[int, str, str]


@pytest.fixture
def slagate(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Ran]:
    """Runs the command in this process: its code, and what it printed."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path) -> Ran:
        monkeypatch.setattr(sys, "argv", ["slagate", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0), *capsys.readouterr()

    return run


def test_judging_leaves_a_report_and_says_where(slagate: Callable[..., Ran], tmp_path: Path) -> None:
    folder = run_folder(tmp_path, both(1000))
    code, out, _ = slagate("judge", folder.path)
    assert code == 0
    assert f"report: {folder.report_file}\n" in out
    assert "</html>" in folder.report_file.read_text(encoding="utf-8")


def test_json_on_standard_output_is_not_disturbed(slagate: Callable[..., Ran], tmp_path: Path) -> None:
    folder = run_folder(tmp_path, both(1000))
    _, out, err = slagate("judge", folder.path, "--json")
    assert json.loads(out)["verdict"] == "PASS"
    assert err == ""
    assert folder.report_file.is_file()


def test_a_report_is_made_again_from_the_folder_alone_and_ends_0_whatever_the_verdict(
    slagate: Callable[..., Ran], tmp_path: Path
) -> None:
    folder = stored_folder(tmp_path)
    assert slagate("report", folder.path) == (0, f"report: {folder.report_file}\n", "")
    first = folder.report_file.read_text(encoding="utf-8")
    slagate("report", folder.path)
    assert folder.report_file.read_text(encoding="utf-8") == first
    assert not folder.verdict_file.exists()


@pytest.mark.parametrize(
    ("out", "made"),
    [("page.html", "page.html"), ("deep/down", "deep/down/report.html")],
    ids=["file", "folder"],
)
def test_out_names_a_file_or_a_folder(
    slagate: Callable[..., Ran], tmp_path: Path, out: str, made: str
) -> None:
    folder = run_folder(tmp_path, both(300))
    assert slagate("report", folder.path, "--out", tmp_path / out)[0] == 0
    assert (tmp_path / made).is_file()
    assert not folder.report_file.exists()


def test_several_recordings_need_a_place_for_their_report(
    slagate: Callable[..., Ran], tmp_path: Path
) -> None:
    path = csv_file(tmp_path, [HEADER, *csv_lines(300)])
    code, _, err = slagate("report", path)
    assert (code, "--out" in err) == (2, True)
    assert slagate("report", path, "--out", tmp_path / "page.html")[0] == 0


def test_another_sla_does_not_replace_a_runs_own_report(slagate: Callable[..., Ran], tmp_path: Path) -> None:
    folder = run_folder(tmp_path, both(300))
    code, _, err = slagate("report", folder.path, "--sla", "caqh_core")
    assert (code, "--out" in err) == (2, True)
    assert not folder.report_file.exists()


@pytest.mark.parametrize("out", [("--out", "."), ()], ids=["with a place", "without"])
def test_what_is_no_recording_ends_2(
    slagate: Callable[..., Ran], tmp_path: Path, out: tuple[str, ...]
) -> None:
    code, _, err = slagate("report", tmp_path / "nothing.csv", *out)
    assert (code, "no such run folder" in err) == (2, True)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (OSError(28, "No space left on device"), "written (No space left on device)"),
        (ZeroDivisionError("of charts"), "made (ZeroDivisionError: of charts)"),
        (KeyboardInterrupt(), "written (interrupted)"),
    ],
    ids=["disk-full", "fault-of-ours", "interrupted"],
)
def test_a_report_that_cannot_be_made_is_one_line_and_changes_no_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: BaseException, said: str
) -> None:
    def fail(*_: object) -> str:
        raise fault

    monkeypatch.setattr(derived_files, "render_report", fail)
    folder, printed = run_folder(tmp_path, both(1000)), io.StringIO()
    assert deliver(folder, Console(file=printed, width=300), as_json=False).exit_code == 0
    (line,) = [each for each in printed.getvalue().splitlines() if "report.html" in each]
    assert line == f"report.html could not be {said}; the verdict holds"
    assert folder.verdict_file.is_file()
    assert not list(folder.path.glob(".report*"))


def test_a_report_that_cannot_be_written_keeps_the_one_before(
    slagate: Callable[..., Ran], tmp_path: Path
) -> None:
    folder = run_folder(tmp_path, rows(0))
    folder.report_file.mkdir()
    code, out, _ = slagate("report", folder.path)
    assert code == 70
    assert "report.html could not be written" in out
    assert folder.report_file.is_dir()
