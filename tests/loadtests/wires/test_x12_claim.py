"""Claim status: the 276 as third parties read it, and what a 277 says of a claim."""

from __future__ import annotations

import functools
import io
import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from x12sdk.io import X12ModelReader

from loadtests.claims import claim_of
from loadtests.transaction import Transaction
from loadtests.wires import claim_status
from loadtests.wires.x12_claim import build_276, classify_claim_interchange
from scenarios.kinds import Kind, Wire
from scenarios.observation import Outcome
from tests.loadtests.builders import CREDENTIALS, reply
from tests.loadtests.wires.answers import answer_271, answer_277, asked, soap, target_with
from tests.loadtests.x12_answers import rejection_999, rejection_ta1

WHEN = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
CLAIM = asked(Kind.CLAIM_STATUS, Wire.SOAP_EDI)
OF_DEPENDENT = asked(Kind.CLAIM_STATUS, Wire.SOAP_EDI, dependents=1.0)
CONTROL = CLAIM.identifiers.control_number


def test_an_inquiry_is_written_as_the_implementation_guide_has_it() -> None:
    person, claim = CLAIM.person, replace(claim_of(0, 5), charge_cents=21_150, days_ago=36)
    assert build_276(structs.replace(CLAIM, claim=claim), WHEN).split("~") == [
        "ISA*00*          *00*          *ZZ*SLAGATE        *ZZ*INSTAMED       *261120*1430*^*00501*"
        f"{CONTROL:09d}*0*T*:",
        f"GS*HR*SLAGATE*INSTAMED*20261120*1430*{CONTROL}*X*005010X212",
        "ST*276*0001*005010X212",
        "BHT*0010*13*k3x9ab-5-0-0*20261120*1430",
        "HL*1**20*1",
        f"NM1*PR*2*TEST PAYER*****PI*{person.payer_id}",
        "HL*2*1*21*1",
        "NM1*41*2*LOAD BILLING*****46*LOAD01",
        "HL*3*2*19*1",
        f"NM1*1P*2*LOAD CLINIC*****XX*{person.provider_npi}",
        "HL*4*3*22*0",
        f"DMG*D8*{person.birth_date}*{person.gender}",
        f"NM1*IL*1*{person.last_name}*{person.first_name}****MI*{person.member_id}",
        "TRN*1*k3x9ab-5-0-0",
        "REF*EJ*PCN5",
        "AMT*T3*211.5",
        "DTP*472*D8*20261015",
        "SE*16*0001",
        f"GE*1*{CONTROL}",
        f"IEA*1*{CONTROL:09d}",
        "",
    ]


@pytest.mark.parametrize("dependents", [0.0, 1.0], ids=["subscriber", "dependent"])
@pytest.mark.parametrize("root", [0, 1, 999_983])
def test_x12sdk_accepts_the_inquiry(tmp_path: Path, root: int, dependents: float) -> None:
    path = tmp_path / "inquiry.x12"
    path.write_text(build_276(asked(Kind.CLAIM_STATUS, Wire.SOAP_EDI, root, dependents=dependents), WHEN))
    with X12ModelReader(str(path)) as reader:
        (model,) = list(reader.models())
    assert model.header.st_segment.transaction_set_identifier_code == "276"


@pytest.fixture(scope="module")
def pyx12_complaints(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], list[str]]]:
    """pyx12's complaints about a 276. Its maps are read once instead of on every call."""
    x12n_document = pytest.importorskip("pyx12.x12n_document")
    import pyx12.map_if
    import pyx12.map_index
    from pyx12.params import ParamsBase

    maps = mended_maps(tmp_path_factory.mktemp("maps"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pyx12.map_if, "load_map_file", functools.cache(pyx12.map_if.load_map_file))
        patch.setattr(pyx12.map_index, "map_index", functools.cache(pyx12.map_index.map_index))

        def complaints(text: str) -> list[str]:
            report = io.StringIO()
            sound = x12n_document.x12n_document(
                ParamsBase(), io.StringIO(text), None, None, fd_json=report, map_path=str(maps)
            )
            found = errors_in(json.loads(report.getvalue())) if report.getvalue() else []
            return found or ([] if sound else ["not sound"])

        yield complaints


def mended_maps(folder: Path) -> Path:
    """pyx12's maps with a 276 of 5010 in them: its 276 of 4010 inside the envelope of its 277 of 5010, with the codes
    and usages that 5010 changed."""
    import pyx12

    shutil.copytree(Path(str(pyx12.__file__)).parent / "map", folder, dirs_exist_ok=True)
    old, envelope = ((folder / name).read_text() for name in ("276.4010.X093.A1.xml", "277.5010.X212.xml"))
    body = old[old.index('<loop xid="ST_LOOP"') : old.index('<segment xid="GE"')]
    version = re.search(r'<element xid="ST03">.*?</element>', envelope, re.S)
    assert version
    body = body.replace("</element>\n        </segment>", f"</element>{version[0]}</segment>", 1)
    for name in ("BHT03", "BHT05"):
        body = re.sub(rf'(<element xid="{name}">.*?<usage>)N(</usage>)', r"\1R\2", body, count=1, flags=re.S)
    for was, now in (("232", "472"), ("EA", "EJ"), ("RD8", "D8")):
        body = body.replace(f"<code>{was}</code>", f"<code>{now}</code>")
    head = envelope[: envelope.index('<loop xid="ST_LOOP"')]
    for place, code in (("GS01", "HR"), ("GS08", "005010X212")):
        pattern = rf'(<element xid="{place}">.*?<code>)[^<]*(</code>)'
        head = re.sub(pattern, rf"\g<1>{code}\2", head, count=1, flags=re.S)
    tail = envelope[envelope.index('<segment xid="GE"') :]
    (folder / "276.5010.X212.xml").write_text(head + body + tail)
    index = folder / "maps.xml"
    entry = '<map vriic="005010X214" fic="HN"'
    own = '<map vriic="005010X212" fic="HR" abbr="276">276.5010.X212.xml</map>'
    index.write_text(index.read_text().replace(entry, own + entry))
    return folder


def errors_in(report: Any) -> list[str]:
    if isinstance(report, dict):
        here = [report["err_str"]] if "err_str" in report else []
        return here + [text for value in report.values() for text in errors_in(value)]
    if isinstance(report, list):
        return [text for value in report for text in errors_in(value)]
    return []


@pytest.mark.parametrize("dependents", [0.0, 1.0], ids=["subscriber", "dependent"])
def test_pyx12_accepts_the_inquiry(pyx12_complaints: Callable[[str], list[str]], dependents: float) -> None:
    text = build_276(asked(Kind.CLAIM_STATUS, Wire.SOAP_EDI, dependents=dependents), WHEN)
    assert pyx12_complaints(text) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [("SE*16", "SE*17"), ("AMT*T3", "AMT*ZZ"), ("HL*3*2*19*1", "HL*3*2*22*1"), ("NM1*41*2", "NM1*XX*2")],
)
def test_pyx12_does_find_faults(pyx12_complaints: Callable[[str], list[str]], old: str, new: str) -> None:
    text = build_276(CLAIM, WHEN)
    assert old in text
    assert pyx12_complaints(text.replace(old, new)) != []


