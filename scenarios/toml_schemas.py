"""JSON schemas of the three kinds of TOML file, for editors; `python -m scenarios.toml_schemas` writes them anew.

They come from the models that check the files, and say less than those: what concerns several keys at once is only
found by loading.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from scenarios.duration import parse_duration
from scenarios.follow_ups import Again, Wait
from scenarios.journeys import JOURNEY_NAMES
from scenarios.maintenance import parse_moment
from scenarios.members import MembersFile
from scenarios.scenario import Scenario
from scenarios.sla import Sla
from scenarios.target import Target

FOLDER = Path(__file__).parent / "schemas"
MODELS: dict[str, type[BaseModel]] = {"scenario": Scenario, "sla": Sla, "target": Target}
_DURATION = {
    "type": "string",
    "pattern": r"^([0-9]+(\.[0-9]+)?(ns|us|µs|μs|ms|s|m|h|d|w|mm|y))+$",
    "description": "a duration with its unit: 10m, 90s or 1h30m",
}
_MOMENT = {
    "type": "string",
    "description": 'an offset from the start such as "10m", or a date with its zone: 2026-11-02T01:00:00-05:00',
}
_NEVER_WRITTEN = {"found", "TraceFacts"}  # of a trace: what loading found in its file


class _TomlSchema(GenerateJsonSchema):
    """As people write the files: durations and moments as text, and nothing that TOML cannot say."""

    def function_before_schema(self, schema: Any) -> JsonSchemaValue:
        """What is parsed from text is text, whatever it becomes."""
        written = {parse_duration: _DURATION, parse_moment: _MOMENT}.get(schema["function"]["function"])
        return dict(written) if written else super().function_before_schema(schema)


def toml_schema(name: str) -> dict[str, Any]:
    """The schema of `scenario`, `sla` or `target` files."""
    model = MODELS[name]
    made = model.model_json_schema(by_alias=True, schema_generator=_TomlSchema)
    found: dict[str, Any] = _as_written(made)
    if name == "scenario":
        weight = found["properties"]["journeys"]["additionalProperties"]
        found["properties"]["journeys"] = {
            "type": "object",
            "additionalProperties": False,
            "properties": dict.fromkeys(sorted(JOURNEY_NAMES), weight),
        }
        for wait in (Wait, Again):  # every table of theirs is laid over defaults
            found["$defs"][wait.__name__].pop("required", None)
        found["$defs"][MembersFile.__name__] = {"type": "string", "description": MembersFile.__doc__}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"slagate {name}"} | found


def schema_path(name: str) -> Path:
    """Where the shipped schema is."""
    return FOLDER / f"{name}.schema.json"


def schema_text(name: str) -> str:
    """The content of the shipped file."""
    return json.dumps(toml_schema(name), indent=1, ensure_ascii=False) + "\n"


def _as_written(node: Any) -> Any:
    """The schema without titles, nulls, defaults that TOML would write otherwise, and keys that nobody writes."""
    if isinstance(node, list):
        return [_as_written(each) for each in node]
    if not isinstance(node, dict):
        return node
    if "anyOf" in node:
        choices = [each for each in node["anyOf"] if each != {"type": "null"}]
        rest = {key: value for key, value in node.items() if key != "anyOf"}
        node = rest | (choices[0] if len(choices) == 1 else {"anyOf": choices})
    made: dict[str, Any] = {}
    for key, value in node.items():
        if key in ("title", "gt", "discriminator") or (key == "default" and not _is_written(value, node)):
            continue
        if key in ("properties", "$defs"):
            made[key] = {
                name: _as_written(each) for name, each in value.items() if name not in _NEVER_WRITTEN
            }
        else:
            made[key] = _as_written(value)
    return made


def _is_written(default: Any, node: dict[str, Any]) -> bool:
    """Whether a default stands in a file as it does in the model: a text, or a number that is no duration."""
    return isinstance(default, str) or (
        isinstance(default, int | float) and node.get("pattern") != _DURATION["pattern"]
    )


def main() -> None:
    """Write every schema."""
    FOLDER.mkdir(exist_ok=True)
    for name in MODELS:
        schema_path(name).write_text(schema_text(name), encoding="utf-8")


if __name__ == "__main__":
    main()
