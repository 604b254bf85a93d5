"""The vocabulary of recordings: its numbers are frozen, because they are in files of years ago."""

from __future__ import annotations

from scenarios.journeys import JOURNEY_NAMES, STEPS, Journey
from scenarios.kinds import CLASSES, KIND_CLASS, Kind, Wire
from scenarios.observation import ANSWERS, Outcome


def test_numbers_of_kinds_never_change() -> None:
    assert {kind.text: int(kind) for kind in Kind} == {
        "eligibility_inquiry": 1,
        "eligibility_enhanced": 2,
        "claim_status": 3,
        "card_sale": 10,
        "card_authorization": 11,
        "card_capture": 12,
        "token_save": 13,
        "token_sale": 14,
        "echeck_sale": 15,
        "void": 16,
        "refund": 17,
        "receipt_lookup": 30,
    }


def test_numbers_of_wires_never_change() -> None:
    assert {wire.text: int(wire) for wire in Wire} == {
        "rest": 1,
        "nvp": 2,
        "soap_object": 3,
        "soap_edi": 4,
        "core_soap": 5,
        "custom": 100,
    }


def test_numbers_of_outcomes_never_change() -> None:
    assert {outcome.text: int(outcome) for outcome in Outcome} == {
        "completed": 1,
        "declined": 2,
        "rejected": 3,
        "payer_unavailable": 4,
        "syntax_rejected": 5,
        "error": 6,
        "timeout": 7,
        "connection": 8,
        "wrong_reply": 9,
        "in_flight": 10,
        "not_started": 11,
    }


def test_numbers_of_journeys_keep_their_meaning() -> None:
    assert {"eligibility_only": 1, "card_sale_only": 2}.items() <= {
        name: int(journey) for name, journey in JOURNEY_NAMES.items()
    }.items()


def test_an_answer_is_an_approval_a_decline_or_a_word_of_the_payer() -> None:
    assert {outcome.text for outcome in ANSWERS} == {
        "completed",
        "declined",
        "rejected",
        "payer_unavailable",
    }


def test_every_kind_belongs_to_a_class_and_every_journey_has_steps() -> None:
    assert set(KIND_CLASS) == set(Kind)
    assert set(KIND_CLASS.values()) == set(CLASSES)
    assert set(STEPS) == set(Journey)
    assert all(STEPS.values())


def test_outcomes_are_numbered_without_a_gap_and_answers_come_first() -> None:
    """Which is how columns of rows are told apart (`analysis.samples`, `analysis.plain_rows`)."""
    assert sorted(Outcome) == list(range(1, len(Outcome) + 1))
    assert sorted(ANSWERS) == list(range(1, len(ANSWERS) + 1))
