"""How transactions are sent changes nothing about what is found: Locust's client, or ours, plain or over TLS."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from scenarios.kinds import Kind
from scenarios.observation import Outcome, Rows
from tests.end_to_end.declared import write_profile, write_sla, write_target
from tests.end_to_end.running import Workplace
from tests.end_to_end.tls_front import TlsFront
from tests.loadtests.http_certificates import make_certificates

# A fault with a share befalls the same requests of a route, by number, whoever sends them.
FAULTS = """
[[faults]]
kind = "error_status"
route = "eligibility"
share = 0.08
[[faults]]
kind = "reset"
route = "eligibility"
share = 0.05
[[faults]]
kind = "truncated_body"
route = "eligibility"
share = 0.05
[[faults]]
kind = "malformed_reply"
route = "eligibility"
share = 0.05
[[faults]]
kind = "black_hole"
route = "eligibility"
share = 0.04
[[faults]]
kind = "latency"
route = "sale"
share = 0.3
add = "2s"
"""
TIME_OUTS = '[time_outs]\nfirst_byte = "3s"\nwhole = "3s"\n'


def run_with(here: Workplace, name: str, engine: str) -> tuple[Rows, dict[str, Any], Workplace]:
    """Rows, verdict and place of a run with this client, against a gateway of its own."""
    place = replace(here, path=here.path / name)
    place.path.mkdir()
    with place.gateway(write_profile(place.path, FAULTS)) as (_, url):
        target = write_target(place.path, url)
        target.write_text(f'{target.read_text()}{TIME_OUTS}[client]\nengine = "{engine}"\n')
        lenient = {
            "limit": "1s",
            "at_least": 0.05,
            "to_the_end": True,
        }  # or it would stop once it is sure to fail
        place.finish(place.short_run("--target", target, rate_per_s=60, duration="10s", **lenient))
    place.check_accounts()
    strict, judged = write_sla(place.path, limit="1s"), place.path / "judged"
    done = place.finish(place.command("judge", place.run_dir, "--sla", strict, "--out", judged))
    assert done.returncode in (1, 4), done.stdout
    verdict = json.loads((judged / "verdict.json").read_text(encoding="utf-8"))
    return place.folder.read_observations().rows, verdict, place


def outcomes(rows: Rows) -> dict[tuple[str, str], int]:
    """How often each kind had each outcome; answers as one, as which of them a fault befell is a matter of order."""
    counts: dict[tuple[str, str], int] = {}
    for kind, outcome in zip(rows["kind"].tolist(), rows["outcome"].tolist(), strict=True):
        is_fault = outcome in (Outcome.ERROR, Outcome.CONNECTION, Outcome.TIMEOUT, Outcome.WRONG_REPLY)
        what = Outcome(outcome).text if is_fault or kind == Kind.CARD_SALE else "answered"
        counts[Kind(kind).text, what] = counts.get((Kind(kind).text, what), 0) + 1
    return counts


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_both_clients_come_to_the_same_verdict_about_the_same_gateway(here: Workplace) -> None:
    rows, verdict, _ = run_with(here, "ours", "own")
    others, other, _ = run_with(here, "theirs", "fasthttp")
    assert len(rows) == len(others) > 500
    assert outcomes(rows) == outcomes(others)
    inquiry = Kind.ELIGIBILITY_INQUIRY.text
    for what in (Outcome.ERROR, Outcome.CONNECTION, Outcome.TIMEOUT):
        assert outcomes(rows)[inquiry, what.text] >= 5
    assert outcomes(rows)[Kind.CARD_SALE.text, Outcome.DECLINED.text] >= 3
    assert verdict["verdict"] == other["verdict"] == "FAIL"
    for one, another in zip(
        verdict["clauses"][0]["populations"], other["clauses"][0]["populations"], strict=True
    ):
        assert one["name"] == another["name"]
        assert one["verdict"] == another["verdict"]
        assert one["n"] == another["n"] > 200
        # which of a route's requests is the slow one, the warm-up's or the next, is a matter of order
        assert abs(one["hits"] - another["hits"]) <= 5
        assert 0 < one["hits"] < one["n"]


@pytest.mark.slow
def test_a_run_over_tls_keeps_its_connections(
    here: Workplace, tmp_path_factory: pytest.TempPathFactory
) -> None:
    certificates = make_certificates(tmp_path_factory.mktemp("certificates"))
    with (
        here.gateway(write_profile(here.path)) as (_, url),
        TlsFront(url, certificates).listening() as front,
    ):
        target = write_target(here.path, front.url)
        target.write_text(f'{target.read_text()}[tls]\nca_file = "{certificates.authority}"\n')
        done = here.finish(here.short_run("--target", target, rate_per_s=80, duration="4s"))
        connections = front.handshakes
    assert done.returncode in (0, 3, 4), done.stdout  # 4: late on a busy machine
    rows = here.folder.read_observations().rows
    assert len(rows) > 250
    assert set(rows["outcome"]) <= {Outcome.COMPLETED, Outcome.DECLINED, Outcome.REJECTED}
    # the probe's two, and one for each user that was busy at the same time as others, at either of two wires
    at_once = max(
        int(((rows["started_ns"] <= moment) & (rows["ended_ns"] > moment)).sum())
        for moment in rows["started_ns"]
    )
    assert connections < len(rows) / 4
    assert connections <= 2 + 2 * at_once


def test_a_gateway_whose_certificate_is_not_trusted_gets_nothing(
    here: Workplace, tmp_path_factory: pytest.TempPathFactory
) -> None:
    certificates = make_certificates(tmp_path_factory.mktemp("certificates"))
    with (
        here.gateway(write_profile(here.path)) as (_, url),
        TlsFront(url, certificates).listening() as front,
    ):
        done = here.finish(here.short_run("--target", write_target(here.path, front.url)))
    assert done.returncode == 2
    assert "certificate not trusted" in done.stderr
    assert not here.run_dir.exists()
