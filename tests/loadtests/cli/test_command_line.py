"""The command line itself: plans in sentences, lists, and mistakes that end 2 without a traceback."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from loadtests import cli
from scenarios.errors import RecordingError, RunFolderError, TargetUnreachableError
from scenarios.journeys import JOURNEY_NAMES
from scenarios.loading import shipped_names
from tests.analysis.builders import both, rows, run_folder
from tests.loadtests.test_schedule import SMOKE_DIGEST
from tests.scenarios.declared import SCENARIO, TARGET, written


class Said:
    """What a command printed, and how it ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


Slagate = Callable[..., Said]


@pytest.fixture
def slagate(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    """Runs the command in this process, from a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["slagate", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return Said(int(ended.value.code or 0), *capsys.readouterr())

    return run


def test_help_lists_the_commands(slagate: Slagate) -> None:
    said = slagate("--help")
    assert said.code == 0
    words = said.out.split()
    assert [
        name
        for name in ("run", "plan", "judge", "gateway", "worker", "export", "learn", "list")
        if name not in words
    ] == []


def test_a_run_is_exported_and_judged_from_the_file(slagate: Slagate, tmp_path: Path) -> None:
    run_folder(tmp_path, both(300))
    said = slagate("export", "run", "--to", "csv")
    assert (said.code, said.out) == (0, "600 rows in run.csv, described in run.csv.meta.json\n")
    judged = slagate("judge", "run.csv", "--sla", "instamed", "--json", "--out", "elsewhere")
    assert (judged.code, json.loads(judged.out)["verdict"]) == (0, "PASS")
    kept = {path.name for path in (tmp_path / "elsewhere").iterdir()}
    assert kept == {"verdict.json", "summary.md", "junit.xml", "report.html"}


def test_a_policy_of_judging_moves_the_exit_code_alone(slagate: Slagate, tmp_path: Path) -> None:
    run_folder(tmp_path, rows(300))
    codes = [
        slagate("judge", "run", *policy).code
        for policy in ((), *(("--inconclusive-as", each) for each in ("fail", "pass")))
    ]
    assert codes == [3, 1, 0]
    kept = json.loads((tmp_path / "run" / "verdict.json").read_text(encoding="utf-8"))
    assert (kept["verdict"], kept["policy"]) == ("INCONCLUSIVE", {"inconclusive_as": "pass", "applied": True})


def test_a_plan_says_what_would_be_sent_in_sentences(slagate: Slagate) -> None:
    said = slagate("plan")
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    counts = "1375 eligibility_inquiry, 682 card_sale"
    assert f"Seed 20261121 plans 2057 arrivals: {counts} (digest {SMOKE_DIGEST[:12]})." in lines
    assert "Target: mock, an embedded mock gateway with profile steady." in lines
    (judged,) = [line for line in lines if line.startswith("Judged by")]
    assert judged == (
        "Judged by InstaMed transaction processing: at least 0.9 of the healthcare and of the payment "
        "transactions answered within 10s (each class on its own, 95% confidence)."
    )
    assert any(
        re.fullmatch(r"\d+ users stand ready; .* so at most 1m2s of traffic\.", line) for line in lines
    )


def test_a_plan_sends_and_leaves_nothing(slagate: Slagate, tmp_path: Path) -> None:
    assert slagate("plan").code == 0
    assert list(tmp_path.iterdir()) == []


def test_what_is_shipped_is_listed_by_name(slagate: Slagate) -> None:
    said = slagate("list")
    assert said.code == 0
    for folder in ("traffic", "slas", "targets"):
        assert [name for name in shipped_names(folder) if f"  {name}" not in said.out] == []
    assert all(name in said.out for name in JOURNEY_NAMES)


def test_the_schemas_of_the_files_are_listed_as_an_editor_takes_them(slagate: Slagate) -> None:
    lines = slagate("list", "--schemas").out.splitlines()
    assert [line.split()[:2] for line in lines] == [
        [name, "#:schema"] for name in ("scenario", "sla", "target")
    ]
    assert all(Path(line.partition("#:schema ")[2]).is_file() for line in lines)


@pytest.mark.parametrize("command", ["run", "plan"])
def test_an_unknown_scenario_ends_2_and_says_which_exist(
    slagate: Slagate, tmp_path: Path, command: str
) -> None:
    said = slagate(command, "xyzzy")
    known = ", ".join(shipped_names("traffic"))
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        f"xyzzy: no shipped scenario of this name; known: {known} (or give a path that ends in .toml)\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_scenario_with_mistakes_ends_2_with_all_of_them(slagate: Slagate, tmp_path: Path) -> None:
    path = written(tmp_path, SCENARIO.replace("= 40", "= -1").replace("seed", "sed"))
    said = slagate("run", path)
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        f"{path}: 2 problems\n"
        "  phases[0].rate_per_s: must be more than 0 (got -1)\n"
        "  sed: unknown key; did you mean seed?\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["plan", "--rate", "fast"], id="rate"),
        pytest.param(["plan", "--duration", "10"], id="duration"),
        pytest.param(["plan", "--set", "seed"], id="set"),
        pytest.param(["plan", "--tag", "build"], id="tag"),
        pytest.param(["plan", "--seed", "-1"], id="negative-seed"),
        pytest.param(["plan", "--seed", "one"], id="seed-in-words"),
        pytest.param(["plan", "--sla", "none.toml"], id="sla"),
        pytest.param(["plan", "--target", "none.toml"], id="target"),
        pytest.param(["plan", "--no-such-option"], id="unknown-option"),
        pytest.param(["plan", "smoke", "smoke"], id="too-many"),
        pytest.param(["plan", "--rate", "4000/s"], id="too-much-for-one-process"),
        pytest.param(["fly"], id="unknown-command"),
        pytest.param(["judge", "nowhere"], id="nothing-to-judge"),
        pytest.param(["judge"], id="nothing-given"),
        pytest.param(["judge", "nowhere", "--inconclusive-as", "invalid"], id="no-such-policy"),
        pytest.param(["run", "--invalid-as", "pass"], id="no-policy-for-invalid"),
        pytest.param(["run", "--web", "--retry-invalid", "1"], id="retries-in-the-web-ui"),
        pytest.param(["run", "--distributed", "--retry-invalid", "1"], id="retries-of-workers-elsewhere"),
        pytest.param(["run", "--retry-invalid", "-1"], id="fewer-than-no-retries"),
        pytest.param(["export", "nowhere", "--to", "csv"], id="nothing-to-export"),
        pytest.param(["export", "nowhere", "--to", "xlsx"], id="no-such-format"),
        pytest.param(["export", "nowhere", "--to", "csv", "--out", "x.parquet"], id="another-ending"),
    ],
)
def test_a_wrong_command_line_ends_2_without_a_traceback(slagate: Slagate, arguments: list[str]) -> None:
    said = slagate(*arguments)
    assert (said.code, said.out) == (2, "")
    assert said.err
    assert "Traceback" not in said.err


def test_missing_credentials_end_2_and_are_named(slagate: Slagate, tmp_path: Path) -> None:
    text = TARGET.replace("https://pay.example.test", "http://127.0.0.1:9").replace(
        "https://edi.example.test", "http://127.0.0.1:9"
    )
    path = written(tmp_path, text + '[auth]\nrest_api_key = { env = "SLAGATE_TEST_UNSET" }\n')
    said = slagate("run", "--target", path)
    assert said.code == 2
    assert said.err == (
        "target sandbox: auth.rest_api_key: environment variable SLAGATE_TEST_UNSET is not set\n"
    )


def test_a_target_where_nobody_listens_ends_2_before_any_folder_is_made(
    slagate: Slagate, tmp_path: Path
) -> None:
    text = 'name = "gone"\n[endpoints]\nrest = "http://127.0.0.1:1"\nsoap_edi = "http://127.0.0.1:1"\n'
    said = slagate("run", "--target", written(tmp_path, text))
    assert said.code == 2
    assert "  rest: connecting to 127.0.0.1:1 failed: Connection refused\n" in said.err
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        pytest.param(RunFolderError("folder is full"), 2, "folder is full\n", id="folder"),
        pytest.param(TargetUnreachableError("nobody"), 2, "nobody\n", id="target"),
        pytest.param(RecordingError("lost a row"), 70, "lost a row\n", id="recording"),
    ],
)
def test_our_own_faults_end_with_their_code_and_one_line(
    slagate: Slagate, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int, said: str
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(cli, "app", fail)
    ended = slagate()
    assert (ended.code, ended.err) == (code, said)


def test_a_failure_nobody_thought_of_ends_70_with_one_line_and_a_kept_traceback(
    slagate: Slagate, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail() -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(cli, "app", fail)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    ended = slagate()
    assert ended.code == 70
    found = re.fullmatch(
        r"slagate itself failed: ZeroDivisionError: division by zero \(traceback in (.+)\)\n", ended.err
    )
    assert found is not None
    assert "in fail" in Path(found[1]).read_text(encoding="utf-8")


def test_standard_output_has_one_owner(slagate: Slagate) -> None:
    said = slagate("run", "--json", "--json-lines")
    assert (said.code, said.out) == (2, "")
    assert "choose one" in said.err


def test_a_metrics_port_that_is_taken_ends_before_any_load(slagate: Slagate, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        said = slagate("run", "--json-lines", "--metrics-port", str(server.getsockname()[1]))
    assert (said.code, said.out) == (2, "")
    assert "--metrics-port" in said.err
    assert list(tmp_path.iterdir()) == []


def test_the_module_is_the_command() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "loadtests", "plan", "xyzzy"], capture_output=True, text=True
    )
    assert (said.returncode, said.stdout) == (2, "")
    assert "Traceback" not in said.stderr
