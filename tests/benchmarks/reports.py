"""How fast a report is made and opened: `python -m tests.benchmarks.reports`. Fails when a bar is missed.

Making is measured beside judging the same rows, the best of three each; opening ends when Chromium has laid the page
out and painted it, the best of three as well.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from analysis.judgement import Judged, judge_folder
from analysis.reports.page.report import render_report
from tests.benchmarks.judging import PeakMemory, seconds, write_run
from tests.end_to_end.browser import DESK, running_browser

TIMES_JUDGING = 10
OPENING_S = 2.0
PAGE_BYTES = 6 << 20
MEMORY_BYTES = 1 << 30


def best_of_three(work: Callable[[], object]) -> float:
    """Seconds that some work takes when nothing is in its way."""
    return min(seconds(work) for _ in range(3))


def opening_s(path: Path) -> float:
    """Seconds from asking for a page to its second frame."""
    with running_browser() as browser:
        page = browser.new_page(viewport=DESK)  # type: ignore[arg-type]
        page.goto("about:blank")

        def open_it() -> None:
            page.goto(path.as_uri())
            page.evaluate(
                "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(null))))"
            )

        return best_of_three(open_it)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    options = parser.parse_args()
    missed = []
    with tempfile.TemporaryDirectory() as place:
        folder = write_run(Path(place), options.rows)
        judged: list[Judged] = []
        judging = best_of_three(lambda: judged.append(judge_folder(folder)))
        pages: list[str] = []
        last = judged.pop()
        judged.clear()
        with PeakMemory() as memory:
            making = best_of_three(lambda: pages.append(render_report(last.verdict, last.recordings)))
        path = Path(place) / "report.html"
        path.write_text(pages[0], encoding="utf-8")
        size = path.stat().st_size
        opening = opening_s(path)
    print(
        f"{options.rows} rows, {os.cpu_count()} cores: judged in {judging:.2f} s, reported in {making:.2f} s "
        f"({making / judging:.1f} times)"
    )
    print(f"{size / 1e6:.2f} MB, opened in {opening:.2f} s")
    print(f"peak anonymous memory {memory.peak / 1e6:.0f} MB")
    if making > TIMES_JUDGING * judging:
        missed.append(f"{making / judging:.1f} times the time of judging, {TIMES_JUDGING} are allowed")
    if size > PAGE_BYTES:
        missed.append(f"{size / 1e6:.1f} MB")
    if opening > OPENING_S:
        missed.append(f"it opens in {opening:.1f} s")
    if memory.peak > MEMORY_BYTES:
        missed.append(f"{memory.peak / 1e6:.0f} MB of anonymous memory")
    for each in missed:
        print(f"MISSED: {each}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
