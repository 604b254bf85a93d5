"""The rules of the house: which package may import which, and how modules are named and how long they get."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = ("scenarios", "loadtests", "analysis", "mock_gateway")
LONGEST_MODULE = 400

# Package or subpackage -> what of ours it may point at (itself included), and what it must never import.
OF_OURS = {
    "scenarios": {"scenarios"},
    "loadtests": {"loadtests", "scenarios"},
    "loadtests.cli": {"loadtests", "scenarios", "analysis"},
    "analysis": {"analysis", "scenarios"},
    "mock_gateway": {"mock_gateway"},
}
NEVER = {
    "scenarios": {"locust", "fastapi", "scipy"},
    "loadtests": set(),
    "loadtests.cli": {"locust"},
    "analysis": {"locust", "gevent", "fastapi"},
    "mock_gateway": set(),
}
# Where the engine meets Locust: the file it loads, its user, and what hangs on its events, a module for each role
# that a process can play (alone, master, worker, web page, a person's own `locust -f`).
LOCUST_ADAPTER = {
    f"loadtests.{name}"
    for name in (
        *("locustfile", "gateway_user", "run_hooks", "plain_hooks", "session"),
        *("master_hooks", "master_desk", "worker_hooks", "web_hooks", "web_tab"),
    )
}
ONLY_IN = {
    "locust": LOCUST_ADAPTER,
    "gevent": LOCUST_ADAPTER
    | {
        f"loadtests.{name}"
        for name in (
            *("http_client", "pacing", "recorder", "shipping", "engine", "control_pipe"),
            *("conductor", "health", "worker_part", "alarm"),
            *(f"connections.{name}" for name in ("addresses", "connection", "deadlines", "dialing", "trust")),
        )
    },
}
NO_DRAWERS = {"utils", "util", "helpers", "helper", "common", "manager", "base", "core", "misc"}


def imported(module: str, source: str) -> Iterator[str]:
    """Dotted names of everything a module imports, wherever in it: at the top, in a function, for types, by name."""
    package = module.rpartition(".")[0]
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names)
            case ast.ImportFrom(module=origin, names=names, level=0):
                yield from (f"{origin}.{name.name}" for name in names)
            case ast.ImportFrom(module=origin, names=names, level=level):
                above = package.split(".")[: len(package.split(".")) - level + 1]
                yield from (".".join([*above, *filter(None, [origin]), name.name]) for name in names)
            case ast.Call(
                func=ast.Name(id="__import__") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield name


def violations(module: str, source: str) -> list[str]:
    """Every import of a module that the rules of the house forbid, as sentences."""
    top = module.partition(".")[0]
    room = "loadtests.cli" if module.startswith("loadtests.cli") else top
    found = []
    for name in imported(module, source):
        package = name.partition(".")[0]
        if package in OURS and package not in OF_OURS[room]:
            found.append(f"{module} imports {name}: {room} may point at {', '.join(sorted(OF_OURS[room]))}")
        elif package in NEVER[room]:
            found.append(f"{module} imports {name}: {room} never does")
        elif module not in ONLY_IN.get(package, {module}):
            found.append(f"{module} imports {name}: only {', '.join(sorted(ONLY_IN[package]))} may")
    return found


def modules() -> dict[str, Path]:
    """Every product module by its dotted name."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): path
        for package in OURS
        for path in sorted((ROOT / package).rglob("*.py"))
    }


def test_every_package_is_looked_at() -> None:
    assert {name.partition(".")[0] for name in modules()} == set(OURS)
    assert {"loadtests.cli.run", "loadtests.http_client", "scenarios.observation"} <= set(modules())


@pytest.mark.parametrize("module", modules())
def test_a_module_imports_only_what_the_rules_of_the_house_allow(module: str) -> None:
    assert violations(module, modules()[module].read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        pytest.param("scenarios.sla", "import loadtests.lanes", id="scenarios-points-at-nothing"),
        pytest.param("scenarios.sla", "from scipy.stats import beta", id="scenarios-without-scipy"),
        pytest.param("loadtests.engine", "from analysis.verdict import Verdict", id="engine-judges-nothing"),
        pytest.param("loadtests.lanes", "import mock_gateway", id="both-sides-share-no-code"),
        pytest.param("loadtests.engine", "from locust import events", id="locust-outside-its-adapter"),
        pytest.param("loadtests.sender", "import gevent", id="gevent-outside-its-modules"),
        pytest.param("loadtests.cli.run", "import locust", id="locust-in-the-command-line"),
        pytest.param("loadtests.cli.run", "from mock_gateway import app", id="mock-in-the-command-line"),
        pytest.param("analysis.verdict", "import loadtests.tally", id="analysis-points-at-the-senders"),
        pytest.param("analysis.window", "from gevent import sleep", id="analysis-with-gevent"),
        pytest.param("mock_gateway.app", "import scenarios", id="mock-points-at-ours"),
        pytest.param("mock_gateway.app", "import locust", id="mock-with-locust"),
        pytest.param("analysis.window", "def f():\n    import fastapi", id="inside-a-function"),
        pytest.param(
            "analysis.window",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import locust",
            id="for-types-only",
        ),
        pytest.param("loadtests.lanes", "from . import cli\nfrom .. import analysis", id="relative"),
        pytest.param("scenarios.sla", "import importlib\nimportlib.import_module('locust')", id="by-name"),
        pytest.param("scenarios.sla", "__import__('fastapi.routing')", id="by-dunder"),
        pytest.param("scenarios.sla", "import json, locust", id="second-of-a-list"),
    ],
)
def test_a_planted_violation_is_caught(module: str, source: str) -> None:
    assert len(violations(module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        pytest.param(
            "loadtests.run_hooks", "import gevent\nfrom locust.env import Environment", id="adapter"
        ),
        pytest.param("loadtests.http_client", "from gevent import socket, ssl", id="client"),
        pytest.param("loadtests.cli.run", "from analysis import judgement\nimport rich", id="command-line"),
        pytest.param(
            "analysis.window", "from scenarios.observation import Rows\nimport scipy", id="analysis"
        ),
        pytest.param("loadtests.lanes", "from .schedule import Arrivals", id="relative-within"),
    ],
)
def test_what_is_allowed_is_not_accused(module: str, source: str) -> None:
    assert violations(module, source) == []


@pytest.mark.parametrize("module", modules())
def test_a_module_is_short_enough_to_be_read(module: str) -> None:
    lines = modules()[module].read_text(encoding="utf-8").count("\n")
    assert lines <= LONGEST_MODULE, f"{module} has {lines} lines; split it by noun"


def _taken_names() -> set[str]:
    """Import names of the dependencies and of the standard library."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    return {re.split(r"[^\w-]", name)[0].replace("-", "_") for name in wanted} | set(sys.stdlib_module_names)


@pytest.mark.parametrize("module", modules())
def test_a_module_is_named_for_what_it_holds(module: str) -> None:
    name = module.rpartition(".")[2]
    assert name not in NO_DRAWERS, f"{module}: a drawer is not a noun"
    assert not name.startswith("test_"), f"{module}: pytest would collect it"
    assert name not in _taken_names(), f"{module} is named like a dependency or a standard module"


def test_every_folder_of_tests_is_a_package() -> None:
    folders = {path.parent for path in (ROOT / "tests").rglob("*.py")}
    assert [folder for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_the_command_line_starts_locust_and_the_mock_without_importing_them() -> None:
    probe = (
        "import sys, loadtests.cli; "
        "print(sorted({'locust', 'mock_gateway', 'fastapi', 'uvicorn'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, cwd=ROOT)
    assert said.stdout == "[]\n"
