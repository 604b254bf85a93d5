"""A user's own module: loaded from its file, rehearsed before load, and never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadtests.custom_module import CustomModule, CustomModuleError
from loadtests.feasibility import plan_problems
from loadtests.run_plan import RunPlan
from loadtests.transaction import Call
from loadtests.wire_codecs import load_codecs
from scenarios.errors import DeclarationError
from scenarios.kinds import CustomKind, Kind
from scenarios.observation import Outcome
from scenarios.target import CheckAccount, CustomDeclaration, EmbeddedGateway, Endpoints, Target
from tests.loadtests.builders import CREDENTIALS, NONCE, reply, run_plan, scenario, target, transaction

OWN = CustomKind(100, "own", "payment")
SOUND = """
from loadtests.transaction import Call, Classified
from scenarios.observation import Outcome

def build_call(transaction, target, credentials):
    return Call(url=target.endpoints.rest + "/own", headers={"x": "y"}, body=b"{}")

def classify_reply(transaction, reply):
    return Classified(outcome=Outcome.COMPLETED if reply.body == b"yes" else Outcome.ERROR)
"""


def declared(folder: Path, source: str, **changes: object) -> Target:
    path = folder / "own.py"
    path.write_text(source)
    own = CustomDeclaration.model_validate({"kind": "own", "class": "payment", "module": str(path)} | changes)
    return target(custom=(own,))


def module(folder: Path, source: str) -> CustomModule:
    aim = declared(folder, source)
    return CustomModule(aim.custom[0].module, aim)


def test_a_module_builds_calls_and_reads_replies(tmp_path: Path) -> None:
    own = module(tmp_path, SOUND)
    made = transaction(Kind.CARD_SALE)
    assert own.build_call(made, target(), CREDENTIALS).url == "http://127.0.0.1:9/rest/payment/own"
    assert own.classify_reply(made, reply("yes")).outcome is Outcome.COMPLETED
    assert own.rehearse(made, target()) == []


def test_a_modules_kind_has_its_codec_beside_ours(tmp_path: Path) -> None:
    codecs = load_codecs(declared(tmp_path, SOUND))
    assert set(codecs) == {*Kind, 100}


@pytest.mark.parametrize(
    ("source", "said"),
    [
        pytest.param("", "2 problems\n  build_call: is missing; define build_call(", id="empty"),
        pytest.param(SOUND + "classify_reply = 3\n", "classify_reply: is missing", id="not-callable"),
        pytest.param("def f(:\n", "cannot be loaded: SyntaxError", id="syntax"),
        pytest.param(
            "\n\n1 / 0\n", "cannot be loaded: own.py, line 3: ZeroDivisionError: division", id="raises"
        ),
        pytest.param("import no_such_module\n", "own.py, line 1: ModuleNotFoundError", id="import"),
        pytest.param("import sys\nsys.exit(3)\n", "own.py, line 2: SystemExit: 3", id="exits"),
        pytest.param("x = '\x00'", "cannot be loaded", id="null-byte"),
    ],
)
def test_a_module_that_cannot_serve_is_refused_at_loading(tmp_path: Path, source: str, said: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        module(tmp_path, source)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("built", "said"),
    [
        pytest.param("{}['url']", "build_call: own.py, line 6: KeyError", id="raises"),
        pytest.param("None", "gave a NoneType instead of a Call", id="nothing"),
        pytest.param(
            "Call(url='http://elsewhere.test/x', headers={}, body=b'')",
            "its URL leads elsewhere than the target's addresses (127.0.0.1:9)",
            id="another-host",
        ),
        pytest.param("Call(url=3, headers={}, body=b'')", "its URL leads elsewhere", id="no-url"),
        pytest.param(
            "Call(url=target.endpoints.rest, headers={}, body='text')", "its body must be bytes", id="text"
        ),
        pytest.param(
            "Call(url=target.endpoints.rest, headers={'x': 'a\\r\\nb: c'}, body=b'')",
            "a header holds what no HTTP header can carry",
            id="header-with-a-line-break",
        ),
        pytest.param("Call('http://[', {}, b'')", "its URL leads elsewhere", id="broken-url"),
        pytest.param(
            "Call(target.endpoints.rest, None, b'')", "its headers must be a mapping", id="no-headers"
        ),
        pytest.param("Call(target.endpoints.rest, {}, b'', b'x: y')", "own_lines are slagate's", id="lines"),
    ],
)
def test_no_call_goes_out_that_must_not(tmp_path: Path, built: str, said: str) -> None:
    call = 'Call(url=target.endpoints.rest + "/own", headers={"x": "y"}, body=b"{}")'
    own = module(tmp_path, SOUND.replace(call, built))
    with pytest.raises(CustomModuleError) as caught:
        own.build_call(transaction(Kind.CARD_SALE), target(), CREDENTIALS)
    assert said in str(caught.value)
    assert own.rehearse(transaction(Kind.CARD_SALE), target()) == [str(caught.value)]


def test_a_call_that_a_module_gives_again_and_again_is_a_new_one_each_time(tmp_path: Path) -> None:
    """Each gets header lines of its own; on one and the same they would pile up."""
    given = 'Call(url=target.endpoints.rest + "/own", headers={"x": "y"}, body=b"{}")'
    once = f"_CALLS = []\n{SOUND}".replace(
        f"return {given}", f"_CALLS or _CALLS.append({given}); return _CALLS[0]"
    )
    own = module(tmp_path, once)
    first, second = (own.build_call(transaction(Kind.CARD_SALE), target(), CREDENTIALS) for _ in range(2))
    first.own_lines += b"traceparent: one\r\n"
    assert second == Call(first.url, {"x": "y"}, b"{}")


@pytest.mark.parametrize(
    ("classified", "said"),
    [
        pytest.param("reply.body[0]", "classify_reply: own.py, line 9: IndexError", id="raises"),
        pytest.param("True", "classify_reply: own.py gave no Classified", id="another-type"),
        pytest.param("Classified(outcome='completed')", "own.py gave no Classified", id="outcome-in-words"),
        pytest.param("Classified(Outcome.COMPLETED, 12.5)", "no whole number of cents", id="fraction"),
        pytest.param("Classified(Outcome.COMPLETED, 1 << 63)", "no whole number of cents", id="huge"),
        pytest.param("Classified(Outcome.COMPLETED, -1)", "no whole number of cents", id="negative"),
        pytest.param("Classified(Outcome.COMPLETED, 5, None)", "that is no text", id="no-text"),
    ],
)
def test_a_reply_that_a_module_fails_over_is_an_error(tmp_path: Path, classified: str, said: str) -> None:
    sound = 'Classified(outcome=Outcome.COMPLETED if reply.body == b"yes" else Outcome.ERROR)'
    own = module(tmp_path, SOUND.replace(sound, classified))
    found = own.classify_reply(transaction(Kind.CARD_SALE), reply(""))
    assert found.outcome is Outcome.ERROR
    assert said in found.detail
    assert said in " ".join(own.rehearse(transaction(Kind.CARD_SALE), target()))


def plan(aim: Target, **journeys: object) -> RunPlan:
    made = scenario(**journeys)
    return RunPlan(scenario=made, slas=run_plan().slas, target=aim, seed=7, nonce=NONCE)


def test_a_plan_with_an_own_kind_counts_it_and_records_its_number(tmp_path: Path) -> None:
    made = plan(declared(tmp_path, SOUND), custom_journeys={"own": 100 / 3})
    assert plan_problems(made) == []
    counts = made.counts_by_kind()
    assert set(counts) == {"eligibility_inquiry", "card_sale", "own"}
    assert counts["own"] > 0
    assert sum(counts.values()) == len(made.arrivals)
    (recorded,) = made.to_json(run_id="x", t0_ns=0)["kinds"]
    assert {name: recorded[name] for name in ("number", "kind", "class")} == {
        "number": 100,
        "kind": "own",
        "class": "payment",
    }
    assert len(recorded["sha256"]) == 64
    assert "25% own (card_sale, eligibility_inquiry, own)" in " ".join(made.scenario.describe())


@pytest.mark.parametrize(
    ("name", "said"),
    [("owns", "declares no [[custom]] kind of this name; did you mean own?")],
)
def test_a_journey_of_an_unknown_own_kind_is_told(tmp_path: Path, name: str, said: str) -> None:
    problems = plan_problems(plan(declared(tmp_path, SOUND), custom_journeys={name: 1}))
    assert [problem.where for problem in problems] == [f"custom_journeys.{name}"]
    assert said in problems[0].message


def test_a_plan_of_own_kinds_alone_needs_no_endpoint(tmp_path: Path) -> None:
    source = SOUND.replace('target.endpoints.rest + "/own"', 'target.addresses()["own"]')
    aim = declared(tmp_path, source, endpoint="http://127.0.0.1:9/own").model_copy(
        update={"endpoints": Endpoints()}
    )
    made = plan(aim, journeys={}, custom_journeys={"own": 1})
    assert made.wires == set()
    assert plan_problems(made) == []
    assert set(made.counts_by_kind()) == {"own"}
    assert RunPlan.from_message(made.to_message()) == made


def test_a_faulty_module_is_told_with_the_plan_of_an_embedded_gateway_too(tmp_path: Path) -> None:
    source = SOUND.replace("target.endpoints.rest", "target.endpoints.rests")
    aim = declared(tmp_path, source).model_copy(
        update={"endpoints": Endpoints(), "embedded_gateway": EmbeddedGateway()}
    )
    (problem,) = plan_problems(plan(aim, custom_journeys={"own": 1}))
    assert str(problem) == "custom[0] own.py: build_call: own.py, line 6: AttributeError"


def echeck_plan(nvp: str, monkeypatch: pytest.MonkeyPatch, **changes: object) -> RunPlan:
    aim = target(endpoints=Endpoints(nvp=nvp, rest=nvp, soap_edi=nvp)).model_copy(update=changes)
    made = plan(aim)
    monkeypatch.setattr(RunPlan, "kinds", property(lambda _: {Kind.ECHECK_SALE}))
    return made


def test_a_made_up_bank_account_is_shown_to_nobody_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    outside = "https://pay.example.test/nvp"
    (problem,) = plan_problems(echeck_plan(outside, monkeypatch))
    assert problem.where == "echeck"
    account = CheckAccount(routing_number="111000025", account_number="42")
    assert plan_problems(echeck_plan(outside, monkeypatch, echeck=account)) == []
    assert plan_problems(echeck_plan("http://127.0.0.1:9/nvp", monkeypatch)) == []
