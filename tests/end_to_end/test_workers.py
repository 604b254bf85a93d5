"""Runs by several workers, with real processes: the same traffic, every row once, and nobody who does not belong."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scenarios.observation import Rows
from scenarios.run_folder import RunFolder
from tests.end_to_end.declared import write_profile, write_target
from tests.end_to_end.fake_worker import fake_worker
from tests.end_to_end.running import Workplace, codes, free_port, wait_for

SLOW_ANSWERS = '[[faults]]\nkind = "stall"\nadd = "300ms"'


def run_by(here: Workplace, workers: int, **scenario: Any) -> Rows:
    """The rows of a run by so many workers."""
    command = here.short_run("--workers", str(workers), to_the_end=True, **scenario)
    command[command.index("--run-dir") + 1] = str(here.path / f"by-{workers}")
    done = here.finish(command)
    assert "INVALID" not in done.stdout or "generator" in done.stdout, done.stdout  # late on a busy machine
    folder = RunFolder(here.path / f"by-{workers}")
    end = folder.read_end()
    assert end is not None
    assert end["ended"] == "completed"
    assert end["recorded"] == end["planned"]
    assert len(end["workers"]) == workers
    assert all(worker["rows"] > 0 and not worker["lost"] for worker in end["workers"])
    return folder.read_observations().rows


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_one_two_and_five_workers_send_the_same_arrivals(here: Workplace) -> None:
    sent = []
    for workers in (1, 2, 5):
        rows = run_by(here, workers, rate_per_s=100, duration="3s")
        rows = rows[np.argsort(rows["arrival"])]
        t0_ns = RunFolder(here.path / f"by-{workers}").read_plan()["t0_ns"]
        assert set(rows["worker"]) == set(range(workers))
        assert (rows["arrival"] // 256 % workers == rows["worker"]).all()
        sent.append((rows["arrival"], rows["kind"], rows["payer"], rows["planned_ns"] - t0_ns))
        assert len(rows) > 250
    for other in sent[1:]:
        for one, another in zip(sent[0], other, strict=True):
            assert np.array_equal(one, another)


@pytest.mark.slow
def test_half_of_all_batches_lost_on_the_way_leave_every_row_once(here: Workplace) -> None:
    command = here.short_run("--workers", "2", rate_per_s=200, duration="5s", to_the_end=True)
    done = here.finish(command, environment={"SLAGATE_TEST_DROP_BATCHES": "0.5"})
    end = here.check_accounts()
    assert end["ended"] == "completed", done.stdout
    rows = here.folder.read_observations().rows
    assert len(rows) == len(np.unique(rows["arrival"])) == end["planned"] > 800
    assert len(here.folder.read_payments().rows) == (rows["wire"] == 1).sum() > 300
    assert end["batches"]["early"] + end["batches"]["repeated"] > 0
    assert sum(worker["batches"] for worker in end["workers"]) > 2 * 2 * 5


@pytest.mark.slow
def test_end_json_has_what_a_row_took_on_its_way_and_every_processes_health(here: Workplace) -> None:
    here.finish(here.short_run("--workers", "2", rate_per_s=400, duration="4s", to_the_end=True))
    end = here.check_accounts()
    for worker in end["workers"]:
        assert worker["rows"] == worker["made"] > 600
        assert worker["wire_bytes"]["observations"] <= 12 * worker["rows"]
    health = end["generator"]
    assert len(health["processes"]) == 2
    assert all(0 < process["cpu_share"] < 1 for process in health["processes"])
    assert 0 < health["master"]["cpu_share"] < 1
    assert sum(health["rate"]["planned"]) == sum(health["rate"]["started"]) == end["planned"]
    assert health["own_lag_ms"]["p50"] <= health["own_lag_ms"]["p99"] <= health["own_lag_ms"]["max"]
    for worker in end["workers"]:  # one host: one wall clock
        assert abs(worker["clock_offset_ms"]) < 20
        assert worker["round_trip_ms"] < 100


@pytest.mark.slow
def test_an_interrupt_stops_every_worker_and_drains(here: Workplace) -> None:
    command = here.short_run("--workers", "2", faults=SLOW_ANSWERS, rate_per_s=200, duration="20s")
    with here.started(command) as process:
        wait_for(lambda: here.run_dir.exists() and here.rows_on_disk() > 200, within_s=40)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
    end = here.check_accounts()
    assert end["ended"] == "interrupted"
    assert end["recorded"] == end["due"] == here.rows_on_disk()
    assert end["not_due"] > 1000
    assert not any(worker["lost"] for worker in end["workers"])
    assert wait_for(lambda: here.processes() == [], within_s=5)


@pytest.mark.slow
def test_an_interrupt_while_workers_start_leaves_nothing(here: Workplace) -> None:
    with here.started(here.short_run("--workers", "2", duration="20s")) as process:
        wait_for(lambda: here.locusts("--worker"), within_s=30)
        process.send_signal(signal.SIGINT)
        assert process.wait(15) == 130
    assert wait_for(lambda: here.processes() == [], within_s=5)
    assert not here.run_dir.exists() or here.rows_on_disk() == 0


def test_slagate_killed_ends_every_process_within_five_seconds(here: Workplace) -> None:
    with here.started(here.short_run("--workers", "2", rate_per_s=200, duration="20s")) as process:
        wait_for(lambda: here.run_dir.exists() and here.rows_on_disk() > 200, within_s=40)
        process.kill()
        wait_for(lambda: here.processes() == [], within_s=5)
    assert here.folder.read_end() is not None


@pytest.mark.parametrize("role", ["--master", pytest.param("--worker", marks=pytest.mark.slow)])
def test_a_full_disk_anywhere_stops_every_worker(here: Workplace, role: str) -> None:
    command = here.short_run("--workers", "2", rate_per_s=200, duration="20s")
    with here.started(command) as process:
        wait_for(lambda: here.run_dir.exists() and here.rows_on_disk() > 200, within_s=40)
        [short_of_room, *_] = here.locusts(role)
        subprocess.run(["prlimit", f"--pid={short_of_room.pid}", "--fsize=30000:30000"], check=True)
        assert process.wait(30) == 4
    end = here.check_accounts()
    assert end["ended"] == "recorder-failed"
    assert {"recorder-failed", "rows-missing"} <= codes(here.verdict())
    assert sum(end["missing_by_kind"].values()) > 0
    assert wait_for(lambda: here.processes() == [], within_s=5)


@pytest.mark.slow
def test_who_does_not_belong_to_the_run_is_refused_by_name(here: Workplace) -> None:
    port = free_port()
    bind = ("--distributed", "--expect-workers", "1", "--master-bind", f"127.0.0.1:{port}")
    with here.gateway(write_profile(here.path)) as (_, url):
        target = write_target(here.path, url)
        command = here.short_run(*bind, "--target", target, rate_per_s=100, duration="15s", to_the_end=True)
        with here.started(command) as process:
            wait_for(lambda: here.locusts("--master"), within_s=20)
            for reason, what in (
                ("runs slagate 9.9.9", {"version": "9.9.9"}),
                ("belongs to another run", {"run": "20200101-other/zzzzzz", "state": "going"}),
            ):
                with fake_worker(port) as fake:
                    fake.report(**what)
                    assert reason in fake.orders()["refused"]
            with fake_worker(port) as fake:
                fake.report()
                orders = fake.orders()
                assert orders["plan"]["seed"] == 7
                assert "credentials" not in orders["plan"]
                fake.report(run=orders["run"], state="planned", digest="0" * 64, lanes=1)
                assert "lays its share out differently" in fake.orders()["refused"]
            with here.started(here.command("worker", "--master", f"127.0.0.1:{port}")) as worker:
                wait_for(lambda: here.run_dir.exists() and here.rows_on_disk() > 50, within_s=40)
                late = subprocess.run(
                    here.command("worker", "--master", f"127.0.0.1:{port}"),
                    env=here.environment(),
                    capture_output=True,
                    text=True,
                    timeout=30,
                    check=False,
                )
                assert late.returncode == 2
                assert "after the run had started" in late.stderr
                assert worker.wait(40) == 0
            assert process.wait(20) in (0, 3, 4)
            said = process.stdout.read() if process.stdout else ""
    end = here.check_accounts()
    assert end["ended"] == "completed"
    assert end["recorded"] == end["planned"] > 500  # no row of anybody else
    reasons = " ".join(refused["reason"] for refused in end["refused"])
    assert len(end["refused"]) == 4
    for reason in ("9.9.9", "another run", "differently", "after the run had started"):
        assert reason in reasons
    assert re.search(r"worker fake:1 is refused: it runs slagate 9\.9\.9", said)
    assert here.processes() == []


@pytest.mark.slow
def test_a_worker_without_the_secrets_says_so_and_is_refused(here: Workplace, tmp_path: Path) -> None:
    port = free_port()
    bind = ("--distributed", "--master-bind", f"127.0.0.1:{port}")
    with here.gateway(write_profile(here.path)) as (_, url):
        command = here.short_run(*bind, "--target", write_target(here.path, url))
        with here.started(command) as process:
            wait_for(lambda: here.locusts("--master"), within_s=20)
            environment = here.environment()
            del environment["TEST_KEY"]
            worker = subprocess.run(
                here.command("worker", "--master", f"127.0.0.1:{port}"),
                env=environment,
                cwd=tmp_path,
                capture_output=True,
                text=True,
                timeout=30,
                check=False,
            )
            assert worker.returncode == 2
            assert "TEST_KEY" in worker.stderr
            process.send_signal(signal.SIGTERM)
            assert process.wait(15) == 130
    assert here.processes() == []


@pytest.mark.slow
def test_a_worker_whose_parent_is_killed_ends_although_it_never_found_a_master(here: Workplace) -> None:
    with here.started(here.command("worker", "--master", f"127.0.0.1:{free_port()}")) as process:
        wait_for(lambda: here.locusts("--worker"), within_s=20)
        os.kill(process.pid, signal.SIGKILL)
        wait_for(lambda: here.processes() == [], within_s=10)


WRONG_CLOCK = """
import time

