"""The commands of README and docs, run as they stand there.

A block of commands is fenced as `console`. What cannot be run here (a gateway of somebody else, several machines, a
browser) is fenced as `console illustration`. The commands of a page are run in order, in a fresh copy of the checkout.
`make test` is left out, as it would run itself; `make run` finds the environment that these tests run in.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.running import Workplace

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
_FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
_LEFT_OUT = re.compile(r"^make (test|test-all|check|bench|bench-statistics|soak)\b")
_COPIED = (
    "scenarios",
    "docs",
    "Makefile",
    "pyproject.toml",
    "constraints.txt",
    "README.md",
    "loadtests/locustfile.py",
)


def commands_of(page: Path) -> list[str]:
    """The lines to be run, in order."""
    blocks = [text for info, text in _FENCE.findall(page.read_text("utf-8")) if info == "console"]
    return [line for block in blocks for line in block.splitlines() if not _LEFT_OUT.match(line)]


def fences_of(page: Path) -> set[str]:
    """What blocks of a page are called."""
    return {info for info, _ in _FENCE.findall(page.read_text("utf-8"))}


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_a_block_of_commands_says_that_it_is_one(page: Path) -> None:
    """Or it would not be run, and nobody would notice when it stops working."""
    assert fences_of(page) <= {
        "console",
        "console illustration",
        "text",
        "toml",
        "json",
        "yaml",
        "python",
        "csv",
        "groovy",
    }
    for info, text in _FENCE.findall(page.read_text("utf-8")):
        if not info.startswith("console"):
            assert not re.search(
                r"^\$? ?(slagate|locust|make|pip|pipx|curl) ", text, flags=re.MULTILINE
            ) or info in {
                "text",
                "yaml",
                "groovy",
            }


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("page", [page for page in PAGES if commands_of(page)], ids=lambda page: page.name)
def test_the_commands_of_a_page_work(page: Path, here: Workplace) -> None:
    checkout = here.path / "checkout"
    checkout.mkdir()
    for name in _COPIED:
        copied = checkout / name
        copied.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy2)(ROOT / name, copied)
    binaries = Path(sys.executable).parent
    lines = [_with_this_environment(line, binaries.parent) for line in commands_of(page)]
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(lines)],
        cwd=checkout,
        env=here.environment({"PATH": f"{binaries}:/usr/local/bin:/usr/bin:/bin"}),
        capture_output=True,
        text=True,
        timeout=380,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, "\n".join([*lines, done.stdout[-4000:], done.stderr[-4000:]])
    assert here.processes() == []


def _with_this_environment(line: str, environment: Path) -> str:
    """`make run` without a new environment: the one here is up to date."""
    return re.sub(r"^make ", f"make -o {environment}/installed VENV={environment} ", line)
