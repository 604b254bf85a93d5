"""Loading: files and shipped names, settings laid over them, and everything that can be wrong with a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenarios.errors import DeclarationError
from scenarios.loading import load_scenario, load_sla, load_target, shipped_names
from tests.scenarios.declared import SCENARIO, SLA, TARGET, written


def complaint(name: str, *settings: str) -> str:
    with pytest.raises(DeclarationError) as caught:
        load_scenario(name, settings=settings)
    return str(caught.value)


def test_a_scenario_is_found_by_its_path(tmp_path: Path) -> None:
    assert load_scenario(written(tmp_path, SCENARIO)).name == "clinic"


@pytest.mark.parametrize("name", shipped_names("traffic"))
def test_every_shipped_scenario_loads_by_name_and_describes_itself(name: str) -> None:
    scenario = load_scenario(name)
    assert scenario.name == name
    sentences = scenario.describe()
    assert sentences[0] == f"{name}: {scenario.purpose}"
    assert len(sentences) >= 2 + len(scenario.phases)


@pytest.mark.parametrize("name", shipped_names("slas"))
def test_every_shipped_sla_loads_by_name_and_describes_its_clauses(name: str) -> None:
    for clause in load_sla(name).clauses:
        assert clause.describe().startswith(("at least ", "at most "))


@pytest.mark.parametrize("name", shipped_names("targets"))
def test_every_shipped_target_loads_by_name(name: str) -> None:
    assert load_target(name).name == name


def test_the_shipped_defaults_are_there() -> None:
    assert "smoke" in shipped_names("traffic")
    assert "instamed" in shipped_names("slas")
    assert "mock" in shipped_names("targets")


def test_the_shipped_clause_is_the_sentence_of_the_document() -> None:
    (clause,) = load_sla("instamed").clauses
    assert clause.quote == (
        "Provide average transaction processing time of 10 seconds or less for 90% of real-time healthcare "
        "transactions and payment transactions, excluding scheduled maintenance"
    )
    assert (clause.limit_ns, clause.at_least) == (10_000_000_000, 0.9)
    assert clause.classes == ("healthcare", "payment")


def test_a_misspelt_shipped_name_is_answered_with_the_nearest() -> None:
    assert complaint("smok") == (
        "smok: no shipped scenario of this name; did you mean smoke? (or give a path that ends in .toml)"
    )


def test_an_unknown_shipped_name_is_answered_with_those_that_exist() -> None:
    known = ", ".join(shipped_names("traffic"))
    assert complaint("xyzzy") == (
        f"xyzzy: no shipped scenario of this name; known: {known} (or give a path that ends in .toml)"
    )


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="empty"),
        pytest.param("..", id="parent-folder"),
        pytest.param("smoke\0", id="nul"),
        pytest.param("a" * 300, id="longer-than-a-file-name-can-be"),
    ],
)
def test_a_name_that_no_file_can_have_is_refused_like_any_unknown_one(name: str) -> None:
    assert "no shipped scenario of this name" in complaint(name)


@pytest.mark.parametrize("name", ["nowhere.toml", "./nowhere", "/nowhere/at_all.toml"])
def test_a_path_without_a_file_says_so(name: str) -> None:
    assert complaint(name) == f"{name}: no such scenario file"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    folder = tmp_path / "folder.toml"
    folder.mkdir()
    assert complaint(str(folder)) == f"{folder}: no such scenario file"


def test_a_syntax_error_says_where_it_is(tmp_path: Path) -> None:
    path = written(tmp_path, 'name = "clinic"\nseed = = 3\n')
    assert complaint(path) == f"{path}: is not TOML: Invalid value (at line 2, column 8)"


def test_a_file_that_is_not_utf8_says_so(tmp_path: Path) -> None:
    path = tmp_path / "latin.toml"
    path.write_bytes('purpose = "Zürich"'.encode("latin-1"))
    assert complaint(str(path)).startswith(f"{path}: is not UTF-8 text: 'utf-8' codec can't decode byte 0xfc")


def test_a_huge_file_is_not_even_parsed(tmp_path: Path) -> None:
    path = written(tmp_path, "#" * 1_000_001)
    assert complaint(path) == f"{path}: larger than 1 MB: not a declaration"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("x = " + "[" * 50_000, id="nested-too-deep"),
        pytest.param("seed = " + "9" * 5000, id="number-too-long"),
    ],
)
def test_a_file_that_the_parser_gives_up_on_is_refused_as_a_file(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, text)
    assert complaint(path).startswith(f"{path}: is not TOML: ")


def test_a_setting_overrides_a_key_and_leaves_the_others(tmp_path: Path) -> None:
    path = written(tmp_path, SCENARIO)
    before = load_scenario(path)
    after = load_scenario(path, settings=["seed=99"])
    assert after == before.model_copy(update={"seed": 99})


def test_settings_reach_into_lists_and_tables_and_the_last_one_holds(tmp_path: Path) -> None:
    scenario = load_scenario(
        written(tmp_path, SCENARIO),
        settings=[
            "phases.0.rate_per_s=60",
            "phases.1.duration=2m",
            "phases.0.rate_per_s = 70.5",
            "journeys.card_sale_only=5",
            "money.declined_share=0.5",
            'purpose="said = with a sign"',
            'people.payers=[{id = "ACME", share = 1}]',
        ],
    )
    assert [phase.rate_per_s for phase in scenario.phases] == [70.5, 10.0]
    assert [phase.duration for phase in scenario.phases] == [30.0, 120.0]
    assert scenario.journeys == {"eligibility_only": 3.0, "card_sale_only": 5.0}
    assert scenario.money.declined_share == 0.5
    assert scenario.purpose == "said = with a sign"
    assert [payer.id for payer in scenario.people.payer_shares] == ["ACME"]


def test_a_setting_that_is_not_toml_is_text(tmp_path: Path) -> None:
    assert (
        load_scenario(written(tmp_path, SCENARIO), settings=["purpose=hello there"]).purpose == "hello there"
    )


def test_a_setting_is_checked_like_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, SCENARIO)
    assert complaint(path, "phases.0.rate_per_s=-1", "warm-up=3s") == (
        f"{path}: 2 problems\n"
        "  phases[0].rate_per_s: must be more than 0 (got -1)\n"
        "  warm-up: unknown key; did you mean warm_up?"
    )


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        pytest.param("seed", "write KEY=VALUE, as in --set seed=7", id="no-sign"),
        pytest.param("=7", "write KEY=VALUE, as in --set seed=7", id="no-key"),
        *(
            pytest.param(
                setting,
                "no such place in the file; list items go by number from 0, as in phases.0.rate_per_s",
                id=setting.partition("=")[0],
            )
            for setting in ("phases.2.rate_per_s=1", "phases.first.rate_per_s=1", "name.x=1", "phases.9=1")
        ),
    ],
)
def test_a_setting_that_fits_nowhere_says_what_would_do(tmp_path: Path, setting: str, said: str) -> None:
    assert complaint(written(tmp_path, SCENARIO), setting) == f"--set {setting}: {said}"


@pytest.mark.parametrize(
    "setting",
    [
        pytest.param("seed=" + "[" * 50_000, id="nested-too-deep"),
        pytest.param("seed=" + "9" * 5000, id="number-too-long"),
    ],
)
def test_a_setting_that_the_parser_gives_up_on_is_refused_too(tmp_path: Path, setting: str) -> None:
    assert complaint(written(tmp_path, SCENARIO), setting)


def test_an_sla_and_a_target_are_found_by_path_too(tmp_path: Path) -> None:
    assert load_sla(written(tmp_path, SLA)).name == "A service level"
    assert load_target(written(tmp_path, TARGET)).name == "sandbox"