def outcome(text: str, transaction: Transaction = CLAIM) -> Outcome:
    return classify_claim_interchange(transaction, text).outcome


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param("F1:65", Outcome.COMPLETED, id="paid"),
        pytest.param("P1:20", Outcome.COMPLETED, id="pending"),
        pytest.param("F2:88", Outcome.COMPLETED, id="denied"),
        pytest.param("A4:35", Outcome.COMPLETED, id="not-found"),
        pytest.param("E1:484", Outcome.PAYER_UNAVAILABLE, id="payer-down"),
        pytest.param("E2:1", Outcome.PAYER_UNAVAILABLE, id="payer-does-not-answer"),
        pytest.param("E0:153", Outcome.REJECTED, id="bad-data"),
        pytest.param("D0:35", Outcome.REJECTED, id="search-failed"),
        pytest.param("F1", Outcome.COMPLETED, id="category-alone"),
    ],
)
def test_a_status_is_worth_what_its_category_says(status: str, expected: Outcome) -> None:
    assert outcome(answer_277(CLAIM, f"STC*{status}*20261101**211*0")) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(answer_277(CLAIM, trace="k3x9ab-6-0-0"), Outcome.WRONG_REPLY, id="another-trace"),
        pytest.param(answer_277(CLAIM, trace=""), Outcome.COMPLETED, id="no-trace-but-our-subscriber"),
        pytest.param(
            answer_277(CLAIM, trace="")
            .replace(f"MI*{CLAIM.person.member_id}", "MI*W999999999")
            .replace(f"IL*1*{CLAIM.person.last_name}", "IL*1*STRANGER"),
            Outcome.WRONG_REPLY,
            id="no-trace-and-another-subscriber",
        ),
        pytest.param(answer_277(CLAIM, "DTP*472*D8*20261015"), Outcome.ERROR, id="no-status"),
        pytest.param(
            answer_277(CLAIM, trace="").replace("NM1*IL", "NM1*QC"), Outcome.ERROR, id="nothing-to-match-by"
        ),
        pytest.param(answer_271(CLAIM), Outcome.ERROR, id="a-271"),
        pytest.param(answer_277(CLAIM)[:300], Outcome.ERROR, id="cut-off"),
        pytest.param("", Outcome.ERROR, id="nothing"),
        pytest.param(rejection_999(CONTROL), Outcome.SYNTAX_REJECTED, id="999"),
        pytest.param(rejection_999(CONTROL + 1), Outcome.WRONG_REPLY, id="999-for-another"),
        pytest.param(rejection_ta1(CONTROL), Outcome.SYNTAX_REJECTED, id="TA1"),
    ],
)
def test_an_answer_is_matched_before_it_is_believed(text: str, expected: Outcome) -> None:
    assert outcome(text) is expected


def test_the_operation_is_the_targets_to_name() -> None:
    target = target_with(Kind.CLAIM_STATUS, Wire.SOAP_EDI, claim_status_operation="AskClaim")
    call = claim_status.build_call(CLAIM, target, CREDENTIALS)
    assert call.headers["SOAPAction"] == '"http://www.instamed.com/AskClaim"'
    assert b"<AskClaim " in call.body
    said = claim_status.classify_reply(
        CLAIM,
        reply(
            soap(f"<AskClaimResponse><AskClaimResult>{answer_277(CLAIM)}</AskClaimResult></AskClaimResponse>")
        ),
    )
    assert said.outcome is Outcome.COMPLETED
    assert claim_status.classify_reply(CLAIM, reply(soap("<x/>"))).detail == "reply has no result"


def test_a_claim_that_is_not_there_cannot_be_asked_after() -> None:
    with pytest.raises(ValueError, match="needs a claim"):
        build_276(structs.replace(CLAIM, claim=None), WHEN)
