"""What killed workers leave behind: nothing is removed that holds rows or belongs to somebody."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from loadtests.spools import clear_spools, make_spool
from scenarios.run_folder import RunFolder


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def left_by_another(folder: Path, rows: bytes) -> Path:
    """The spool of a process that has ended."""
    code = (
        "import tempfile; from loadtests.spools import make_spool; from scenarios.run_folder import RunFolder\n"
        f"tempfile.tempdir = {str(folder)!r}\nspool = make_spool(); RunFolder.at(spool).create(); print(spool)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    spool = Path(done.stdout.strip())
    (RunFolder(spool).observations / "0000.rows").write_bytes(rows)
    return spool


def test_an_empty_spool_whose_process_is_gone_is_removed(temporary: Path) -> None:
    spool = left_by_another(temporary, b"")
    assert clear_spools() == []
    assert not spool.exists()


def test_a_spool_with_rows_stays_and_is_mentioned_once(temporary: Path) -> None:
    spool = left_by_another(temporary, b"x" * 48)
    assert clear_spools() == [spool]
    assert clear_spools() == []
    assert (RunFolder(spool).observations / "0000.rows").stat().st_size == 48


def test_the_spool_of_a_living_process_is_left_alone() -> None:
    spool = make_spool()
    assert clear_spools() == []
    assert spool.exists()


def test_a_process_number_that_was_given_again_is_another_process() -> None:
    spool = make_spool()
    another = spool.rename(re.sub(r"-[0-9]+-(?=[^-]*$)", "-1-", str(spool)))
    assert another != spool
    clear_spools()
    assert not another.exists()


def test_a_folder_that_names_nobody_is_left_alone(temporary: Path) -> None:
    (temporary / "slagate-worker-abc").mkdir()
    assert clear_spools() == []
    assert (temporary / "slagate-worker-abc").exists()
