"""The process: how it says that it listens, how it refuses wrong settings, how it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import statistics
import subprocess
import threading
import time
from pathlib import Path

import httpx
import pytest

from tests.mock_gateway.conftest import StartGateway
from tests.mock_gateway.messages import REST_HEADERS, inquiry_270, sale_body
from tests.mock_gateway.running import RunningGateway, launch

_SLOW = '[[faults]]\nkind = "stall"\nadd = "30s"\n'


def refusal(*arguments: str, **environment: str) -> str:
    """Standard error of a gateway that must refuse to start with exit code 2."""
    process = launch(arguments, **environment)
    out, errors = process.communicate(timeout=10)
    assert process.returncode == 2, errors
    assert out == ""
    assert "Traceback" not in errors
    assert "usage:" not in errors
    return errors


def send_slow_request(gateway: RunningGateway) -> threading.Thread:
    """A request that is in flight when this returns."""

    def post() -> None:
        with pytest.raises(httpx.HTTPError):
            gateway.sale(sale_body())

    thread = threading.Thread(target=post)
    thread.start()
    with httpx.Client(base_url=gateway.url) as watcher:
        deadline = time.monotonic() + 3
        while not watcher.get("/_control/stats").json()["in_flight"]:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    return thread


def test_one_line_says_where_it_listens(instant: RunningGateway) -> None:
    facts = instant.announcement
    assert facts["event"] == "listening"
    assert facts["url"] == f"http://127.0.0.1:{facts['port']}"
    assert (facts["profile"], facts["pid"]) == ("instant", instant.process.pid)
    assert instant.client.get("/healthz").json() == {"status": "ok", "profile": "instant"}


def test_a_port_in_use_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"port {port}: Address already in use" in refusal("--port", str(port))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--profile", "stedy"], "did you mean steady?"),
        (["--profile", "nonesuch"], "brownout, instant, mm4, monday_peak, steady"),
        (["--profile", "/nonesuch/p.toml"], "No such file"),
        (["--port", "70000"], "port: must be less than or equal to 65535"),
        (["--seed", "-1"], "whole number"),
        (["--host", "0.0.0.0"], "only loopback"),
        (["--bogus"], "unrecognized"),
    ],
)
def test_wrong_options_are_refused_in_one_message(arguments: list[str], said: str) -> None:
    assert said in refusal(*arguments)


def test_an_empty_secret_is_refused() -> None:
    assert "MOCK_GATEWAY_API_SECRET" in refusal(MOCK_GATEWAY_API_SECRET="")


def test_a_bad_profile_file_is_refused_with_every_problem(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text('nam = "x"\n[sale]\nspeed = 3\n')
    said = refusal("--profile", str(path))
    assert "5 problems" in said
    assert "nam: unknown key; did you mean name?" in said


def test_it_ends_at_once_with_standard_input_even_with_requests_in_flight(
    start_gateway: StartGateway,
) -> None:
    gateway = start_gateway(_SLOW)
    caller = send_slow_request(gateway)
    assert gateway.process.stdin is not None
    gateway.process.stdin.close()
    started = time.monotonic()
    assert gateway.process.wait(timeout=5) == 0
    assert time.monotonic() - started < 1.0
    caller.join(timeout=3)
    gateway.process.stdin = None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_within_two_seconds(start_gateway: StartGateway, number: signal.Signals) -> None:
    gateway = start_gateway(_SLOW)
    caller = send_slow_request(gateway)
    gateway.process.send_signal(number)
    started = time.monotonic()
    assert gateway.process.wait(timeout=5) == 0
    assert time.monotonic() - started < 2.0
    caller.join(timeout=3)


def test_an_idle_gateway_stops_cleanly_and_says_nothing(start_gateway: StartGateway) -> None:
    gateway = start_gateway()
    gateway.sale(sale_body())
    os.kill(gateway.process.pid, signal.SIGTERM)
    assert gateway.process.wait(timeout=3) == 0
    assert gateway.close() == ""


def test_without_the_option_the_end_of_standard_input_means_nothing() -> None:
    process = launch(["--profile", "instant"])
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline()
    process.stdin.close()
    process.stdin = None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=0.3)
    process.terminate()
    process.communicate(timeout=3)


def test_equal_seeds_give_equal_service_times_and_faults(start_gateway: StartGateway) -> None:
    toml = '[[faults]]\nkind = "error_status"\nshare = 0.5\n'

    def fates(seed: str) -> list[int]:
        gateway = start_gateway(toml, "--seed", seed)
        return [gateway.inquire(inquiry_270()).status_code for _ in range(40)]

    first = fates("7")
    assert first == fates("7")
    assert first != fates("8")


def test_hundreds_wait_at_once(start_gateway: StartGateway) -> None:
    gateway = start_gateway('[[faults]]\nkind = "stall"\nadd = "1s"\n')
    assert asyncio.run(_sell_together(gateway.url, 200)) == {200}
    stats = gateway.stats()
    assert stats["in_flight_max"] > 100
    assert stats["payments"]["count"] == 200
    assert stats["cpu_s"] > 0


async def _sell_together(url: str, number: int) -> set[int]:
    limits = httpx.Limits(max_connections=number)
    async with httpx.AsyncClient(base_url=url, headers=REST_HEADERS, timeout=10, limits=limits) as client:
        posts = [client.post("/rest/payment/sale", json=sale_body()) for _ in range(number)]
        return {answer.status_code for answer in await asyncio.gather(*posts)}


def test_a_kept_connection_adds_no_delay_of_its_own(instant: RunningGateway) -> None:
    took = []
    for _ in range(30):
        started = time.monotonic()
        instant.inquire(inquiry_270())
        took.append(time.monotonic() - started)
    # Nagle's algorithm with delayed acknowledgments would make it 40 ms or more.
    assert statistics.median(took) < 0.025
