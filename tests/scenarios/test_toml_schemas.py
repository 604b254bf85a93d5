"""The schemas for editors: up to date, true to every shipped file, and quick to see a wrong key or value."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from scenarios.loading import SHIPPED
from scenarios.toml_schemas import MODELS, schema_path, schema_text, toml_schema
from tests.scenarios.declared import SCENARIO, TARGET

ROOT = Path(__file__).parents[2]
FOLDERS = {"scenario": "traffic", "sla": "slas", "target": "targets"}
SHIPPED_FILES = [
    (name, path) for name, folder in FOLDERS.items() for path in sorted((SHIPPED / folder).glob("*.toml"))
]
DOCUMENTED = [
    (name, example)
    for name, page in (("scenario", "scenarios.md"), ("target", "targets.md"))
    for example in re.findall(
        r"```toml\n(.*?)```", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.DOTALL
    )
    if re.search(r"^name = ", example, re.MULTILINE)
]


def as_json(text: str) -> Any:
    """A TOML text as an editor hands it to a schema: dates as text."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(each) for key, each in value.items()}
        if isinstance(value, list):
            return [plain(each) for each in value]
        return value.isoformat() if isinstance(value, date | datetime) else value

    return plain(tomllib.loads(text))


def problems(name: str, text: str) -> list[str]:
    """What the schema finds wrong, as texts."""
    validator = jsonschema.Draft202012Validator(toml_schema(name))
    return [error.message for error in validator.iter_errors(as_json(text))]


@pytest.mark.parametrize("name", MODELS)
def test_the_shipped_schema_is_that_of_the_model(name: str) -> None:
    """`python -m scenarios.toml_schemas` writes them anew."""
    assert schema_path(name).read_text(encoding="utf-8") == schema_text(name)
    jsonschema.Draft202012Validator.check_schema(json.loads(schema_text(name)))


@pytest.mark.parametrize(("name", "path"), SHIPPED_FILES, ids=lambda each: getattr(each, "stem", each))
def test_every_shipped_file_agrees_with_its_schema(name: str, path: Path) -> None:
    assert problems(name, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(("name", "example"), DOCUMENTED)
def test_every_documented_file_agrees_with_its_schema(name: str, example: str) -> None:
    assert problems(name, example) == []


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        pytest.param("scenario", "seed", "sed", id="unknown-key"),
        pytest.param("scenario", '"30s"', "30", id="duration-without-unit"),
        pytest.param("scenario", '"30s"', '"thirty"', id="no-duration"),
        pytest.param("scenario", "eligibility_only", "elegibility_only", id="unknown-journey"),
        pytest.param("scenario", '"constant"', '"square"', id="unknown-shape"),
        pytest.param("scenario", "= 40", "= -40", id="rate-below-zero"),
        pytest.param("target", "[endpoints]", "[endpoint]", id="unknown-table"),
    ],
)
def test_a_wrong_key_or_value_is_seen(name: str, right: str, wrong: str) -> None:
    text = {"scenario": SCENARIO, "target": TARGET}[name]
    assert right in text
    assert problems(name, text) == []
    assert problems(name, text.replace(right, wrong)) != []


@pytest.mark.parametrize("name", MODELS)
def test_a_schema_says_nothing_that_toml_cannot(name: str) -> None:
    text = schema_text(name)
    assert "null" not in text
    assert '"title"' not in text.partition('"$defs"')[2]
