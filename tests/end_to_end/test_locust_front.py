"""Locust where its users expect it: the web UI with an SLA tab, and a plain `locust -f` with our exit codes."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from scenarios.run_folder import RunFolder
from tests.end_to_end.declared import write_profile, write_scenario, write_sla, write_target
from tests.end_to_end.running import Workplace, free_port, wait_for

LOCUSTFILE = Path(__file__).parents[2] / "loadtests" / "locustfile.py"


class Web:
    """Somebody at the web UI."""

    def __init__(self, url: str) -> None:
        self._url = url

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self._url + path, timeout=30) as reply:
            return str(reply.read().decode())

    def post(self, path: str, **form: str) -> str:
        data = urllib.parse.urlencode(form).encode()
        with urllib.request.urlopen(self._url + path, data=data, timeout=60) as reply:
            return str(reply.read().decode())

    def start(self, users: int = 3) -> str:
        answer: dict[str, Any] = json.loads(self.post("/swarm", user_count=str(users), spawn_rate="1"))
        assert answer["success"]
        return str(answer["message"])

    def state(self) -> str:
        return str(json.loads(self.get("/stats/requests"))["state"])

    def table(self) -> dict[str, dict[str, Any]]:
        """The rows of the SLA tab by their first column."""
        [table] = json.loads(self.get("/stats/requests"))["extended_stats"]
        return {row["class"]: row for row in table["data"]}


def web_of(process: subprocess.Popen[str]) -> Web:
    """The web UI whose address a process prints."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            threading.Thread(target=process.stdout.read, daemon=True).start()  # keep its pipe from filling up
            return Web(found[0])
    raise AssertionError("".join(lines))


def accounts(path: Path) -> dict[str, Any]:
    """end.json, when it adds up with the rows."""
    folder = RunFolder(path)
    end = folder.read_end()
    assert end is not None
    assert len(folder.read_observations().rows) == end["recorded"] == end["due"] > 100
    return end


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("workers", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_a_person_starts_stops_and_starts_again_in_the_web_ui(here: Workplace, workers: int) -> None:
    command = here.short_run("--web", "--workers", str(workers), rate_per_s=100, duration="60s")
    with here.started(command) as process:
        web = web_of(process)
        if workers > 1:
            wait_for(lambda: json.loads(web.get("/worker-count"))["worker_count"] == workers, within_s=30)
        assert "SLA" in web.get("/")
        assert "users are ignored" not in web.get("/stats/requests")
        assert re.search(r"are ignored: the plan needs \d{3,} users", web.start())
        wait_for(lambda: here.run_dir.exists() and here.rows_on_disk() > 300, within_s=40)
        wait_for(lambda: web.table().get("payment", {}).get("judged"), within_s=60)  # while it goes on
        assert json.loads(web.post("/stop"))["success"]
        first = accounts(here.run_dir)  # everything is there when Locust says that it has stopped
        assert first["ended"] == "interrupted"
        assert first["not_due"] > 1000
        assert len(first["workers"]) == workers
        assert (here.run_dir / "verdict.json").is_file()
        assert str(here.run_dir) in web.table()
        assert "Run folder" in web.get("/slagate")

        wait_for(lambda: web.state() in ("ready", "stopped"), within_s=20)
        web.start()
        second = Path(f"{here.run_dir}-2")
        wait_for(lambda: len(RunFolder(second).read_observations().rows) > 200, within_s=40)
        process.send_signal(signal.SIGINT)
        assert process.wait(40) == 130
    assert accounts(second)["ended"] == "interrupted"
    nonces = {RunFolder(path).read_plan()["nonce"] for path in (here.run_dir, second)}
    assert len(nonces) == 2
    assert wait_for(lambda: here.processes() == [], within_s=10)


@pytest.mark.slow
def test_a_run_that_reaches_its_end_in_the_web_ui_passes_and_can_be_started_again(here: Workplace) -> None:
    with here.started(here.short_run("--web", rate_per_s=100, duration="3s")) as process:
        web = web_of(process)
        web.start()
        wait_for(lambda: (here.run_dir / "verdict.json").is_file(), within_s=60)
        wait_for(lambda: web.state() == "stopped", within_s=20)
        assert accounts(here.run_dir)["ended"] == "completed"
        account = here.folder.read_gateway()
        assert account is not None
        assert account["truth_rows"] > 200
        verdict = here.verdict()
        assert verdict["sentence"] in web.get("/slagate/report")
        assert (
            wait_for(lambda: web.table().get("healthcare"), within_s=20)["says"]
            == (verdict["clauses"][0]["populations"][0]["verdict"])
        )
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == verdict["exit_code"]
    assert wait_for(lambda: here.processes() == [], within_s=10)


def plain_locust(here: Workplace, *arguments: str, limit: str = "10s", **scenario: Any) -> list[str]:
    traffic, sla = write_scenario(here.path, **scenario), write_sla(here.path, limit=limit)
    given = ["--scenario", traffic, "--sla", sla, "--run-dir", here.run_dir]
    return [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), *map(str, given), *arguments]


def test_a_plain_headless_locust_ends_with_our_exit_code(here: Workplace) -> None:
    with here.gateway(write_profile(here.path)) as (_, url):
        command = plain_locust(here, "--headless", "--target", str(write_target(here.path, url)))
        done = here.finish(command)
    end = accounts(here.run_dir)
    assert end["ended"] == "completed"
    assert done.returncode == here.verdict()["exit_code"]
    assert here.verdict()["sentence"] in done.stdout
    assert here.verdict()["sentence"] in here.folder.report_file.read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_plain_locust_against_slow_answers_fails_with_1_whatever_locust_thinks(here: Workplace) -> None:
    with here.gateway(write_profile(here.path, service_time="8s")) as (_, url):
        done = here.finish(plain_locust(here, "--headless", "--target", url, limit="3s"))
    assert accounts(here.run_dir)["recorded"] > 100
    assert here.verdict()["verdict"] == "FAIL"
    assert done.returncode == 1


@pytest.mark.slow
def test_a_plain_locust_starts_the_embedded_gateway_and_stops_at_its_run_time(here: Workplace) -> None:
    done = here.finish(plain_locust(here, "--headless", "--run-time", "6s", duration="60s"))
    end = accounts(here.run_dir)
    assert end["ended"] == "interrupted"
    assert done.returncode == 130


def test_a_plain_locust_is_told_what_is_wrong_before_load(here: Workplace) -> None:
    done = here.finish(plain_locust(here, "--headless", "--target", "https://elsewhere.example.test"))
    assert done.returncode == 2
    assert "guard" in done.stderr
    assert not here.run_dir.exists()


@pytest.mark.slow
def test_a_plain_master_and_worker_make_a_run(here: Workplace) -> None:
    port = str(free_port())
    with here.gateway(write_profile(here.path)) as (_, url):
        target = ("--headless", "--target", url)
        master = plain_locust(here, *target, "--master", "--master-bind-port", port, rate_per_s=100)
        worker = plain_locust(here, "--worker", "--master-port", port, rate_per_s=100)
        with here.started(worker), here.started(master) as process:
            code = process.wait(60)
    end = accounts(here.run_dir)
    assert end["ended"] == "completed"
    assert code == here.verdict()["exit_code"]
    assert wait_for(lambda: here.processes() == [], within_s=10)
