"""docs/ci.md and its examples: what they tell a pipeline to do is done here, in a fresh copy of the project."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from junitparser import JUnitXml

from analysis.exit_codes import ExitCode
from scenarios.loading import load_scenario
from tests.end_to_end.declared import write_profile, write_scenario

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples" / "ci"
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
WORKFLOW: dict[str, Any] = yaml.safe_load((EXAMPLES / "github-actions.yml").read_text(encoding="utf-8"))
STEPS: list[dict[str, Any]] = WORKFLOW["jobs"]["gate"]["steps"]
GITLAB: dict[str, Any] = yaml.safe_load((EXAMPLES / "gitlab-ci.yml").read_text(encoding="utf-8"))["gate"]
JENKINS = (EXAMPLES / "Jenkinsfile").read_text(encoding="utf-8")
BROKEN = '[[faults]]\nkind = "error_status"\nstatus = 500\nshare = 0.5'


class Copy:
    """The project as a pipeline checks it out, and how a pipeline runs commands in it."""

    def __init__(self, path: Path) -> None:
        self.path = path / "checkout"
        self.summary = path / "step_summary.md"
        ignored = shutil.ignore_patterns(
            ".git", ".venv", "runs", "*.egg-info", ".*_cache", "__pycache__", ".hypothesis"
        )
        shutil.copytree(ROOT, self.path, ignore=ignored)
        write_scenario(self.path, duration="14s")  # the gate scaled down
        for name, faults in (("mock", ""), ("broken", BROKEN)):
            (self.path / name).mkdir()
            profile = write_profile(self.path / name, faults)
            text = (ROOT / "scenarios" / "targets" / "mock.toml").read_text(encoding="utf-8")
            (self.path / f"{name}.toml").write_text(
                text.replace('"steady"', f'"{profile}"'), encoding="utf-8"
            )

    def environment(self, target: str) -> dict[str, str]:
        """What the service sets; SCENARIO and TARGET stand for those of the example."""
        inherited = {
            name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")
        }
        return inherited | {
            "SCENARIO": "traffic.toml",
            "TARGET": f"{target}.toml",
            "GITHUB_ACTIONS": "true",
            "GITHUB_SHA": "0123abc",
            "GITHUB_STEP_SUMMARY": str(self.summary),
        }

    def do(self, command: str, target: str = "mock") -> subprocess.CompletedProcess[str]:
        """One step, as GitHub's and GitLab's shells run it."""
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", command],
            cwd=self.path,
            env=self.environment(target),
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=400,
        )

    def clear(self) -> None:
        shutil.rmtree(self.path / "runs", ignore_errors=True)
        self.summary.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(tmp_path_factory.mktemp("ci"))


def step(name: str) -> dict[str, Any]:
    """One step of the workflow."""
    return next(each for each in STEPS if each.get("name") == name)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_steps_of_the_workflow_pass_a_healthy_gateway_and_leave_evidence(copy: Copy) -> None:
    copy.clear()
    said = []
    for each in STEPS:
        if "run" in each:
            done = copy.do(each["run"])
            assert done.returncode == 0, f"{each['name']}: {done.stdout}{done.stderr}"
            said += done.stdout.splitlines()
    [annotation] = [line for line in said if line.startswith("::")]
    assert annotation.startswith("::notice title=slagate%3A PASS::")
    assert copy.summary.read_text(encoding="utf-8").startswith("**PASS**: ")
    [run] = [path for path in (copy.path / "runs").iterdir() if not path.is_symlink()]
    kept = {path.name for path in run.iterdir()}
    assert {"plan.json", "end.json", "observations", "verdict.json", "summary.md", "junit.xml"} <= kept
    plan = json.loads((run / "plan.json").read_text(encoding="utf-8"))
    assert plan["tags"] == {"commit": "0123abc"}
    paths = step("Keep the evidence")["with"]["path"].split()
    assert [(copy.path / path.lstrip("!")).is_dir() for path in paths] == [True, True]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_workflow_fails_on_a_broken_gateway_and_still_keeps_the_evidence(copy: Copy) -> None:
    copy.clear()
    assert copy.do(step("Install")["run"]).returncode == 0
    done = copy.do(step("Gate")["run"], target="broken")
    assert done.returncode == ExitCode.FAIL, done.stdout + done.stderr
    assert "\n::error title=slagate%3A FAIL::" in done.stdout
    assert copy.summary.read_text(encoding="utf-8").startswith("**FAIL on clause**: ")
    assert step("Keep the evidence")["if"] == "always()"


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("service", ["gitlab", "jenkins"])
def test_the_commands_of_the_other_services_do_what_they_say(copy: Copy, service: str) -> None:
    copy.clear()
    if service == "gitlab":
        commands = [*GITLAB["script"], *GITLAB["after_script"]]
    else:
        commands = re.findall(r"(?:sh|script:) '([^']+)'", JENKINS)
    assert [command.split()[0] for command in commands] == ["make", ".venv/bin/slagate", "cp"]
    for command in commands:
        done = copy.do(command)
        assert done.returncode == 0, done.stdout + done.stderr
    suite = JUnitXml.fromfile(str(copy.path / "junit.xml"))
    assert (suite.tests, suite.failures, suite.errors) == (3, 0, 0)
    assert (copy.path / "summary.md").is_file()


def test_every_example_runs_the_shipped_gate_and_repeats_only_invalid_runs() -> None:
    load_scenario(WORKFLOW["env"]["SCENARIO"])
    assert WORKFLOW["env"]["SCENARIO"] == GITLAB["variables"]["SCENARIO"] == "gate"
    assert "SCENARIO = 'gate'" in JENKINS
    for text in (step("Gate")["run"], " ".join(GITLAB["script"]), JENKINS):
        assert "--retry-invalid 1" in text
    assert GITLAB["allow_failure"] == {"exit_codes": [int(ExitCode.INCONCLUSIVE)]}


@pytest.mark.parametrize("name", ["github-actions.yml", "gitlab-ci.yml", "Jenkinsfile"])
def test_the_page_shows_the_examples_as_they_are(name: str) -> None:
    assert f"\n{(EXAMPLES / name).read_text(encoding='utf-8')}```" in PAGE


def test_the_table_of_the_page_names_every_exit_code() -> None:
    rows = re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)
    assert sorted(map(int, rows)) == sorted(map(int, ExitCode))
