"""What is wrong with a file is said all at once: key path, what would do, and the value that was found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scenarios.errors import DeclarationError, Problem
from scenarios.loading import load_scenario, load_sla, load_target
from tests.scenarios.declared import SCENARIO, SLA, TARGET, written


def complaint(load: Callable[[str], object], path: str) -> str:
    with pytest.raises(DeclarationError) as caught:
        load(path)
    return str(caught.value)


def test_one_problem_is_one_line() -> None:
    assert (
        str(DeclarationError("a.toml", [Problem(where="seed", message="is odd")])) == "a.toml: seed: is odd"
    )
    assert str(DeclarationError("a.toml", [Problem(where="", message="is empty")])) == "a.toml: is empty"


def test_several_problems_are_a_list_under_their_count() -> None:
    problems = [Problem(where="seed", message="is odd"), Problem(where="", message="is empty")]
    error = DeclarationError("a.toml", problems)
    assert str(error) == "a.toml: 2 problems\n  seed: is odd\n  is empty"
    assert error.problems == tuple(problems)


def test_a_scenario_with_five_mistakes_is_told_all_five(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """\
name = "clinic"
purpose = "A front desk."
assurance = "smoke"
warm_upp = "5s"
[[phases]]
shape = "constant"
rate_per_s = -50
duration = "30s"
[[phases]]
shape = "constant"
rate_per_s = 40
duration = "10 mins"
arrivals = "evenly"
[journeys]
elegibility_only = 55
""",
    )
    assert complaint(load_scenario, path) == (
        f"{path}: 5 problems\n"
        "  phases[0].rate_per_s: must be more than 0 (got -50)\n"
        "  phases[1].arrivals: must be 'poisson', 'even' or 'bursty' (got \"evenly\")\n"
        '  phases[1].duration: unknown unit or form; write 10m, 90s or 1h30m (got "10 mins")\n'
        '  journeys.elegibility_only: unknown journey; did you mean eligibility_only? (got "elegibility_only")\n'
        "  warm_upp: unknown key; did you mean warm_up?"
    )


def test_problems_between_keys_are_listed_with_those_of_single_keys(tmp_path: Path) -> None:
    text = SCENARIO.replace('"5s"', '"2m"').replace("seed = 7", "seed = 1.5")
    path = written(tmp_path, text + "[money]\ndeclined_share = 0.7\npartial_share = 0.6\n")
    assert complaint(load_scenario, path) == (
        f"{path}: 3 problems\n"
        "  seed: must be a whole number (got 1.5)\n"
        "  warm_up: must be shorter than the phases together (1m30s), or nothing is judged (got 2m)\n"
        "  money: declined_share and partial_share together must be 1 or less (got 1.3)"
    )


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        pytest.param(
            'assurance = "smoke"',
            'assurance = "full"',
            "assurance: must be 'acceptance' or 'smoke' (got \"full\")",
            id="closed-set",
        ),
        pytest.param("seed = 7", "seed = -1", "seed: must be 0 or more (got -1)", id="below-the-least"),
        pytest.param('purpose = "A front desk."\n', "", "purpose: is required", id="missing"),
        pytest.param(
            'purpose = "A front desk."',
            'purpose = ""',
            'purpose: must have at least 1 character(s) (got "")',
            id="empty-text",
        ),
        pytest.param(
            'name = "clinic"',
            'name = "a/b"',
            'name: must match ^[A-Za-z0-9][A-Za-z0-9_.-]*$ (got "a/b")',
            id="name-that-is-a-path",
        ),
        pytest.param("name = ", "name = 3 #", "name: must be text in quotes (got 3)", id="number-for-text"),
        pytest.param(
            "rate_per_s = 40",
            "rate_per_s = inf",
            "phases[0].rate_per_s: must be a finite number (got inf)",
            id="infinite-rate",
        ),
        pytest.param(
            'duration = "30s"',
            "duration = 30",
            "phases[0].duration: a duration needs its unit; write 10m, 90s or 1h30m (got 30)",
            id="duration-without-unit",
        ),
        pytest.param(
            'duration = "30s"',
            'duration = "0s"',
            'phases[0].duration: must be more than 0 (got "0s")',
            id="no-length",
        ),
        pytest.param(
            'purpose = "A front desk."',
            f'assurances = "{"x" * 80}"\npurpose = "A front desk."',
            "assurances: unknown key; did you mean assurance?",
            id="unknown-key",
        ),
    ],
)
def test_a_single_mistake_is_told_with_what_would_do(
    tmp_path: Path, before: str, after: str, said: str
) -> None:
    assert before in SCENARIO
    path = written(tmp_path, SCENARIO.replace(before, after, 1))
    assert complaint(load_scenario, path) == f"{path}: {said}"


def test_a_rate_that_is_no_number_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, SCENARIO.replace("rate_per_s = 40", "rate_per_s = nan"))
    said = complaint(load_scenario, path)
    assert said.startswith(f"{path}: phases[0].rate_per_s: must be ")
    assert said.endswith("(got nan)")


def test_a_long_value_is_shown_shortened(tmp_path: Path) -> None:
    path = written(tmp_path, SCENARIO.replace('"smoke"', f'"{"x" * 200}"'))
    assert complaint(load_scenario, path).endswith(f'(got "{"x" * 56}...)')


@pytest.mark.parametrize(
    ("payers", "said"),
    [
        pytest.param(
            '"even"',
            'people.payers: must be \'zipf\' (got "even"), or must be a list (got "even")',
            id="text",
        ),
        pytest.param("[]", "people.payers: must be 'zipf', or needs at least 1 item(s)", id="no-payer"),
        pytest.param(
            '[{id = "ACME", share = 0}]', "people.payers[0].share: must be more than 0 (got 0)", id="no-share"
        ),
        pytest.param(
            '[{id = "acme", share = 1}]',
            'people.payers[0].id: must match ^[A-Z0-9]+$ (got "acme")',
            id="bad-id",
        ),
        pytest.param(
            '[{id = "ACME", share = 1, sheer = 2}]',
            "people.payers[0].sheer: unknown key; did you mean share?",
            id="unknown-key",
        ),
    ],
)
def test_a_mistake_inside_a_choice_of_forms_keeps_its_path(tmp_path: Path, payers: str, said: str) -> None:
    path = written(tmp_path, f"{SCENARIO}[people]\npayers = {payers}\n")
    assert complaint(load_scenario, path) == f"{path}: {said}"


@pytest.mark.parametrize(
    "addition",
    [
        pytest.param(("eligibility_only = 3", "eligibility_only = inf"), id="journey"),
        pytest.param(
            ("[journeys]", '[people]\npayers = [{id = "ACME", share = inf}]\n[journeys]'), id="payer"
        ),
    ],
)
def test_an_infinite_weight_is_refused_because_nothing_is_a_share_of_it(
    tmp_path: Path, addition: tuple[str, str]
) -> None:
    assert "(got inf)" in complaint(load_scenario, written(tmp_path, SCENARIO.replace(*addition)))


def test_an_sla_is_told_every_mistake(tmp_path: Path) -> None:
    text = SLA.replace('"target"', '"promise"').replace("0.9", "1.0").replace('["healthcare"', '["health"')
    path = written(tmp_path, text.replace("limit", "limits"))
    assert complaint(load_sla, path) == (
        f"{path}: 4 problems\n"
        "  clause[0].strength: must be 'guarantee', 'will strive to' or 'target' (got \"promise\")\n"
        "  clause[0].at_least: must be less than 1 (got 1.0)\n"
        "  clause[0].classes[0]: must be 'healthcare', 'payment' or 'lookup' (got \"health\")\n"
        "  clause[0].limits: unknown key; did you mean limit?"
    )


def test_a_target_is_told_every_mistake(tmp_path: Path) -> None:
    text = (
        TARGET.replace("https://pay", "ftp://pay")
        .replace("2000", "1.5")
        .replace('"agreed in writing, 2026-11-02"', '"yes"')
    )
    path = written(tmp_path, text + "[endpoint]\n")
    assert complaint(load_target, path) == (
        f"{path}: 4 problems\n"
        "  endpoints.rest: must be a URL such as https://gateway.example.test/path "
        '(got "ftp://pay.example.test/rest/payment")\n'
        '  guard.authorised: must have at least 10 character(s) (got "yes")\n'
        "  guard.max_total: must be a whole number (got 1.5)\n"
        "  endpoint: unknown key; did you mean endpoints?"
    )
