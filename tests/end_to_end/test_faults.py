"""Every row of the contract's fault table, with real processes. Each test also checks that nothing is left behind."""

from __future__ import annotations

import os
import resource
import signal
import socket
import time
from collections.abc import Callable

import numpy as np
import pytest

from scenarios.observation import Outcome
from tests.end_to_end.declared import write_profile, write_target
from tests.end_to_end.running import Workplace, codes, wait_for

_CRASH = '[[faults]]\nkind = "crash"\nat = "{at}"'


def test_nothing_listens_so_nothing_is_sent(here: Workplace) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    target = write_target(here.path, f"http://127.0.0.1:{port}")
    done = here.finish(here.short_run("--target", target))
    assert done.returncode == 2
    assert "probe" in done.stderr
    assert f"127.0.0.1:{port}" in done.stderr
    assert not here.run_dir.exists()


def test_a_gateway_that_is_dead_from_the_first_request_fails(here: Workplace) -> None:
    done = here.finish(here.short_run(faults=_CRASH.format(at="0s"), duration="30s"))
    assert done.returncode == 1, done.stdout
    assert here.check_accounts()["ended"] == "curtailed"
    assert all(each["hits"] == 0 for each in here.verdict()["clauses"][0]["populations"])


def test_a_gateway_that_dies_halfway_fails_and_the_run_goes_on_until_nothing_can_help(
    here: Workplace,
) -> None:
    done = here.finish(here.short_run(faults=_CRASH.format(at="3s"), duration="30s"))
    assert done.returncode == 1, done.stdout
    end = here.check_accounts()
    assert end["ended"] == "curtailed"
    assert "can no longer be met" in end["reason"]
    assert end["not_due"] > end["planned"] / 3  # long before the planned end
    verdict = here.verdict()
    assert verdict["verdict"] == "FAIL"
    assert not {"ended-early", "not-started", "rows-missing", "rate-not-achieved"} & codes(verdict)
    assert verdict["run"]["ended_because"] == end["reason"]
    assert verdict["run"]["stopped_after_s"] < 20
    assert "Stopped after" in done.stdout
    first = verdict["clauses"][0]["populations"][0]
    assert 0 < first["hits"] < first["n"]


def test_refused_credentials_stop_the_run_after_twenty_refusals(here: Workplace) -> None:
    with here.gateway(write_profile(here.path)) as (_, url):
        target = write_target(here.path, url, key_variable="WRONG_KEY")
        command = here.short_run("--target", target, duration="20s")
        done = here.finish(command, environment={"WRONG_KEY": "stale"})
    assert done.returncode == 4, done.stdout
    verdict = here.verdict()
    assert verdict["verdict"] == "INVALID"
    assert "not-authorised" in codes(verdict)
    end = here.check_accounts()
    assert end["ended"] == "not-authorised"
    assert end["not_due"] > 300


def test_a_missing_secret_ends_before_anything_starts(here: Workplace) -> None:
    target = write_target(here.path, "http://127.0.0.1:9", key_variable="NOBODY_SET_THIS")
    done = here.finish(here.short_run("--target", target))
    assert done.returncode == 2
    assert "NOBODY_SET_THIS" in done.stderr


def test_a_run_folder_that_cannot_be_made_ends_before_load(here: Workplace) -> None:
    blocked = here.path / "file"
    blocked.write_text("not a folder", encoding="utf-8")
    for place in (
        blocked / "run",
        "/sys/slagate-run",
    ):  # under a file; and where nobody may write, root neither
        command = here.short_run()
        command[command.index("--run-dir") + 1] = str(place)
        done = here.finish(command)
        assert done.returncode == 2, done.stderr
        assert str(place) in done.stderr


@pytest.mark.slow
def test_a_run_never_writes_over_another(here: Workplace) -> None:
    assert here.finish(here.short_run(duration="2s")).returncode in (0, 3)
    before = here.folder.plan_file.read_bytes()
    done = here.finish(here.short_run(duration="2s"))
    assert done.returncode == 2
    assert "not empty" in done.stderr
    assert here.folder.plan_file.read_bytes() == before


