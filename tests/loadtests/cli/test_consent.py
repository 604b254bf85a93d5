"""The question before load leaves this machine: asked of people at a terminal, and of nobody else."""

from __future__ import annotations

import dataclasses
import sys

import pytest
import typer

from loadtests.cli.consent import ask_before_load
from scenarios.errors import DeclarationError
from scenarios.target import Target
from tests.loadtests.builders import run_plan


def outside() -> Target:
    return Target.model_validate(
        {
            "name": "sandbox",
            "endpoints": {"rest": "https://gateway.example.test/rest", "soap_edi": "http://127.0.0.1:9/edi"},
        }
    )


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    questions: list[str] = []

    def confirm(question: str, **_: object) -> bool:
        questions.append(question)
        return len(questions) > 1

    monkeypatch.setattr(typer, "confirm", confirm)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    return questions


def test_a_person_is_asked_and_may_say_no(asked: list[str]) -> None:
    plan = dataclasses.replace(run_plan(), target=outside())
    with pytest.raises(DeclarationError, match="nothing was sent"):
        ask_before_load(plan, yes=False)
    ask_before_load(plan, yes=False)
    assert asked[0] == asked[1]
    assert f"up to {len(plan.arrivals)} transactions" in asked[0]
    assert asked[0].endswith("to gateway.example.test?")


def test_nobody_is_asked_with_yes_or_on_loopback(asked: list[str]) -> None:
    ask_before_load(dataclasses.replace(run_plan(), target=outside()), yes=True)
    ask_before_load(run_plan(), yes=False)
    assert asked == []


def test_nobody_is_asked_where_nobody_sits(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    ask_before_load(dataclasses.replace(run_plan(), target=outside()), yes=False)
    assert asked == []
