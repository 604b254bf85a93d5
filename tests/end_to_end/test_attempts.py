"""--retry-invalid with real processes: each attempt sends anew and keeps its folder."""

from __future__ import annotations

import json
import re

import pytest

from scenarios.run_folder import RunFolder
from tests.end_to_end.declared import write_profile
from tests.end_to_end.running import Workplace, codes

pytestmark = pytest.mark.slow


def test_a_run_that_the_gateway_lets_nobody_into_is_tried_again_and_stays_invalid(here: Workplace) -> None:
    target = here.path / "locked.toml"
    profile = write_profile(here.path)
    target.write_text(f'name = "locked"\n[embedded_gateway]\nprofile = "{profile}"\n', encoding="utf-8")
    done = here.finish(
        here.short_run("--target", target, "--retry-invalid", "1", "--inconclusive-as", "pass")
    )
    assert done.returncode == 4, done.stdout
    assert re.search(r"^attempt 1 is INVALID \([^)]*not-authorised\) and kept in", done.stdout, re.MULTILINE)
    first, second = here.folder, RunFolder(here.path / "run-retry1")
    verdicts = [json.loads(each.verdict_file.read_text(encoding="utf-8")) for each in (first, second)]
    assert [each["verdict"] for each in verdicts] == ["INVALID", "INVALID"]
    assert "not-authorised" in codes(verdicts[1])
    assert [each["run_dir"] for each in verdicts[1]["run"]["attempts"]] == ["run", "run-retry1"]
    plans = [each.read_plan() for each in (first, second)]
    assert plans[0]["digest"] == plans[1]["digest"]
    assert plans[0]["nonce"] != plans[1]["nonce"]
    judged = here.finish(here.command("judge", second.path, "--json"))
    assert json.loads(judged.stdout)["run"]["attempts"] == verdicts[1]["run"]["attempts"]
