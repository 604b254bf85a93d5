"""How a target is connected to: what [client], [tls] and [time_outs] accept, and the nonsense that they refuse."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from scenarios.errors import DeclarationError
from scenarios.loading import load_target
from scenarios.target import Client, Target, TimeOuts, Tls
from tests.scenarios.declared import TARGET, written

PLAIN = 'name = "plain"\n[endpoints]\nrest = "http://127.0.0.1:8080/rest"\n'


def loaded(folder: Path, keys: str, text: str = TARGET) -> Target:
    return load_target(written(folder, f"{text}\n{keys}\n"))


def test_unless_declared_connections_are_kept_and_certificates_checked(tmp_path: Path) -> None:
    target = loaded(tmp_path, "")
    assert (target.client.engine, target.client.connections) == ("own", "keep-alive")
    assert (target.client.proxy, target.client.gzip, target.client.resolve_every) == (None, False, 30)
    assert target.tls.verify
    assert (target.time_outs.connect, target.time_outs.first_byte, target.time_outs.whole) == (None, 60, 60)


def test_every_key_is_taken_and_files_are_sought_beside_the_targets(tmp_path: Path) -> None:
    target = loaded(
        tmp_path,
        '[client]\nconnections = "per-transaction"\nproxy = "http://proxy.example.test:3128/"\n'
        'gzip = true\nresolve_every = "5s"\n'
        '[tls]\nca_file = "ca.pem"\nclient_certificate = "us.pem"\nclient_key = "/secret/us.key"\n'
        '[time_outs]\nconnect = "3s"\nfirst_byte = "20s"\nwhole = "30s"',
    )
    assert target.client.proxy == "http://proxy.example.test:3128"
    assert (target.client.connections, target.client.gzip, target.client.resolve_every) == (
        "per-transaction",
        True,
        5,
    )
    assert target.tls.ca_file == str(tmp_path / "ca.pem")
    assert target.tls.client_certificate == str(tmp_path / "us.pem")
    assert target.tls.client_key == "/secret/us.key"
    assert (target.time_outs.connect, target.time_outs.first_byte, target.time_outs.whole) == (3, 20, 30)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        pytest.param(
            '[client]\nproxy = "proxy.test:3128"', "client.proxy: must be a URL", id="proxy-without-scheme"
        ),
        pytest.param(
            '[client]\nproxy = "https://proxy.test"', "must be a proxy's address", id="proxy-over-tls"
        ),
        pytest.param('[client]\nproxy = "socks5://proxy.test"', "client.proxy: must be a URL", id="socks"),
        pytest.param(
            '[client]\nproxy = "http://proxy.test/path"', "must be a proxy's address", id="proxy-with-path"
        ),
        pytest.param(
            '[client]\nproxy = "http://joe:hidden@proxy.test"',
            "must not carry a user or a password",
            id="credentials",
        ),
        pytest.param('[client]\nengine = "httpx"', "client.engine", id="unknown-engine"),
        pytest.param('[client]\nconnections = "pool"', "client.connections", id="unknown-connections"),
        pytest.param('[client]\nresolve_every = "0s"', "client.resolve_every", id="always-resolving"),
        pytest.param('[client]\ntimeout = "3s"', "client.timeout", id="unknown-key"),
        pytest.param(
            '[client]\nengine = "fasthttp"\ngzip = true', 'need engine = "own"', id="fasthttp-and-gzip"
        ),
        pytest.param(
            '[client]\nengine = "fasthttp"\nproxy = "http://p.test"',
            'need engine = "own"',
            id="fasthttp-and-proxy",
        ),
        pytest.param(
            '[tls]\nclient_key = "us.key"', "goes with client_certificate", id="key-without-certificate"
        ),
        pytest.param('[tls]\nverify = false\nca_file = "ca.pem"', "leave one out", id="anybody-and-somebody"),
        pytest.param('[time_outs]\nconnect = "0s"', "time_outs.connect", id="no-time-to-connect"),
        pytest.param("[time_outs]\nwhole = 30", "time_outs.whole", id="a-time-out-without-unit"),
    ],
)
def test_nonsense_is_refused_by_name(tmp_path: Path, keys: str, said: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        loaded(tmp_path, keys)
    assert said in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_tls_without_an_https_address_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="tls: no address of this target begins with https://"):
        loaded(tmp_path, '[tls]\nca_file = "ca.pem"', PLAIN)


DOCS = (Path(__file__).parents[2] / "docs" / "targets.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", DOCS, flags=re.DOTALL)


def test_the_examples_of_the_documentation_load(tmp_path: Path) -> None:
    whole, connected, wires, _ = EXAMPLES
    assert loaded(tmp_path, "", whole).guard is not None
    target = loaded(tmp_path, connected, whole)
    assert target.client.proxy == "http://proxy.example.test:3128"
    assert target.tls.client_key is not None
    assert loaded(tmp_path, wires, whole).wires is not None


@pytest.mark.parametrize("table", [Client, Tls, TimeOuts])
def test_every_key_is_documented(table: type[BaseModel]) -> None:
    for key in table.model_fields:
        assert f"| `{key}` |" in DOCS, key
