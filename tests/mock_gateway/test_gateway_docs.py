"""docs/mock_gateway.md: its examples load, and its tables name everything that there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mock_gateway.app import create_app
from mock_gateway.faults import FaultKind
from mock_gateway.gateway_profile import Profile, list_profiles, load_profile, parse_profile
from mock_gateway.launch_settings import LaunchSettings
from mock_gateway.payment_facts import PaymentFacts
from mock_gateway.route_names import ALL_ROUTES, ANY
from mock_gateway.settings import Settings
from mock_gateway.visit import CAUSES
from tests.mock_gateway.conftest import _PROFILE

DOCS = (Path(__file__).parents[2] / "docs" / "mock_gateway.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", DOCS, flags=re.DOTALL)
NAMED = set(re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", DOCS, flags=re.DOTALL)))


@pytest.mark.parametrize("example", EXAMPLES, ids=[f"example {place}" for place, _ in enumerate(EXAMPLES, 1)])
def test_an_example_loads(example: str) -> None:
    assert parse_profile(example if "purpose" in example else _PROFILE + example, source="docs")


def test_the_example_of_a_profile_has_every_table() -> None:
    declared = parse_profile(EXAMPLES[0], source="docs")
    assert declared.model_fields_set == set(Profile.model_fields) - {"faults"}


@pytest.mark.parametrize(
    ("what", "names"),
    [
        ("fault", {kind.value for kind in FaultKind}),
        ("route", ALL_ROUTES),
        ("cause", set(CAUSES)),
        ("profile", set(list_profiles())),
        ("setting", set(LaunchSettings.model_fields)),
        ("fact", {f"payments.{name}" for name in PaymentFacts.model_fields}),
    ],
)
def test_everything_has_its_place_in_a_table(what: str, names: set[str]) -> None:
    assert names - NAMED == set(), f"every {what} is named"


def test_the_paths_are_served() -> None:
    app = create_app(Settings(profile=load_profile("instant")))
    served = {*app.openapi()["paths"], *(getattr(route, "path", "") for route in app.routes)}
    told = {
        name.partition("?")[0].split()[0]
        for name in NAMED
        if name.startswith("/") and not name.endswith(("/", "…"))
    }
    assert {path.replace("{transaction_id}", "{id}") for path in served} >= told
    assert ANY in DOCS
