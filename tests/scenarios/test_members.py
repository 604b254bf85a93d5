"""Members from a user's CSV: every mistake by line and value, and no member in a recording."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios.errors import DeclarationError
from scenarios.loading import load_scenario
from scenarios.members import read_members
from scenarios.scenario import Scenario
from tests.scenarios.declared import SCENARIO, written

HEADER = "member_id,first_name,last_name,birth_date,gender,payer_id\n"
SOUND = "W1,JANE,DOE,1980-01-31,F,TEST1\n"


def members(folder: Path, text: str) -> str:
    """The path of a members file with this text."""
    return written(folder, text, "members.csv")


def complaint(folder: Path, text: str) -> str:
    path = members(folder, text)
    with pytest.raises(DeclarationError) as caught:
        read_members(path)
    return str(caught.value).removeprefix(f"{path}: ")


def test_columns_may_come_in_any_order_with_blanks_and_a_byte_order_mark(tmp_path: Path) -> None:
    text = "\ufeffpayer_id, gender,birth_date,last_name,first_name,member_id\nT1, F,20000229,DOE,JANE,W1\n\n"
    (member,) = read_members(members(tmp_path, text)).members
    assert (member.member_id, member.last_name, member.birth_date, member.payer_id) == (
        "W1",
        "DOE",
        "20000229",
        "T1",
    )


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("W,JANE,DOE,1980-01-31,F,T1", "line 3, member_id: must be 2 to 30 characters, printable ASCII"),
        ("W*1,JANE,DOE,1980-01-31,F,T1", '(got "W*1")'),
        ("W2,JA~NE,DOE,1980-01-31,F,T1", "line 3, first_name: must be 1 to 35 characters"),
        ("W2,JANE,,1980-01-31,F,T1", "line 3, last_name: must be 1 to 35 characters"),
        ("W2,JANE,MÜLLER,1980-01-31,F,T1", '(got "MÜLLER")'),
        (
            "W2,JANE,DOE,31.01.1980,F,T1",
            'line 3, birth_date: must be a day such as 1980-01-31 (got "31.01.1980")',
        ),
        ("W2,JANE,DOE,1980-02-30,F,T1", '(got "1980-02-30")'),
        ("W2,JANE,DOE,1880-01-31,F,T1", '(got "1880-01-31")'),
        ("W2,JANE,DOE,1980-0131,F,T1", '(got "1980-0131")'),
        ("W2,JANE,DOE,1980-01-31,f,T1", 'line 3, gender: must be F, M or U (got "f")'),
        ("W2,JANE,DOE,1980-01-31,F,TOOLONG8", "line 3, payer_id: must be 1 to 7 capital letters or digits"),
        ("W2,JANE,DOE,1980-01-31,F", "line 3: needs 6 cells"),
        ("W1,JANE,DOE,1980-01-31,F,TEST1", "line 3: repeats line 2"),
        ('W2,"JANE,DOE,1980-01-31,F,T1', "is not CSV"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_value(tmp_path: Path, row: str, said: str) -> None:
    assert said in complaint(tmp_path, f"{HEADER}{SOUND}{row}\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "6 problems\n  member_id: is required"),
        (HEADER, "holds no member"),
        (HEADER.replace("gender", "sex") + SOUND, "column 'sex': unknown column"),
        (HEADER.replace("gender", "payer_id") + SOUND, "gender: is required"),
        (HEADER.replace("\n", ",payer_id\n"), "line 1: names a column twice"),
    ],
)
def test_a_wrong_table_is_refused_as_a_whole(tmp_path: Path, text: str, said: str) -> None:
    assert said in complaint(tmp_path, text)


def test_every_mistake_is_told_up_to_a_screenful(tmp_path: Path) -> None:
    said = complaint(tmp_path, HEADER + "W1,JANE,DOE,never,F,T1\n" * 100)
    assert said.startswith("21 problems\n  line 2, birth_date")
    assert said.endswith("and 80 more")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", None], ids=["not-text", "missing"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "members.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DeclarationError, match=r"members\.csv: (is not UTF-8|members file cannot be read)"):
        read_members(str(path))


@settings(max_examples=200)
@given(st.binary(max_size=200), st.booleans())
def test_no_bytes_are_a_crash(tmp_path_factory: pytest.TempPathFactory, junk: bytes, headed: bool) -> None:
    path = tmp_path_factory.getbasetemp() / "junk.csv"
    path.write_bytes((HEADER.encode() if headed else b"") + junk)
    with contextlib.suppress(DeclarationError):
        read_members(str(path))


def loaded(folder: Path, people: str) -> Scenario:
    members(folder, HEADER + SOUND + "W2,ROE,RICHARD,1990-05-05,M,TEST2\n")
    return load_scenario(written(folder, SCENARIO + f"[people]\n{people}\n"))


def test_a_scenario_keeps_count_and_digest_and_no_member(tmp_path: Path) -> None:
    declared = loaded(tmp_path, 'members = "members.csv"')
    assert declared.people.members is not None
    assert declared.people.members.count == 2
    assert declared.people.payer_ids == ("TEST1", "TEST2")
    text = json.dumps(declared.model_dump(mode="json"))
    assert not any(secret in text for secret in ("JANE", "DOE", "ROE", "1980", "1990", '"W1"'))
    assert declared.people.members.sha256
    assert declared.people.members.sha256 in text
    assert f"People: 2 members of {tmp_path.resolve() / 'members.csv'}." in declared.describe()
    assert Scenario.model_validate(json.loads(text)) == declared


@pytest.mark.parametrize("key", ["dependents_share = 0.1", 'payers = "zipf"'])
def test_members_come_with_their_own_payers_and_without_dependents(tmp_path: Path, key: str) -> None:
    with pytest.raises(DeclarationError, match="members come with their own payers"):
        loaded(tmp_path, f'members = "members.csv"\n{key}')


def test_a_members_file_that_is_missing_is_told_when_the_scenario_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match=r"nobody\.csv: members file cannot be read"):
        load_scenario(written(tmp_path, SCENARIO + '[people]\nmembers = "nobody.csv"\n'))
