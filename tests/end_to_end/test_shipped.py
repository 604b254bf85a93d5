"""The shipped scenario as a person runs it, at its full length: a minute each."""

from __future__ import annotations

import time

import pytest

from tests.end_to_end.running import Workplace

pytestmark = pytest.mark.slow


def test_the_default_run_passes_for_both_classes_within_its_time(here: Workplace) -> None:
    began = time.monotonic()
    done = here.finish(here.command("run"), within_s=150)
    took_s = time.monotonic() - began
    assert done.returncode == 0, done.stdout
    assert took_s < 75 + 10  # a traffic part of at most 75 s, and the start and the judging
    [run_dir] = [path for path in (here.path / "runs").iterdir() if not path.is_symlink()]
    assert (here.path / "runs" / "latest").resolve() == run_dir
    judged = here.finish(here.command("judge", run_dir))
    assert judged.returncode == 0
    assert "PASS" in judged.stdout
    for name in ("healthcare", "payment"):
        assert name in done.stdout


def test_a_brownout_fails_and_the_sentence_names_healthcare(here: Workplace) -> None:
    done = here.finish(
        here.command("run", "--gateway-profile", "brownout", "--run-dir", here.run_dir), within_s=150
    )
    assert done.returncode == 1, done.stdout
    verdict = here.verdict()
    assert "healthcare" in verdict["sentence"]
    assert "invalid" not in {doubt["severity"] for doubt in verdict["validity"]}
    assert here.check_accounts()["ended"] in ("completed", "curtailed")
