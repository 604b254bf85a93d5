"""Resolving the secrets that a target names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from loadtests.wires.credentials import Credentials
from scenarios.errors import DeclarationError, Problem
from scenarios.target import Target


def resolve_credentials(target: Target, environment: Mapping[str, str] = os.environ) -> Credentials:
    """Every secret of `[auth]`. Raises DeclarationError naming all that are missing, never showing any."""
    values: dict[str, str] = {}
    problems = []
    for name, ref in target.auth:
        if ref is None:
            continue
        try:
            values[name] = ref.resolve(Path.cwd(), environment)
        except ValueError as error:
            problems.append(Problem(where=f"auth.{name}", message=str(error)))
    if problems:
        raise DeclarationError(f"target {target.name}", problems)
    return Credentials(**values)
