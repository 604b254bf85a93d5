"""From a TOML file, or the name of a shipped one, to a checked value; every problem of a file at once."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from scenarios.errors import DeclarationError, Problem
from scenarios.kind_names import KindNames
from scenarios.problems import validation_problems
from scenarios.scenario import Scenario, scenario_cross_checks
from scenarios.sla import Sla
from scenarios.spelling import did_you_mean
from scenarios.target import Target, target_cross_checks
from scenarios.trace_facts import load_traces

SHIPPED = Path(__file__).parent
MAX_FILE_BYTES = 1_000_000

Model = TypeVar("Model", bound=BaseModel)


def shipped_names(folder: str) -> list[str]:
    """Names of the shipped files of `traffic`, `slas` or `targets`."""
    return sorted(path.stem for path in (SHIPPED / folder).glob("*.toml"))


def find_file(name: str, folder: str, what: str) -> Path:
    """A path as given, or a shipped file by its name. Raises DeclarationError that says which exist."""
    path = Path(name)
    if path.suffix == ".toml" or "/" in name:
        if not _is_file(path):
            raise DeclarationError(name, [Problem(where="", message=f"no such {what} file")])
        return path
    shipped = SHIPPED / folder / f"{name}.toml"
    if not _is_file(shipped):
        known = shipped_names(folder)
        message = (
            f"no shipped {what} of this name; {did_you_mean(name, known)} (or give a path that ends in .toml)"
        )
        raise DeclarationError(name, [Problem(where="", message=message)])
    return shipped


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False


def load_scenario(name: str, *, settings: Sequence[str] = ()) -> Scenario:
    """The scenario of a file, with `KEY=VALUE` settings laid over it and checked alike."""
    path = find_file(name, "traffic", "scenario")
    raw = _read_toml(path)
    for setting in settings:
        _lay_over(raw, setting)
    declared = _with_members(_checked(Scenario, raw, str(path), scenario_cross_checks), path.resolve().parent)
    return load_traces(declared, path)


def _with_members(scenario: Scenario, folder: Path) -> Scenario:
    """Members named by a relative path are sought beside the scenario's file."""
    if scenario.people.members is None:
        return scenario
    people = scenario.people.model_copy(
        update={"members": scenario.people.members.beside(folder), "dependents_share": 0.0}
    )
    return scenario.model_copy(update={"people": people})


def check_scenario_text(text: str, source: str) -> Scenario:
    """The scenario of a text that stands in no file yet and replays no trace; raises DeclarationError."""
    return _checked(Scenario, tomllib.loads(text), source, scenario_cross_checks)


def load_sla(name: str) -> Sla:
    """The service level of a file."""
    path = find_file(name, "slas", "SLA")
    return _checked(Sla, _read_toml(path), str(path))


def load_kind_names(path: Path) -> KindNames:
    """The table of another tool's names in a file."""
    return _checked(KindNames, _read_toml(path), str(path))


def load_target(name: str) -> Target:
    """The target of a file; a secret, certificate or module named by a relative path is sought beside that file."""
    path = find_file(name, "targets", "target")
    target = _checked(Target, _read_toml(path), str(path), target_cross_checks)
    folder = path.resolve().parent
    refs = {
        key: ref.model_copy(update={"file": str(folder / ref.file)})
        for key, ref in target.auth
        if ref is not None and ref.file is not None
    }
    own = tuple(each.model_copy(update={"module": str(folder / each.module)}) for each in target.custom)
    missing = [
        Problem(where=f"custom[{place}].module", message=f"no such file (got {each.module!r})")
        for place, each in enumerate(own)
        if not Path(each.module).is_file()
    ]
    if missing:
        raise DeclarationError(str(path), missing)
    tls = target.tls.model_copy(
        update={key: str(folder / value) for key, value in target.tls if isinstance(value, str)}
    )
    return target.model_copy(update={"auth": target.auth.model_copy(update=refs), "custom": own, "tls": tls})


def _read_toml(path: Path) -> dict[str, Any]:
    def refused(message: str) -> DeclarationError:
        return DeclarationError(str(path), [Problem(where="", message=message)])

    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise refused("larger than 1 MB: not a declaration")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise refused(f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise refused(f"is not UTF-8 text: {error}") from error
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # tomllib's own, and what it lets through of absurd input
        raise refused(f"is not TOML: {error}") from error


def _lay_over(raw: dict[str, Any], setting: str) -> None:
    """Set one key of a raw file from `phases.0.rate_per_s=60`. The value is TOML; what is not TOML is text."""
    key, sign, text = setting.partition("=")
    if not sign or not key.strip():
        raise DeclarationError(
            f"--set {setting}", [Problem(where="", message="write KEY=VALUE, as in --set seed=7")]
        )
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    except (ValueError, RecursionError) as error:
        raise DeclarationError(
            f"--set {key}", [Problem(where="", message=f"is not a value: {error}")]
        ) from error
    *path, last = key.strip().split(".")
    place: Any = raw
    try:
        for step in path:
            place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
        if isinstance(place, list):
            place[int(last)] = value
        elif isinstance(place, dict):
            place[last] = value
        else:
            raise TypeError
    except (ValueError, IndexError, TypeError, AttributeError):
        message = "no such place in the file; list items go by number from 0, as in phases.0.rate_per_s"
        raise DeclarationError(f"--set {setting}", [Problem(where="", message=message)]) from None


def _checked(
    model: type[Model],
    raw: Mapping[str, Any],
    source: str,
    cross_checks: Callable[[dict[str, object]], list[Problem]] | None = None,
) -> Model:
    problems: list[Problem] = []
    value: Model | None = None
    try:
        value = model.model_validate(raw)
    except ValidationError as error:
        problems += validation_problems(model, error)
    if cross_checks is not None:
        problems += cross_checks(dict(raw))
    if problems or value is None:
        raise DeclarationError(source, problems)
    return value