for name, ahead in (("time", 3), ("time_ns", 3_000_000_000)):
    setattr(time, name, lambda read=getattr(time, name), ahead=ahead: read() + ahead)
"""


@pytest.mark.slow
def test_a_worker_whose_clock_is_three_seconds_ahead_is_found_out_within_milliseconds(
    here: Workplace,
) -> None:
    port, wrong = free_port(), here.path / "wrong_clock"
    wrong.mkdir()
    (wrong / "sitecustomize.py").write_text(WRONG_CLOCK, encoding="utf-8")
    bind = ("--distributed", "--expect-workers", "2", "--master-bind", f"127.0.0.1:{port}")
    worker = here.command("worker", "--master", f"127.0.0.1:{port}")
    ahead = ["env", f"PYTHONPATH={wrong}:{os.environ.get('PYTHONPATH', '')}", *worker]
    with here.gateway(write_profile(here.path)) as (_, url):
        command = here.short_run(*bind, "--target", write_target(here.path, url), rate_per_s=200)
        with here.started(command) as process, here.started(worker) as right, here.started(ahead) as off:
            assert (right.wait(60), off.wait(20)) == (0, 0)
            process.communicate(timeout=30)
    end = here.check_accounts()
    assert end["ended"] == "completed"
    offsets_ms = sorted(worker["clock_offset_ms"] for worker in end["workers"])
    assert abs(offsets_ms[0]) < 5
    assert abs(offsets_ms[1] - 3000) < 5
    rows = here.folder.read_observations().rows
    assert len(rows) == end["planned"] > 800
    for place in range(2):  # neither sent three seconds early or late, and every row is on the master's time
        own = rows[rows["worker"] == place]
        assert len(own) > 350
        assert abs(np.median(own["started_ns"] - own["planned_ns"])) < 1e9
