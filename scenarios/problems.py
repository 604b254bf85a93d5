"""pydantic's findings in our words: key path, what would do, and the value that was found."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from scenarios.errors import Problem
from scenarios.spelling import did_you_mean

SECRET_SHOWN = "secret_shown"  # type of an error whose value must not be repeated on a terminal
_PHRASES = {
    "missing": "is required",
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be {ge:g} or more",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be {le:g} or less",
    "finite_number": "must be a finite number",
    "literal_error": "must be {expected}",
    "string_pattern_mismatch": "must match {pattern}",
    "string_too_short": "must have at least {min_length} character(s)",
    "string_too_long": "must have at most {max_length} characters",
    "string_type": "must be text in quotes",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "model_type": "must be a table",
    "dict_type": "must be a table",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "too_short": "needs at least {min_length} item(s)",
    "too_long": "must have at most {max_length} item(s)",
    "date_type": "must be a date, as in 2027-01-04",
    "date_parsing": "must be a date, as in 2027-01-04",
    "date_from_datetime_parsing": "must be a date, as in 2027-01-04",
}


def validation_problems(model: type[BaseModel], error: ValidationError) -> list[Problem]:
    """Every problem of one validation, in the order of the file's keys."""
    found: dict[str, Problem] = {}
    for details in error.errors(include_url=False):
        problem = _problem(model, details)
        if problem.where in found:  # a union reports once per member
            problem = Problem(
                where=problem.where, message=f"{found[problem.where].message}, or {problem.message}"
            )
        found[problem.where] = problem
    return [
        problem
        for where, problem in found.items()
        if not any(other.startswith((f"{where}[", f"{where}.")) for other in found)
    ]


def _problem(model: type[BaseModel], details: ErrorDetails) -> Problem:
    loc = [part for part in details["loc"] if part != "[key]"]
    if details["type"].startswith("union_tag"):
        return _problem_of_the_tag(model, details, loc)
    if details["type"] == "extra_forbidden":
        message = f"unknown key; {did_you_mean(str(loc[-1]), _known_keys(model, loc[:-1]))}"
    else:
        phrase = _PHRASES.get(details["type"])
        message = phrase.format(**details.get("ctx", {})) if phrase else details["msg"]
        message = message[:1].lower() + message[1:]
        if details["type"] not in ("missing", SECRET_SHOWN) and not isinstance(details["input"], dict | list):
            message += f" (got {_shown(details['input'])})"
    return Problem(where=_path(_real_keys(model, loc)), message=message)


def _problem_of_the_tag(model: type[BaseModel], details: ErrorDetails, loc: Sequence[int | str]) -> Problem:
    """The key that says which member of a union is meant is missing or says something unknown."""
    ctx = details.get("ctx", {})
    key = str(ctx["discriminator"]).strip("'")
    known = list(dict.fromkeys(text for place in _places(model, loc) for text in _tags(place, key)))
    if details["type"] == "union_tag_not_found":
        message = f"is required; one of {', '.join(known)}"
    else:
        message = f"unknown; {did_you_mean(str(ctx['tag']), known)} (got {_shown(ctx['tag'])})"
    return Problem(where=_path([*_real_keys(model, loc), key]), message=message)


def _shown(value: object) -> str:
    text = f'"{value}"' if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _path(loc: Sequence[int | str]) -> str:
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _real_keys(model: type[BaseModel], loc: Sequence[int | str]) -> list[int | str]:
    """The location without the labels that pydantic adds for members of a union."""
    kept: list[int | str] = []
    places: list[Any] = [model]
    for part in loc:
        member = _member(places, part)
        if member is not None:
            places = [member]
            continue
        deeper = [inner for place in places for inner in _inside(place, part)]
        if (
            deeper
            or isinstance(part, int)
            or part in _keys_of(places)
            or (part == loc[-1] and not _is_label(part))
        ):
            kept.append(part)
            places = deeper or places
    return kept


def _is_label(part: str) -> bool:
    return "[" in part or "(" in part or part in {"literal", "tuple"}


def _known_keys(model: type[BaseModel], loc: Sequence[int | str]) -> list[str]:
    return _keys_of(_places(model, loc))


def _places(model: type[BaseModel], loc: Sequence[int | str]) -> list[Any]:
    """The annotations of what lies at a location."""
    places: list[Any] = [model]
    for part in loc:
        member = _member(places, part)
        if member is not None:
            places = [member]
        else:
            places = [inner for place in places for inner in _inside(place, part)] or places
    return places


def _member(places: Sequence[Any], part: int | str) -> type[BaseModel] | None:
    """The member of a union that pydantic's label stands for: the one with a key that can only say so."""
    if isinstance(part, int) or part in _keys_of(places):
        return None
    models = [model for place in places for model in _models(place)]
    if len(models) < 2:
        return None
    return next(
        (model for model in models if any(part in _tags(model, key) for key in model.model_fields)), None
    )


def _tags(annotation: Any, key: str) -> list[str]:
    """What a key of one or several models can say, where it is declared as such."""
    fields = [model.model_fields[key] for model in _models(annotation) if key in model.model_fields]
    return [
        str(text)
        for field in fields
        if typing.get_origin(field.annotation) is typing.Literal
        for text in typing.get_args(field.annotation)
    ]


def _keys_of(places: Sequence[Any]) -> list[str]:
    return [
        field.alias or name
        for place in places
        for candidate in _models(place)
        for name, field in candidate.model_fields.items()
    ]


def _inside(annotation: Any, part: int | str) -> Iterator[Any]:
    """The annotations of what lies at `part` inside something annotated so."""
    for model in _models(annotation):
        for name, field in model.model_fields.items():
            if part in (name, field.alias):
                yield field.annotation
    if typing.get_origin(annotation) is dict and isinstance(part, str):
        yield typing.get_args(annotation)[1]
    if isinstance(part, int):
        for argument in typing.get_args(annotation):
            if argument is not Ellipsis:
                yield argument
                yield from _inside(argument, part)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        return
    for argument in typing.get_args(annotation):
        if typing.get_origin(annotation) is not tuple:
            yield from _models(argument)
