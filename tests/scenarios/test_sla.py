"""Clauses: a service-level document as data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scenarios.loading import load_sla, shipped_names
from scenarios.sla import Sla
from tests.scenarios.declared import SLA, written

SECOND = SLA[SLA.index("[[clause]]") :].replace("transaction-time", "second").replace('"10s"', '"12.5s"')


def test_a_clause_has_defaults_for_what_the_file_leaves_out(tmp_path: Path) -> None:
    (clause,) = load_sla(written(tmp_path, SLA)).clauses
    assert (clause.confidence, clause.reading, clause.excluding, clause.also_answers) == (
        0.95,
        "share",
        (),
        (),
    )


def test_the_limit_in_nanoseconds_is_exact(tmp_path: Path) -> None:
    (clause,) = load_sla(written(tmp_path, SLA.replace('"10s"', '"250ms"'))).clauses
    assert clause.limit_ns == 250_000_000


def test_the_largest_limit_is_that_of_all_clauses(tmp_path: Path) -> None:
    assert load_sla(written(tmp_path, SLA + SECOND)).largest_limit_s == 12.5


def test_a_clause_says_itself_as_one_sentence(tmp_path: Path) -> None:
    (clause,) = load_sla(written(tmp_path, SLA)).clauses
    assert clause.describe() == (
        "at least 0.9 of the healthcare and of the payment transactions answered within 10s "
        "(each class on its own, 95% confidence)"
    )


@pytest.mark.parametrize("name", shipped_names("slas"))
def test_a_shipped_sla_survives_its_json(name: str) -> None:
    sla = load_sla(name)
    assert Sla.model_validate(json.loads(json.dumps(sla.model_dump(mode="json", by_alias=True)))) == sla
    assert Sla.model_validate(json.loads(json.dumps(sla.model_dump(mode="json")))) == sla
