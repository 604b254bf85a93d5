"""The target: sound addresses, secrets by reference, and leave to send load at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from scenarios.errors import DeclarationError
from scenarios.kinds import Wire
from scenarios.loading import load_target, shipped_names
from scenarios.target import Endpoints, SecretRef, Target, check_guard, is_loopback
from tests.scenarios.declared import TARGET, written

MOCK = 'name = "mock"\n[embedded_gateway]\n'


@pytest.fixture
def sandbox(tmp_path: Path) -> Target:
    return load_target(written(tmp_path, TARGET))


def refused(folder: Path, text: str) -> str:
    path = written(folder, text)
    with pytest.raises(DeclarationError) as caught:
        load_target(path)
    return str(caught.value).removeprefix(f"{path}: ")


def test_addresses_are_declared_by_wire(sandbox: Target) -> None:
    assert sandbox.endpoints.declared() == {
        Wire.REST: "https://pay.example.test/rest/payment",
        Wire.SOAP_EDI: "https://edi.example.test/healthcare/service.asmx",
    }


def test_a_trailing_slash_makes_no_other_address() -> None:
    assert Endpoints(rest="https://pay.example.test/rest/").rest == "https://pay.example.test/rest"


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8080/x",
        "https://127.0.0.1",
        "http://[::1]:9000/x",
        "https://pay.example.test:65535/a/b.asmx",
    ],
)
def test_an_http_address_is_accepted(url: str) -> None:
    assert Endpoints(rest=url).rest == url


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("pay.example.test/rest", id="no-scheme"),
        pytest.param("ftp://pay.example.test", id="ftp"),
        pytest.param("https://", id="no-host"),
        pytest.param("https:///path", id="no-host-but-a-path"),
        pytest.param("https://host:99999/", id="port-out-of-range"),
        pytest.param("https://host:port/", id="port-in-words"),
        pytest.param("http://[::1", id="half-an-ipv6-address"),
        pytest.param("", id="empty"),
    ],
)
def test_what_is_no_http_address_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="URL"):
        Endpoints(rest=url)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("https://host/a b", id="space"),
        pytest.param("https://host/a\u4e2d", id="letters-no-request-line-can-carry"),
        pytest.param("https://host/a\r\nX-Injected: 1", id="line-break"),
    ],
)
def test_an_address_that_no_request_line_can_carry_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="URL"):
        Endpoints(rest=url)


@pytest.mark.parametrize(
    "login", ["user:secret-word", "user", ":secret-word"], ids=["both", "user-only", "password-only"]
)
def test_a_login_in_an_address_is_refused(tmp_path: Path, login: str) -> None:
    said = refused(tmp_path, TARGET.replace("https://pay", f"https://{login}@pay"))
    assert said.startswith("endpoints.rest: must not carry a user or a password; name them under [auth]")


def test_a_password_in_an_address_is_not_repeated_on_the_terminal(tmp_path: Path) -> None:
    said = refused(tmp_path, TARGET.replace("https://pay", "https://user:secret-word@pay"))
    assert "secret-word" not in said


@pytest.mark.parametrize("ending", ["?key=1", "#top"], ids=["query", "fragment"])
def test_an_address_with_a_query_or_fragment_is_refused(ending: str) -> None:
    with pytest.raises(ValidationError, match="must not carry a query or a fragment"):
        Endpoints(rest=f"https://pay.example.test/rest{ending}")


def test_an_embedded_gateway_excludes_addresses(tmp_path: Path) -> None:
    said = refused(tmp_path, TARGET + "[embedded_gateway]\n")
    assert said == "endpoints: [endpoints] and [embedded_gateway] exclude each other"


@pytest.mark.parametrize("text", ['name = "x"\n', 'name = "x"\n[endpoints]\n'], ids=["absent", "empty"])
def test_a_target_needs_somewhere_to_send_to(tmp_path: Path, text: str) -> None:
    assert refused(tmp_path, text) == (
        "endpoints: needs at least one address (rest, nvp, soap_object, soap_edi, core_soap)"
    )


def test_an_embedded_gateway_gets_its_addresses_once_it_listens(tmp_path: Path) -> None:
    target = load_target(written(tmp_path, MOCK))
    assert target.endpoints.declared() == {}
    assert target.at("http://127.0.0.1:9").endpoints.declared() == {
        Wire.REST: "http://127.0.0.1:9/rest/payment",
        Wire.NVP: "http://127.0.0.1:9/payment/NVP.aspx",
        Wire.SOAP_OBJECT: "http://127.0.0.1:9/healthcare/service.asmx",
        Wire.SOAP_EDI: "http://127.0.0.1:9/healthcare/service.asmx",
        Wire.CORE_SOAP: "http://127.0.0.1:9/core/soap",
    }


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("[::1]", True),
        ("0.0.0.0", False),
        ("192.168.1.4", False),
        ("localhost.example.test", False),
        ("pay.example.test", False),
        ("", False),
    ],
)
def test_loopback_is_this_machine_and_nothing_else(host: str, own: bool) -> None:
    assert is_loopback(host) is own


def allow(target: Target, peak_per_s: float = 20, expected_total: float = 2000) -> None:
    check_guard(target, source="sandbox", peak_per_s=peak_per_s, expected_total=expected_total)


def refusal(target: Target, peak_per_s: float = 20, expected_total: float = 2000) -> str:
    with pytest.raises(DeclarationError) as caught:
        allow(target, peak_per_s, expected_total)
    return str(caught.value)


def test_loopback_needs_no_guard() -> None:
    allow(Target(name="own").at("http://127.0.0.1:9"), peak_per_s=1e6, expected_total=1e9)


def test_a_guarded_target_may_get_load_up_to_its_ceilings(sandbox: Target) -> None:
    allow(sandbox, peak_per_s=20, expected_total=2000)


def test_no_load_leaves_this_machine_without_a_guard(sandbox: Target) -> None:
    assert refusal(sandbox.model_copy(update={"guard": None})) == (
        "sandbox: guard: edi.example.test, pay.example.test is not loopback; load outside this machine needs "
        "[guard] with hosts, authorised (who allowed it, when), max_rate_per_s and max_total"
    )


def test_one_address_outside_loopback_is_enough_to_need_a_guard(sandbox: Target) -> None:
    endpoints = Endpoints(rest="http://127.0.0.1:9/x", soap_edi="https://edi.example.test/x")
    assert "guard: edi.example.test is not loopback" in refusal(
        sandbox.model_copy(update={"guard": None, "endpoints": endpoints})
    )


def test_every_ceiling_and_host_that_a_plan_breaks_is_named(sandbox: Target) -> None:
    strange = sandbox.model_copy(update={"endpoints": Endpoints(rest="https://other.example.test/x")})
    assert refusal(strange, peak_per_s=20.5, expected_total=2001) == (
        "sandbox: 3 problems\n"
        "  endpoints.rest: host other.example.test is not among guard.hosts (pay.example.test, EDI.example.test)\n"
        "  guard.max_rate_per_s: the plan peaks at 20.5/s, the ceiling is 20/s\n"
        "  guard.max_total: the plan sends 2001 transactions, the ceiling is 2000"
    )


def test_a_host_that_only_looks_like_an_allowed_one_is_refused(sandbox: Target) -> None:
    lookalike = Endpoints(rest="https://pay.example.test.evil.test/x")
    assert "is not among guard.hosts" in refusal(sandbox.model_copy(update={"endpoints": lookalike}))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('rest_api_key = { env = "A", file = "b" }', id="both"),
        pytest.param("rest_api_key = { }", id="neither"),
    ],
)
def test_a_secret_is_named_in_exactly_one_way(tmp_path: Path, text: str) -> None:
    said = refused(tmp_path, f"{MOCK}[auth]\n{text}\n")
    assert said == 'auth.rest_api_key: write { env = "NAME" } or { file = "path" }'


def test_a_secret_itself_has_no_place_in_a_target(tmp_path: Path) -> None:
    said = refused(tmp_path, f'{MOCK}[auth]\nrest_api_key = "hunter2"\n')
    assert said.startswith("auth.rest_api_key: must be a table")


def test_a_secret_comes_from_the_environment(tmp_path: Path) -> None:
    assert SecretRef(env="KEY").resolve(tmp_path, {"KEY": "s3cret"}) == "s3cret"


@pytest.mark.parametrize("environment", [{}, {"KEY": ""}], ids=["unset", "empty"])
def test_a_secret_missing_from_the_environment_is_named(tmp_path: Path, environment: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"^environment variable KEY is not set$"):
        SecretRef(env="KEY").resolve(tmp_path, environment)


def test_a_secret_file_is_sought_beside_the_target_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "key.txt").write_text("s3cret\n")
    target = load_target(written(tmp_path, f'{MOCK}[auth]\nrest_api_key = {{ file = "key.txt" }}\n'))
    assert target.auth.rest_api_key is not None
    assert target.auth.rest_api_key.resolve(Path("/"), {}) == "s3cret"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(None, r"^cannot read secret file .*key.txt: .*No such file", id="missing"),
        pytest.param(b" \n", r"^secret file .*key.txt is empty$", id="empty"),
        pytest.param(b"\xff\xfe", r"^cannot read secret file .*key.txt: ", id="not-text"),
        pytest.param(b"two\r\nlines", r"^holds a character that no HTTP header can carry$", id="two-lines"),
        pytest.param("schlüssel".encode(), r"^holds a character that no HTTP header", id="not-ascii"),
    ],
)
def test_a_secret_file_that_holds_no_secret_says_so_without_showing_it(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / "key.txt").write_bytes(content)
    with pytest.raises(ValueError, match=said) as caught:
        SecretRef(file="key.txt").resolve(tmp_path, {})
    assert not any(word in str(caught.value) for word in ("lines", "schlüssel"))


@pytest.mark.parametrize("name", shipped_names("targets"))
def test_a_shipped_target_survives_its_json(name: str) -> None:
    target = load_target(name)
    assert Target.model_validate(json.loads(json.dumps(target.model_dump(mode="json")))) == target


def test_a_guarded_target_with_time_outs_survives_its_json(tmp_path: Path) -> None:
    target = load_target(written(tmp_path, TARGET + '[time_outs]\nconnect = "1.5s"\nwhole = "2m"\n'))
    assert target.time_outs.whole == 120.0
    assert Target.model_validate(json.loads(json.dumps(target.model_dump(mode="json")))) == target
