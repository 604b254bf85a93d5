"""The run folder: made once, its facts written once, and nobody ever sees half a file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scenarios.errors import RunFolderError
from scenarios.run_folder import RunFolder, write_json, write_once


def test_a_new_folder_has_room_for_observations_and_payments(tmp_path: Path) -> None:
    folder = RunFolder.at(tmp_path / "runs" / "one")
    folder.create()
    assert sorted(path.name for path in folder.path.iterdir()) == ["observations", "payments"]


def test_an_empty_folder_may_be_used(tmp_path: Path) -> None:
    folder = RunFolder.at(tmp_path)
    folder.create()
    assert folder.observations.is_dir()


def test_a_folder_with_something_in_it_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(RunFolderError, match=r"is not empty; a run never writes over another$"):
        RunFolder.at(tmp_path).create()
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_folder_is_never_used_twice(tmp_path: Path) -> None:
    RunFolder.at(tmp_path).create()
    with pytest.raises(RunFolderError, match="is not empty"):
        RunFolder.at(tmp_path).create()


def test_a_folder_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match=r"^cannot make run folder .*/file/run: Not a directory$"):
        RunFolder.at(tmp_path / "file" / "run").create()


def test_a_relative_path_is_kept_from_following_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert RunFolder.at("runs/one").path == tmp_path / "runs" / "one"


def test_a_fact_is_written_once(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    write_once(path, {"seed": 1})
    with pytest.raises(RunFolderError, match=r"plan.json stands already; facts of a run are written once$"):
        write_once(path, {"seed": 2})
    assert path.read_text() == '{\n "seed": 1\n}\n'


def test_writing_leaves_the_file_readable_for_others_and_nothing_beside_it(tmp_path: Path) -> None:
    write_json(tmp_path / "verdict.json", {"sentence": "90 % within 10 s – PASS"})
    write_json(tmp_path / "verdict.json", {"sentence": "später"})
    assert [path.name for path in tmp_path.iterdir()] == ["verdict.json"]
    assert (tmp_path / "verdict.json").read_text(encoding="utf-8") == '{\n "sentence": "später"\n}\n'
    assert (tmp_path / "verdict.json").stat().st_mode & 0o777 == 0o644


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "verdict.json"
    write_json(path, {"verdict": "PASS"})

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_json(path, {"verdict": "FAIL"})
    assert [found.name for found in tmp_path.iterdir()] == ["verdict.json"]
    assert '"PASS"' in path.read_text()


def test_what_is_no_json_never_replaces_what_is(tmp_path: Path) -> None:
    path = tmp_path / "end.json"
    with pytest.raises(TypeError):
        write_json(path, {"when": object()})
    assert list(tmp_path.iterdir()) == []


def test_what_was_written_is_read(tmp_path: Path) -> None:
    folder = RunFolder.at(tmp_path)
    write_once(folder.plan_file, {"seed": 1})
    write_once(folder.end_file, {"ended": "completed"})
    write_json(folder.gateway_file, {"sales": 3})
    assert folder.read_plan() == {"seed": 1}
    assert folder.read_end() == {"ended": "completed"}
    assert folder.read_gateway() == {"sales": 3}


def test_a_run_that_was_killed_has_no_end_and_a_real_gateway_gives_no_account(tmp_path: Path) -> None:
    assert RunFolder.at(tmp_path).read_end() is None
    assert RunFolder.at(tmp_path).read_gateway() is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(None, r"^cannot read .*plan.json: No such file or directory$", id="missing"),
        pytest.param(b'{"seed": ', r"plan.json is not JSON: ", id="cut-off"),
        pytest.param(b"\xff\xfe\xff", r"plan.json is not JSON: ", id="not-text"),
        pytest.param(b"[1, 2]", r"plan.json holds no JSON object$", id="a-list"),
    ],
)
def test_an_unreadable_plan_says_what_is_wrong_with_it(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / "plan.json").write_bytes(content)
    with pytest.raises(RunFolderError, match=said):
        RunFolder.at(tmp_path).read_plan()


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_in_which_nothing_may_be_made_says_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(RunFolderError, match="Permission denied"):
        RunFolder.at(tmp_path / "run").create()
