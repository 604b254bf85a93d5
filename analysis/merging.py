"""Merging: which recordings may be judged as one, and reading them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from analysis.imports.formats import read_file
from analysis.samples import Samples, read_run
from scenarios.errors import DeclarationError, Problem
from scenarios.kind_names import KindNames
from scenarios.run_folder import RunFolder


def read_recordings(paths: Sequence[Path], names: KindNames | None = None) -> tuple[Samples, ...]:
    """Run folders, observation files or other tools' files as samples to judge as one; their order does not matter.

    `names` explains the names in other tools' files. Raises DeclarationError where a path is nothing of the kind, or
    where they do not belong together: runs must be of one scenario, rate, target and SLA (their seeds may differ),
    files must agree in kinds and classes.
    """
    problems = [
        Problem(where=str(path), message="no such run folder or observation file")
        for path in paths
        if not path.is_dir() and not path.is_file()
    ]
    if problems:
        raise DeclarationError("what to judge", problems)
    found = [read_run(RunFolder.at(path)) if path.is_dir() else read_file(path, names) for path in paths]
    if names is not None and not any(each.origin for each in found):
        message = "explains the names in another tool's file, and none of these is one"
        raise DeclarationError("--kinds", [Problem(where="", message=message)])
    in_order = tuple(sorted(found, key=lambda each: (each.first_ns, each.size, each.source)))
    problems = _disagreements(in_order)
    if problems:
        raise DeclarationError("these recordings cannot be judged as one", problems)
    return tuple(_with_shared_spans(in_order))


def _with_shared_spans(in_order: Sequence[Samples]) -> list[Samples]:
    """Files that overlap in time, as of workers side by side, know the span of all of them: together they are one unit.

    Runs stay apart: each was planned on its own.
    """
    groups: list[list[Samples]] = []
    for each in in_order:
        last = max((other.last_planned_ns for other in groups[-1]), default=0) if groups else 0
        if groups and each.run is None and each.size and each.first_ns <= last:
            groups[-1].append(each)
        else:
            groups.append([each])
    return [
        each if len(group) == 1 else replace(each, shared_span_ns=_span_ns(group))
        for group in groups
        for each in group
    ]


def _span_ns(group: Sequence[Samples]) -> tuple[int, int]:
    return min(each.first_ns for each in group), max(each.last_planned_ns for each in group)


def _disagreements(recordings: Sequence[Samples]) -> list[Problem]:
    first, problems = recordings[0], []
    seen: dict[object, str] = {}
    for each in recordings:
        name = each.source
        identity = each.run.run_id if each.run is not None else str(Path(each.source).resolve())
        if identity in seen:
            problems.append(
                Problem(where=name, message=f"is the same recording as {seen[identity]}; name each once")
            )
        seen[identity] = name
        if (each.run is None) is not (first.run is None):
            problems.append(
                Problem(
                    where=name, message="run folders and observation files do not merge; judge them apart"
                )
            )
        elif each.run is None:
            if each.custom_classes != first.custom_classes and (each.custom_classes or first.custom_classes):
                message = (
                    f"its kinds are {', '.join(each.kinds)}, those of {first.source} {', '.join(first.kinds)}; "
                    "give each kind a class (kind_class in the .meta.json, or --kinds FILE), or judge them apart"
                )
                problems.append(Problem(where=name, message=message))
            elif any(each.kind_class.get(kind) != first.kind_class.get(kind) for kind in each.kinds):
                problems.append(
                    Problem(
                        where=name,
                        message=f"gives kinds another class than {first.source}; give them the same",
                    )
                )
        elif first.run is not None:
            problems += [
                Problem(where=name, message=_difference(what, ours, theirs, first.source))
                for what, ours, theirs in zip(_TRAITS, each.run.traits, first.run.traits, strict=True)
                if ours != theirs
            ]
    return problems


_TRAITS = ("scenario", "target", "planned length", "traffic", "SLA")


def _difference(what: str, ours: str, theirs: str, other: str) -> str:
    if what == "traffic":
        return (
            f"its phases, journeys or people differ from those of {other}; judge each rate and mix on its own"
        )
    return f"its {what} is {ours}, that of {other} is {theirs}; judge them apart"