def test_no_room_for_the_plan_ends_before_load(here: Workplace) -> None:
    with here.gateway(write_profile(here.path)) as (_, url):
        command = here.short_run("--target", write_target(here.path, url))
        done = here.finish(command, preexec=_limit_files_to(1000))
    assert done.returncode == 2, done.stdout + done.stderr
    assert here.rows_on_disk() == 0


def test_a_full_disk_stops_the_sending_and_keeps_what_was_written(here: Workplace) -> None:
    with here.gateway(write_profile(here.path)) as (_, url):
        command = here.short_run("--target", write_target(here.path, url), duration="30s")
        began = time.monotonic()
        done = here.finish(command, preexec=_limit_files_to(20_000))
    assert time.monotonic() - began < 25  # it did not go on for the planned thirty seconds
    assert done.returncode == 4, done.stdout + done.stderr
    assert {"recorder-failed", "rows-missing"} <= codes(here.verdict())
    assert 200 < here.rows_on_disk() <= 20_000 // 48
    assert here.check_accounts()["ended"] == "recorder-failed"


def test_a_killed_locust_process_makes_the_run_invalid_and_names_what_is_missing(here: Workplace) -> None:
    with here.started(here.short_run(duration="20s")) as process:
        wait_for(lambda: here.run_dir.exists() and here.rows_on_disk() > 60, within_s=30)
        os.kill(here.child("locust").pid, signal.SIGKILL)
        assert process.wait(20) == 4
    verdict = here.verdict()
    assert verdict["verdict"] == "INVALID"
    assert "worker-lost" in codes(verdict)
    end = here.check_accounts()
    assert end["ended"] == "engine-lost"
    assert len(end["missing"]) == sum(end["missing_by_kind"].values())
    assert here.processes() == []


def test_a_locust_process_that_is_told_to_end_still_accounts_for_every_arrival(here: Workplace) -> None:
    with here.started(here.short_run(duration="20s")) as process:
        wait_for(lambda: here.run_dir.exists() and here.rows_on_disk() > 60, within_s=30)
        os.kill(here.child("locust").pid, signal.SIGTERM)
        assert process.wait(20) == 4
    assert "worker-lost" in codes(here.verdict())
    end = here.check_accounts()
    assert end["recorded"] == end["due"]
    assert here.processes() == []


def test_an_interrupt_before_load_leaves_nothing(here: Workplace) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        with here.started(here.short_run(duration="20s")) as process:
            wait_for(lambda: here.child("mock_gateway"), within_s=30)
            process.send_signal(number)
            assert process.wait(20) == 130
        wait_for(lambda: here.processes() == [], within_s=5)
        assert not here.folder.plan_file.exists()


def test_children_end_when_slagate_run_is_killed_and_the_folder_stays_readable(here: Workplace) -> None:
    with here.started(here.short_run(duration="30s")) as process:
        wait_for(lambda: here.run_dir.exists() and here.rows_on_disk() > 60, within_s=30)
        assert len(here.processes()) == 3
        process.kill()
        wait_for(lambda: here.processes() == [], within_s=5)
    done = here.finish(here.command("judge", here.run_dir))
    assert done.returncode in (4, 130), done.stdout
    assert "ended-early" in codes(here.verdict())
    assert here.verdict()["verdict"] == "INVALID"


def test_an_interrupted_run_drains_and_is_judged(here: Workplace) -> None:
    stall = '[[faults]]\nkind = "stall"\nadd = "1s"'
    with here.started(here.short_run(faults=stall, duration="12s")) as process:
        wait_for(lambda: here.run_dir.exists() and here.rows_on_disk() > 100, within_s=30)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=20)
        assert process.returncode == 130, output
    verdict = here.verdict()
    assert verdict["exit_code"] == 130
    assert verdict["verdict"] == "INVALID"
    assert "ended-early" in codes(verdict)
    end = here.check_accounts()
    assert end["ended"] == "interrupted"
    assert end["not_due"] > 0
    outcomes = here.folder.read_observations().rows["outcome"]
    assert (outcomes != Outcome.IN_FLIGHT).all()  # what was in flight got its answer
    assert here.processes() == []


