"""Which wire carries which kind: chosen in the target, refused with what is possible."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenarios.errors import DeclarationError
from scenarios.kind_wires import KindWires, possible_wires
from scenarios.kinds import CustomKind, Kind, Wire, class_of
from scenarios.loading import load_target
from tests.scenarios.declared import TARGET, written


def refused(folder: Path, text: str) -> str:
    path = written(folder, TARGET + text)
    with pytest.raises(DeclarationError) as caught:
        load_target(path)
    return str(caught.value).removeprefix(f"{path}: ")


def test_every_kind_has_a_wire_and_its_default_comes_first() -> None:
    assert set(KindWires.model_fields) == {kind.text for kind in Kind}
    assert all(KindWires().of(kind) == possible_wires(kind)[0] for kind in Kind)
    assert KindWires().of(Kind.CARD_SALE) is Wire.REST
    assert KindWires().of(Kind.ELIGIBILITY_INQUIRY) is Wire.SOAP_EDI


def test_a_target_chooses_the_wire_of_a_kind(tmp_path: Path) -> None:
    target = load_target(
        written(tmp_path, TARGET + '[wires]\ncard_sale = "nvp"\nclaim_status = "core_soap"\n')
    )
    assert target.wire_of(Kind.CARD_SALE) is Wire.NVP
    assert target.wire_of(Kind.CLAIM_STATUS) is Wire.CORE_SOAP
    assert target.wire_of(Kind.VOID) is Wire.REST


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('card_sale = "soap_edi"', "wires.card_sale: must be 'rest' or 'nvp' (got \"soap_edi\")"),
        ('echeck_sale = "rest"', "wires.echeck_sale: must be 'nvp' (got \"rest\")"),
        ('card_sail = "nvp"', "wires.card_sail: unknown key; did you mean card_sale?"),
        ('claim_status = "fax"', "wires.claim_status: must be 'soap_edi' or 'core_soap' (got \"fax\")"),
    ],
)
def test_what_is_not_possible_is_refused_with_what_is(tmp_path: Path, line: str, said: str) -> None:
    assert refused(tmp_path, f"[wires]\n{line}\n") == said


CUSTOM = '[[custom]]\nkind = "text_to_pay"\nclass = "payment"\nmodule = "own.py"\n'


def test_own_kinds_are_numbered_from_100_in_the_order_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "own.py").touch()
    second = CUSTOM.replace("text_to_pay", "kiosk").replace("payment", "lookup")
    target = load_target(written(tmp_path, TARGET + CUSTOM + second))
    kinds = target.custom_kinds
    assert [(int(kind), kind.text, class_of(kind)) for kind in kinds] == [
        (100, "text_to_pay", "payment"),
        (101, "kiosk", "lookup"),
    ]
    assert target.wire_of(kinds[0]) is Wire.CUSTOM
    assert target.custom[0].module == str(tmp_path.resolve() / "own.py")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CUSTOM, "custom[0].module: no such file"),
        (CUSTOM.replace("text_to_pay", "void"), "custom[0].kind: a kind of this name exists already"),
        (CUSTOM + CUSTOM, "custom[1].kind: a kind of this name exists already"),
        (
            CUSTOM.replace('"payment"', '"money"'),
            "custom[0].class: must be 'healthcare', 'payment' or 'lookup'",
        ),
        (CUSTOM.replace("text_to_pay", "Text to pay"), "custom[0].kind: must match"),
        (CUSTOM.replace("module", "modul"), "unknown key; did you mean module?"),
        (CUSTOM + 'endpoint = "ftp://x"\n', "custom[0].endpoint: must be a URL"),
    ],
)
def test_a_wrong_declaration_of_an_own_kind_is_told(tmp_path: Path, text: str, said: str) -> None:
    assert said in refused(tmp_path, text)


def test_an_own_kinds_address_is_enough_of_an_address_and_is_guarded(tmp_path: Path) -> None:
    (tmp_path / "own.py").touch()
    text = 'name = "x"\n' + CUSTOM + 'endpoint = "https://other.example.test/pay"\n'
    target = load_target(written(tmp_path, text))
    assert target.addresses() == {"text_to_pay": "https://other.example.test/pay"}


@pytest.mark.parametrize("number", [99, 200, 1])
def test_an_own_kind_keeps_out_of_our_numbers(number: int) -> None:
    with pytest.raises(ValueError, match="numbered from 100"):
        CustomKind(number, "x", "payment")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://traces.test/trace/{trace_id}?x=1#top", None),
        ("https://traces.test/trace/", "must hold {trace_id}"),
        ("traces/{trace_id}", "must be a URL"),
        ("https://joe:pw@traces.test/{trace_id}", "must not carry a user or a password"),
    ],
)
def test_a_trace_address_must_have_a_place_for_the_trace(tmp_path: Path, url: str, said: str | None) -> None:
    text = f'trace_url = "{url}"\n' + TARGET
    if said is None:
        assert load_target(written(tmp_path, text)).trace_url == url
    else:
        path = written(tmp_path, text)
        with pytest.raises(DeclarationError) as caught:
            load_target(path)
        assert f"trace_url: {said}" in str(caught.value)
