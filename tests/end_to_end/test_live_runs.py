"""Runs that are followed, and runs that end because nothing can change their verdict any more."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from scenarios.observation import Outcome
from tests.end_to_end.declared import EVERY_JOURNEY, SHORT_THINKS
from tests.end_to_end.running import Workplace, codes

CRASH = '[[faults]]\nkind = "crash"\nat = "4s"'


def shares(populations: list[dict[str, Any]]) -> dict[str, tuple[int, int, float]]:
    return {each["name"]: (each["n"], each["hits"], each["share"]) for each in populations}


def test_json_lines_end_with_the_verdict_and_metrics_are_served_meanwhile(here: Workplace) -> None:
    command = here.short_run("--json-lines", "--metrics-port", "0", rate_per_s=60, duration="4s", limit="2s")
    with here.started(command) as process:
        assert process.stdout is not None
        events: list[dict[str, Any]] = []
        served: dict[str, float] = {}
        for line in process.stdout:
            events.append(json.loads(line))
            if events[-1]["event"] == "progress" and events[-1]["sent"] > 60 and not served:
                with urllib.request.urlopen(events[0]["url"], timeout=5) as reply:
                    families = text_string_to_metric_families(reply.read().decode())
                    served = {each.name: each.samples[0].value for each in families if each.samples}
        process.wait(30)
    assert events[0]["event"] == "metrics"
    assert served["slagate_running"] == 1
    assert served["slagate_sent"] > 60
    progress = [each for each in events if each["event"] == "progress"]
    assert len(progress) > 8
    assert [each["elapsed_s"] for each in progress] == sorted(each["elapsed_s"] for each in progress)
    verdict = events[-1]
    assert verdict.pop("event") == "verdict"
    assert verdict == here.verdict()
    assert progress[-1]["phase"] == "ended"
    assert progress[-1]["sent"] == here.rows_on_disk()
    assert shares(progress[-1]["clauses"][0]["populations"]) == shares(verdict["clauses"][0]["populations"])
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(events[0]["url"], timeout=5)
    assert here.processes() == []


@pytest.mark.slow
def test_a_healthy_run_ends_when_it_is_sure_to_pass_and_the_verdict_agrees(here: Workplace) -> None:
    done = here.finish(here.short_run(duration="40s"))
    end = here.check_accounts()
    verdict = here.verdict()
    assert (end["ended"], done.returncode) == ("curtailed", 0), done.stdout
    assert verdict["verdict"] == "PASS"
    assert "is met whatever comes" in end["reason"]
    assert 0 < end["not_due"] <= end["planned"] / 10
    assert "ended-early" not in codes(verdict)
    measured = here.folder.read_plan()["planned"]["measured_by_kind"]
    for each, kind in zip(
        verdict["clauses"][0]["populations"], ("eligibility_inquiry", "card_sale"), strict=True
    ):
        assert each["hits"] >= 0.9 * measured[kind]  # the rest could all have missed
    assert (here.folder.read_observations().rows["outcome"] != Outcome.NOT_STARTED).all()
    judged_again = here.finish(here.command("judge", here.run_dir))
    assert judged_again.returncode == 0


@pytest.mark.slow
def test_several_workers_give_a_dead_gateway_up_too(here: Workplace) -> None:
    done = here.finish(here.short_run("--workers", "2", faults=CRASH, duration="40s"))
    assert done.returncode == 1, done.stdout
    end = here.check_accounts()
    assert end["ended"] == "curtailed"
    assert end["not_due"] > end["planned"] / 3
    assert not {"rows-missing", "not-started", "worker-lost", "ended-early"} & codes(here.verdict())


@pytest.mark.slow
def test_follow_ups_and_retries_do_not_hide_that_a_gateway_is_dead(here: Workplace) -> None:
    """More has come due by then than the plan has roots, which is not the plan's end."""
    again = '[retries]\nmost = 3\nhuman = { from = "0s", to = "500ms", share = 1.0 }'
    declared = {"journeys": EVERY_JOURNEY, "more": f"{SHORT_THINKS}\n{again}"}
    late = CRASH.replace("4s", "10s")
    done = here.finish(here.short_run(faults=late, duration="20s", limit="2s", **declared))
    assert done.returncode == 1, done.stdout
    end = here.check_accounts()
    assert end["ended"] == "curtailed"
    assert end["not_due"] > 50
    assert end["due"] + end["retries"]["sent"] > end["planned"]
    assert min(end["follow_ups_due"], end["retries"]["sent"]) > 100
