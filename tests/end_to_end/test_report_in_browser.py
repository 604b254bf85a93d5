"""Reports in a real browser: nothing complains or is fetched, everything is readable at every width and colour."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from rich.console import Console

from analysis.judgement import Judged
from loadtests.cli.verdicts import deliver, keep
from scenarios.run_folder import RunFolder
from tests.analysis.builders import both, joined, rows, run_folder
from tests.analysis.reports.stored_run import stored_folder
from tests.analysis.reports.test_report_page import SITUATIONS, hostile, hostile_kinds
from tests.end_to_end.browser import DESK, PHONE, open_report, running_browser

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

FOLDERS: dict[str, Callable[[Path], RunFolder]] = {
    "PASS": lambda path: run_folder(path, joined(both(1000, spread_s=0.9), both(30, seconds=12))),
    "FAIL": lambda path: run_folder(path, joined(both(700), both(900, seconds=30, spread_s=20))),
    "INCONCLUSIVE": stored_folder,
    "INVALID": lambda path: run_folder(path, both(900), planned=both(1000)),
    "empty": lambda path: run_folder(path, rows(0)),
    "killed": lambda path: run_folder(path, both(300), planned=both(900), killed=True),
}
TOGETHER: dict[str, Callable[[Path], Judged]] = {
    "merged": SITUATIONS["merged"],
    "file": SITUATIONS["file"],
    "hostile": hostile,
    "hostile kinds": hostile_kinds,
}
WINDOWS = {
    "desk-light": (DESK, "light"),
    "phone-dark": (PHONE, "dark"),
    "desk-dark": (DESK, "dark"),
    "phone-light": (PHONE, "light"),
}
OPENED = [
    pytest.param(name, *WINDOWS[window], id=f"{name}-{window}")
    for names, windows in ((FOLDERS, list(WINDOWS)), (TOGETHER, list(WINDOWS)[:2]))
    for name in names
    for window in windows
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as running:
        yield running


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders with report.html and verdict.json, by name."""
    silent, found = Console(file=io.StringIO()), {}
    for name, make in FOLDERS.items():
        folder = make(tmp_path_factory.mktemp("report"))
        deliver(folder, silent, as_json=False)
        found[name] = folder.path
    for name, judge in TOGETHER.items():
        path = tmp_path_factory.mktemp("report")
        judged = judge(path)
        keep(judged, path, silent, silent=False)
        found[name] = path
    return found


@pytest.mark.parametrize(("name", "window", "scheme"), OPENED)
def test_a_report_opens_without_complaint_and_can_be_read_by_everyone(
    browser: Browser, reports: dict[str, Path], name: str, window: dict[str, int], scheme: str
) -> None:
    path = reports[name] / "report.html"
    verdict = json.loads((reports[name] / "verdict.json").read_text(encoding="utf-8"))
    with open_report(browser, path, window, scheme) as report:
        assert report.complaints == []
        assert report.requests == [path.as_uri()]
        assert report.text("#verdict") == verdict["verdict"]
        if not name.startswith("hostile"):
            assert report.text("#sentence") == verdict["sentence"]
        assert report.overflow() == 0
        assert report.overlapping_labels() == []
        assert report.labels_cut_off() == []
        assert report.grave_faults() == []
        drawn = report.drawn_paths()
        assert len(drawn) == (0 if name == "empty" else 4)
        assert all(drawn)


def test_the_verdicts_are_the_ones_that_the_names_promise(reports: dict[str, Path]) -> None:
    for name in ("PASS", "FAIL", "INCONCLUSIVE", "INVALID"):
        assert json.loads((reports[name] / "verdict.json").read_text(encoding="utf-8"))["verdict"] == name


def test_dark_windows_get_dark_pages_and_paper_a_light_one(
    browser: Browser, reports: dict[str, Path]
) -> None:
    path = reports["PASS"] / "report.html"
    with open_report(browser, path, DESK, "light") as report:
        light = report.ground()
    with open_report(browser, path, DESK, "dark") as report:
        assert report.ground() != light
        report.page.emulate_media(media="print", color_scheme="dark")
        assert report.ground() == light
        assert not report.page.is_visible("nav")
        assert not report.page.is_visible("details")
        assert report.page.pdf()[:5] == b"%PDF-"


def test_the_data_of_a_chart_opens_by_keyboard(browser: Browser, reports: dict[str, Path]) -> None:
    with open_report(browser, reports["PASS"] / "report.html", DESK, "light") as report:
        assert not report.page.is_visible("#density table")
        report.page.focus("#density summary")
        report.page.keyboard.press("Enter")
        assert report.page.is_visible("#density table")


def test_the_skip_link_is_the_first_stop(browser: Browser, reports: dict[str, Path]) -> None:
    with open_report(browser, reports["FAIL"] / "report.html", PHONE, "light") as report:
        report.page.keyboard.press("Tab")
        assert report.page.evaluate("document.activeElement.getAttribute('href')") == "#numbers"