@pytest.mark.slow
def test_a_second_interrupt_cuts_the_drain_and_still_flushes(here: Workplace) -> None:
    hole = '[[faults]]\nkind = "black_hole"'
    with here.started(here.short_run("--sla", "instamed", faults=hole, duration="20s")) as process:
        wait_for(lambda: here.run_dir.exists() and here.folder.plan_file.exists(), within_s=30)
        time.sleep(2)
        process.send_signal(signal.SIGTERM)
        time.sleep(1)
        assert process.poll() is None  # it drains
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 130
    assert time.monotonic() - began < 5
    end = here.check_accounts()
    assert end["recorded"] == end["due"] == here.rows_on_disk() > 40
    assert here.processes() == []


def test_a_torn_last_row_is_dropped_and_counted(here: Workplace) -> None:
    assert here.finish(here.short_run()).returncode in (0, 3)
    rows = next(here.folder.observations.glob("*.rows"))
    rows.write_bytes(rows.read_bytes()[:-7])
    done = here.finish(here.command("judge", here.run_dir))
    assert done.returncode == 4
    assert "rows-missing" in codes(here.verdict())
    assert "torn" in next(
        doubt["message"] for doubt in here.verdict()["validity"] if doubt["code"] == "rows-missing"
    )


def test_a_port_in_use_is_said_in_one_line(here: Workplace) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        done = here.finish(here.command("gateway", "--port", str(server.getsockname()[1])))
    assert done.returncode == 2
    assert "in use" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_an_unknown_gateway_profile_says_which_exist(here: Workplace) -> None:
    done = here.finish(here.command("run", "--gateway-profile", "stedy", "--out", here.path / "runs"))
    assert done.returncode == 2
    assert "steady" in done.stderr
    assert not (here.path / "runs").exists()


def test_a_gateway_that_stops_answering_shows_its_whole_stall(here: Workplace) -> None:
    with here.gateway(write_profile(here.path)) as (gateway, url):
        command = here.short_run("--target", write_target(here.path, url), duration="7s")
        with here.started(command) as process:
            wait_for(lambda: here.run_dir.exists() and here.rows_on_disk() > 40, within_s=30)
            gateway.send_signal(signal.SIGSTOP)
            time.sleep(2)
            gateway.send_signal(signal.SIGCONT)
            process.communicate(timeout=60)
    rows = here.folder.read_observations().rows
    response_s = (rows["ended_ns"] - rows["planned_ns"]) / 1e9
    assert 1.8 < response_s.max() < 3.5
    assert (response_s > 1).sum() > 20  # arrivals kept coming while it stood still


@pytest.mark.slow
def test_a_freeze_of_five_seconds_is_in_every_response_time_it_touched(here: Workplace) -> None:
    """With a limit of 1 s there are users for 3.75 s of arrivals: the later ones wait for a user, and their service
    time alone would hide the freeze."""
    with here.gateway(write_profile(here.path)) as (gateway, url):
        target = write_target(here.path, url)
        command = here.short_run(
            "--target", target, duration="12s", rate_per_s=80, limit="1s", at_least=0.05, to_the_end=True
        )
        with here.started(command) as process:
            wait_for(lambda: here.run_dir.exists() and here.rows_on_disk() > 100, within_s=30)
            gateway.send_signal(signal.SIGSTOP)
            frozen_ns = time.time_ns()
            time.sleep(5)
            thawed_ns = time.time_ns()
            gateway.send_signal(signal.SIGCONT)
            process.communicate(timeout=60)
    rows = here.folder.read_observations().rows
    assert here.check_accounts()["recorded"] == len(rows) > 700
    during = rows[(rows["planned_ns"] > frozen_ns) & (rows["planned_ns"] < thawed_ns)]
    assert len(during) > 4 * 80  # arrivals kept coming
    assert (during["ended_ns"] >= thawed_ns).all()  # so the response time shows all of it, for each
    assert (during["ended_ns"] - during["planned_ns"]).max() > 4.8e9
    waited = during[during["started_ns"] >= thawed_ns]
    assert len(waited) > 20
    assert np.median(waited["ended_ns"] - waited["started_ns"]) < 0.5 * np.median(
        waited["ended_ns"] - waited["planned_ns"]
    )
    assert (waited["own_lag_ms"] < 1000).mean() > 0.9  # it was the gateway that held every user
    for each in here.verdict()["clauses"][0]["populations"]:
        assert each["p99_s"] is None or each["p99_s"] > 3
        assert each["service_p90_s"] is not None


def _limit_files_to(size: int) -> Callable[[], None]:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit
