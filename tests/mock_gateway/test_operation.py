"""Settings from three places, the control token, and bounds on what may come in."""

from __future__ import annotations

import base64
import socket
import threading
import time
from pathlib import Path

import httpx
import pytest

from mock_gateway.errors import SettingsError
from mock_gateway.launch_settings import LaunchSettings, load_launch_settings
from tests.mock_gateway.conftest import StartGateway
from tests.mock_gateway.messages import BASIC, EDI_PATH, REST_HEADERS, sale_body
from tests.mock_gateway.running import RunningGateway

_TOKEN = "a-token-of-enough-length"


def problems_of(arguments: list[str], **environment: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_launch_settings(arguments, environment)
    return str(caught.value).splitlines()


def test_an_option_outdoes_the_environment_which_outdoes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text('profile = "instant"\nseed = 3\nmax_body_bytes = 5000\nport = 1111\n')
    settings = load_launch_settings(
        ["--settings", str(path), "--seed", "9"], {"MOCK_GATEWAY_SEED": "5", "MOCK_GATEWAY_PORT": "2222"}
    )
    assert (settings.seed, settings.port, settings.max_body_bytes) == (9, 2222, 5000)
    assert settings.profile == "instant"
    assert settings.host == "127.0.0.1"


def test_the_file_may_be_named_in_the_environment(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text("seed = 3\n")
    assert load_launch_settings([], {"MOCK_GATEWAY_SETTINGS": str(path)}).seed == 3


def test_the_ledger_too_is_a_setting_of_all_three_places(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text('ledger = "from_file.sqlite"\nledger_sync = "FULL"\n')
    told = load_launch_settings(["--settings", str(path)], {}).build().ledger
    assert (told.path, told.synchronous) == (Path("from_file.sqlite"), "FULL")
    environment = {"MOCK_GATEWAY_LEDGER": "from_there.sqlite", "MOCK_GATEWAY_LEDGER_SYNC": "FULL"}
    told = load_launch_settings(["--ledger-sync", "NORMAL"], environment).build().ledger
    assert (told.path, told.synchronous) == (Path("from_there.sqlite"), "NORMAL")
    assert load_launch_settings([], {}).build().ledger.path is None


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text('sed = 3\nbody_timeout = "0s"\ncore_path = "core"\n')
    said = problems_of(
        ["--settings", str(path), "--port", "70000", "--host", "10.0.0.1"],
        MOCK_GATEWAY_MAX_BODY_BYTES="1e9",
        MOCK_GATEWAY_PASSWORD=" ",
    )
    assert said[0] == "settings: 7 problems"
    text = "\n".join(said)
    for expected in (
        "sed: unknown key; did you mean seed?",
        "body_timeout: must be greater than 0",
        "core_path: ",
        "port: must be less than or equal to 65535 (got '70000')",
        "max_body_bytes: must be a whole number (got '1e9')",
        "password: must be plain text, not empty; or unset it (MOCK_GATEWAY_PASSWORD)",
        "host 10.0.0.1: only loopback is served",
    ):
        assert expected in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--max-body-bytes", "10"], "greater than or equal to 1024"),
        (["--max-body-bytes", "99999999999"], "less than or equal to 67108864"),
        (["--body-timeout", "soon"], "not a duration"),
        (["--body-timeout", "2h"], "less than or equal to 600"),
        (["--claim-status-operation", "<x>"], "claim_status_operation: "),
        (["--host", "example.org"], "not an IP address"),
        (["--ledger-sync", "SOMETIMES"], "must be 'NORMAL' or 'FULL'"),
        (["--ledger", ""], "ledger: "),
        (["--settings", "/nonesuch.toml"], "cannot be read"),
    ],
)
def test_absurd_values_are_refused(arguments: list[str], said: str) -> None:
    assert said in "\n".join(problems_of(arguments))


def test_a_secret_is_never_repeated() -> None:
    said = problems_of([], MOCK_GATEWAY_CONTROL_TOKEN="hush", MOCK_GATEWAY_API_KEY="se\x07cret")
    assert "hush" not in "\n".join(said)
    assert "cret" not in "\n".join(said).replace("secret", "")
    token = LaunchSettings(control_token=_TOKEN, password="hidden-away").build()
    assert _TOKEN not in repr(token)
    assert "hidden-away" not in repr(token)


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        ([], {}, "only loopback"),
        (["--allow-remote"], {}, "MOCK_GATEWAY_CONTROL_TOKEN"),
        (["--allow-remote"], {"MOCK_GATEWAY_CONTROL_TOKEN": "short"}, "at least 16 characters"),
        ([], {"MOCK_GATEWAY_CONTROL_TOKEN": _TOKEN}, "only loopback"),
    ],
)
def test_other_than_loopback_needs_permission_and_a_token(
    arguments: list[str], environment: dict[str, str], said: str
) -> None:
    assert said in "\n".join(problems_of(["--host", "0.0.0.0", *arguments], **environment))


