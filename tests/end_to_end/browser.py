"""Debian's Chromium, driven: opens a report as a person would and notes what goes wrong on the way."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}

_OVERLAPS = """() => [...document.querySelectorAll('svg[role=img]')].flatMap(svg => {
  const texts = [...svg.querySelectorAll('text')]
    .map(each => [each.textContent, each.getBoundingClientRect()]).filter(([, box]) => box.width > 0);
  return texts.flatMap(([one, a], place) => texts.slice(place + 1)
    .filter(([, b]) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
      && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 0.4 * Math.min(a.height, b.height))
    .map(([other]) => `${svg.getAttribute('aria-label')}: "${one}" and "${other}"`));
})"""
_OUTSIDE = """() => [...document.querySelectorAll('svg[role=img]')].flatMap(svg => {
  const frame = svg.getBoundingClientRect();
  return [...svg.querySelectorAll('text')].filter(each => {
    const box = each.getBoundingClientRect();
    return box.width > 0 && (box.left < frame.left - 1 || box.right > frame.right + 1
      || box.top < frame.top - 1 || box.bottom > frame.bottom + 1);
  }).map(each => `${svg.getAttribute('aria-label')}: "${each.textContent}"`);
})"""
_CHARTS = """() => [...document.querySelectorAll('figure svg[role=img]')]
  .filter(svg => svg.getBoundingClientRect().width > 0)
  .map(svg => [...svg.querySelectorAll('path[d]')].filter(each => each.getTotalLength() > 0).length)"""


@dataclass(slots=True)
class OpenReport:
    """A report in the browser."""

    page: Page
    complaints: list[str] = field(default_factory=list)  # of the console, and exceptions
    requests: list[str] = field(default_factory=list)

    def text(self, selector: str) -> str:
        return self.page.text_content(selector) or ""

    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))

    def overlapping_labels(self) -> list[str]:
        return list(self.page.evaluate(_OVERLAPS))

    def labels_cut_off(self) -> list[str]:
        return list(self.page.evaluate(_OUTSIDE))

    def drawn_paths(self) -> list[int]:
        """For each chart that is shown how many of its paths have a length."""
        return list(self.page.evaluate(_CHARTS))

    def grave_faults(self) -> list[str]:
        """What axe-core finds serious or critical."""
        found: dict[str, Any] = Axe().run(self.page).response
        return [
            f"{each['id']}: {each['help']}: {each['nodes'][0]['html'][:200]}"
            for each in found["violations"]
            if each["impact"] in {"serious", "critical"}
        ]

    def ground(self) -> str:
        return str(self.page.evaluate("getComputedStyle(document.body).backgroundColor"))


@contextmanager
def running_browser() -> Iterator[Browser]:
    """A headless Chromium. Fails the test where there is none."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.fail("no Chromium on this machine: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def open_report(browser: Browser, path: Path, size: dict[str, int], scheme: str) -> Iterator[OpenReport]:
    """A report in a window of this size under this colour scheme."""
    page = browser.new_page(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
    opened = OpenReport(page)
    page.on("console", lambda said: opened.complaints.append(f"{said.type}: {said.text}"))
    page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    page.on("dialog", lambda dialog: opened.complaints.append(f"dialog: {dialog.message}"))
    page.on("request", lambda request: opened.requests.append(request.url))
    try:
        page.goto(path.as_uri())
        yield opened
    finally:
        page.close()
