"""docs/file_formats.md: what it says of rows is what the codec does."""

from __future__ import annotations

import re
from enum import IntEnum
from pathlib import Path

import numpy as np
import pytest

from scenarios.kinds import Kind, Wire
from scenarios.observation import OBSERVATION, PAYMENT_RECORD, Outcome

DOCS = (Path(__file__).parents[2] / "docs" / "file_formats.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("field", "numbers"), [("kind", Kind), ("wire", Wire), ("outcome", Outcome)])
def test_the_numbers_are_those_of_the_rows(field: str, numbers: type[IntEnum]) -> None:
    told = re.search(rf"^\| `{field}` \| (1 .*) \|$", DOCS, flags=re.MULTILINE)
    assert told is not None
    assert {name: int(number) for number, name in re.findall(r"(\d+) `(\w+)`", told[1])} == {
        each.name.lower(): int(each) for each in numbers
    }


def test_the_layout_reads_rows() -> None:
    code = re.search(r"ROW = (np\.dtype\(.*?\]\s*\))", DOCS, flags=re.DOTALL)
    assert code is not None
    assert eval(code[1], {"np": np}) == OBSERVATION
    assert f"### A row ({OBSERVATION.itemsize} bytes" in DOCS


@pytest.mark.parametrize("name", sorted({*(OBSERVATION.names or ()), *(PAYMENT_RECORD.names or ())}))
def test_every_field_is_explained(name: str) -> None:
    assert f"`{name}`" in DOCS
