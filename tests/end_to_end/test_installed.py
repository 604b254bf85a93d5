"""slagate as people install it: a wheel, in an environment of its own, far from the checkout."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.declared import write_profile, write_scenario, write_sla

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(600)
def test_an_installed_wheel_plans_and_runs_from_any_directory(tmp_path: Path) -> None:
    wheels, environment, elsewhere = tmp_path / "wheels", tmp_path / "environment", tmp_path / "elsewhere"
    elsewhere.mkdir()
    _do([sys.executable, "-m", "build", "--wheel", "--outdir", str(wheels), str(ROOT)], elsewhere)
    _do([sys.executable, "-m", "venv", str(environment)], elsewhere)
    [wheel] = wheels.glob("slagate-*.whl")
    pip = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    _do([*pip, "--constraint", str(ROOT / "constraints.txt"), str(wheel)], elsewhere)
    slagate = str(environment / "bin" / "slagate")
    planned = _do([slagate, "plan"], elsewhere)
    assert "arrivals" in planned
    assert "smoke" in _do([slagate, "list"], elsewhere)
    schemas = _do([slagate, "list", "--schemas"], elsewhere).splitlines()
    assert all(Path(line.partition("#:schema ")[2]).is_file() for line in schemas)
    given = [str(write_scenario(tmp_path, duration="14s")), "--sla", str(write_sla(tmp_path))]
    done = _do([slagate, "run", *given, "--gateway-profile", str(write_profile(tmp_path))], elsewhere)
    assert "PASS" in done
    assert (elsewhere / "runs" / "latest" / "verdict.json").is_file()
    assert "</html>" in (elsewhere / "runs" / "latest" / "report.html").read_text(encoding="utf-8")
    imported = "import scenarios; print(scenarios.__file__)"
    assert str(environment) in _do([str(environment / "bin" / "python"), "-c", imported], elsewhere)


def _do(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