def test_beyond_loopback_the_control_interface_asks_for_its_token() -> None:
    gateway = RunningGateway(
        *("--profile", "instant", "--host", "0.0.0.0", "--allow-remote"), MOCK_GATEWAY_CONTROL_TOKEN=_TOKEN
    )
    url = f"http://127.0.0.1:{gateway.announcement['port']}"
    with httpx.Client(base_url=url) as client:
        for path in (
            "/_control/stats",
            "/_control/ledger",
            "/_control/ledger.csv",
            "/_control/ledger.jsonl",
            "/_control/payments?reference=x",
            "/_control/truth",
            "/_control/faults",
            "/metrics",
        ):
            assert client.get(path).status_code == 401
            assert client.get(path, headers={"authorization": "Bearer wrong"}).status_code == 401
            assert client.get(path, headers={"authorization": f"Bearer {_TOKEN}"}).status_code == 200
        assert client.post("/_control/faults", json={"kind": "crash"}).status_code == 401
        assert client.delete("/_control/faults").status_code == 401
        assert client.get("/healthz").status_code == 200
        assert client.post("/rest/payment/sale", json=sale_body(), headers=REST_HEADERS).status_code == 200
    gateway.close()


def send(gateway: RunningGateway, *pieces: bytes) -> bytes:
    """What comes back on a connection of its own until it is closed or nothing comes for a while."""
    with socket.create_connection(("127.0.0.1", gateway.announcement["port"]), timeout=5) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
            return connection.recv(4000)
        except (ConnectionResetError, BrokenPipeError):
            return b"reset"


def test_a_head_that_is_too_long_is_refused(instant: RunningGateway) -> None:
    head = b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-long: " + b"a" * 40_000
    assert b" 431 " in send(instant, head + b"\r\n\r\n")


def test_a_head_that_never_ends_is_refused_as_soon_as_it_is_too_long(instant: RunningGateway) -> None:
    pieces = [b"GET /healthz HTTP/1.1\r\nhost: x\r\n"]
    pieces += [b"x-%d: %s\r\n" % (number, b"a" * 1000) for number in range(40)]
    assert send(instant, *pieces)[:12] in (b"HTTP/1.1 431", b"reset")
    assert instant.client.get("/healthz").status_code == 200


def test_a_long_address_is_refused(instant: RunningGateway) -> None:
    assert b" 431 " in send(instant, b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n")


def test_the_bound_on_heads_is_a_setting(start_gateway: StartGateway) -> None:
    gateway = start_gateway("", "--max-header-bytes", "2000")
    answers = [
        gateway.client.get("/healthz", headers={"x-long": "a" * size}).status_code for size in (1000, 3000)
    ]
    assert answers == [200, 431]


@pytest.mark.parametrize("length", ["-5", "abc", "1, 2", "99999999999999999999999", "0x10"])
def test_a_content_length_that_is_no_number_is_a_bad_request(instant: RunningGateway, length: str) -> None:
    head = "POST /rest/payment/sale HTTP/1.1\r\nhost: x\r\napi-key: mock-key\r\napi-secret: mock-secret\r\n"
    answer = send(instant, f"{head}content-length: {length}\r\n\r\n{{}}".encode())
    assert answer[:12] in (b"HTTP/1.1 400", b"HTTP/1.1 413")


def test_a_body_that_never_comes_is_answered_after_its_time(start_gateway: StartGateway) -> None:
    gateway = start_gateway("", "--body-timeout", "300ms")
    started = time.monotonic()
    basic = base64.b64encode(":".join(BASIC).encode()).decode()
    head = f"POST {EDI_PATH} HTTP/1.1\r\nhost: x\r\nauthorization: Basic {basic}\r\n"
    assert b" 408 " in send(gateway, f"{head}content-length: 500\r\n\r\n<a>".encode())
    assert time.monotonic() - started >= 0.3


def test_a_graceful_stop_lets_short_requests_finish(start_gateway: StartGateway) -> None:
    gateway = start_gateway('[[faults]]\nkind = "latency"\nadd = "400ms"\n')
    with httpx.Client(base_url=gateway.url) as client:
        statuses: list[int] = []
        caller = threading.Thread(target=lambda: statuses.append(gateway.sale(sale_body()).status_code))
        caller.start()
        while not client.get("/_control/stats").json()["in_flight"]:
            time.sleep(0.01)
        gateway.process.terminate()
        caller.join()
    assert statuses == [200]
    assert gateway.process.wait(timeout=5) == 0
