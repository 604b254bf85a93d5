"""The table of another tool's names: strict, all problems at once, written-out names before patterns."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenarios.errors import DeclarationError
from scenarios.kind_names import KindNames
from scenarios.loading import load_kind_names


def table(path: Path, text: str) -> KindNames:
    file = path / "names.toml"
    file.write_text(text)
    return load_kind_names(file)


def test_a_name_written_out_comes_before_any_pattern_and_the_first_pattern_before_the_next(
    tmp_path: Path,
) -> None:
    names = table(
        tmp_path,
        '[names]\n"POST *" = "refund"\n"*" = { leave_out = true }\n"POST /sale?a[]=1" = "card_sale"\n"a*c" = "void"\n',
    )
    assert (found := names.find("POST /sale?a[]=1", "/sale?a[]=1")) is not None
    assert found.kind == "card_sale"
    assert (found := names.find("POST /x", "/x")) is not None
    assert found.kind == "refund"
    assert (found := names.find("abc")) is not None
    assert found.leave_out
    assert names.kinds == ("card_sale", "refund", "void")
    assert names.kind_class == dict.fromkeys(names.kinds, "payment")
    assert KindNames.model_validate({"names": {"a.c": "void"}}).find("abc") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ["names: is required"]),
        ("[names]\n", ["names: needs at least 1 item"]),
        ('[names]\na = {}\nb = { kind = "x", leave_out = true }\n', ["names.a: needs either", "names.b: needs"]),
        ('[names]\na = { kind = "card_sale", class = "payment" }\n', ["names.a: is a kind of ours"]),
        ('[names]\na = { kind = "x", class = "banking" }\n', ["names.a.class: must be 'healthcare'"]),
        ('[names]\na = { kin = "x" }\n[nams]\n', ["names.a.kin: unknown key", "nams: unknown key; did you mean"]),
        ("[names]\na = 7\n", ["names.a: "]),
        ('[names]\na = "two words"\n', ["names.a.kind: must match"]),
        ('[names]\na = "card_sale"\nb = "visit"\n', ["some kinds have a class and these have none: visit"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_all_at_once(tmp_path: Path, text: str, said: list[str]) -> None:
    with pytest.raises(DeclarationError) as refused:
        table(tmp_path, text)
    for each in said:
        assert each in str(refused.value)
