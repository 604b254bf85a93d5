"""docs/observation_files.md names every column, every outcome and every key of the description."""

from __future__ import annotations

import re
from pathlib import Path

from analysis.observation_export import COLUMNS
from analysis.observation_file import OPTIONAL, OUTCOME_NAMES, REQUIRED
from analysis.observation_meta import ObservationMeta

PAGE = (Path(__file__).parents[2] / "docs" / "observation_files.md").read_text(encoding="utf-8")


def test_the_page_names_all_there_is_and_nothing_else() -> None:
    rows = [line.split("|") for line in PAGE.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row[1])}
    assert named == {*REQUIRED, *OPTIONAL, *ObservationMeta.model_fields}
    assert set(COLUMNS) == {*REQUIRED, *OPTIONAL}
    required = {name for row in rows if row[3:4] == [" yes "] for name in re.findall(r"`(\w+)`", row[1])}
    assert required == set(REQUIRED)
    outcomes = next(row[2] for row in rows if "`outcome`" in row[1])
    assert set(re.findall(r"`(\w+)`", outcomes)) == set(OUTCOME_NAMES)
