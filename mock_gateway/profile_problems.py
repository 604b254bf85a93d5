"""A profile's problems as text: key path, what is wrong, the value, and what would do."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

_VALUE_CHARS = 60


def describe_problems(
    source: str, raw: dict[str, Any], failure: ValidationError, model: type[BaseModel]
) -> str:
    """All problems of the file, one a line, under a line that counts them."""
    problems = failure.errors(include_url=False)
    lines = [f"  {_describe(problem, raw, model)}" for problem in problems]
    count = f"{len(lines)} problem{'s' if len(lines) > 1 else ''}"
    return "\n".join([f"{source}: {count}", *lines])


def _describe(problem: ErrorDetails, raw: dict[str, Any], model: type[BaseModel]) -> str:
    path = _key_path(problem, raw)
    kind = problem["type"]
    if kind == "extra_forbidden":
        return f"{path}: unknown key{_suggestion(problem['loc'], model)}"
    if kind == "missing":
        return f"{path}: missing"
    if kind == "union_tag_not_found":
        return f"{path}.distribution: missing"
    if kind == "union_tag_invalid":
        context = problem["ctx"]
        return f"{path}.distribution: must be one of {context['expected_tags']} (got {context['tag']!r})"
    message = problem["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    if message != problem["msg"] and not problem["msg"].startswith("Value error"):
        message = f"must be {message}"
    value = problem["input"]
    if isinstance(value, dict):
        return f"{path}: {message}"
    shown = repr(value)
    if len(shown) > _VALUE_CHARS:
        shown = shown[:_VALUE_CHARS] + "..."
    return f"{path}: {message} (got {shown})"


def _key_path(problem: ErrorDetails, raw: dict[str, Any]) -> str:
    """The path as the user wrote it: pydantic also names the branch of a union, which is no key."""
    place: Any = raw
    path = ""
    *inner, last = problem["loc"] or ("",)
    for step in [*inner, last]:
        if isinstance(step, int):
            path += f"[{step}]"
            place = place[step] if isinstance(place, list) and step < len(place) else None
        elif isinstance(place, dict) and step in place:
            path += f".{step}" if path else step
            place = place[step]
        elif step == last and problem["type"] == "missing":
            path += f".{step}" if path else step
    return path or "(file)"


def _suggestion(loc: tuple[int | str, ...], model: type[BaseModel]) -> str:
    accepted = _accepted_keys(loc[:-1], model)
    near = difflib.get_close_matches(str(loc[-1]), accepted, n=1)
    return f"; did you mean {near[0]}?" if near else f"; accepted here: {', '.join(accepted)}"


def _accepted_keys(table: tuple[int | str, ...], model: type[BaseModel]) -> list[str]:
    """Keys of the model that stands at the table: its location names it by field or by union branch."""
    at: type[BaseModel] = model
    for step in table:
        if isinstance(step, str):
            at = _step_into(at, step) or at
    return [field.alias or name for name, field in at.model_fields.items()]


def _step_into(model: type[BaseModel], step: str) -> type[BaseModel] | None:
    """The model behind a field; a union is left for the next step, which names its branch."""
    for name, field in model.model_fields.items():
        inner = list(_models_in(field.annotation))
        if step in (name, field.alias) and len(inner) == 1:
            return inner[0]
        for branch in inner:
            tag = branch.model_fields.get("distribution")
            if len(inner) > 1 and tag is not None and step in get_args(tag.annotation):
                return branch
    return None


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)
