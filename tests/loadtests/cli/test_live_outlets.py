"""Live numbers for machines: JSON lines and Prometheus text."""

from __future__ import annotations

import io
import json
import socket
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console

from analysis.doubts import DoubtCode, doubt
from loadtests.cli.json_lines import JsonLines
from loadtests.cli.live_options import check_live_options, open_views, useless_early_stop
from loadtests.cli.metrics_endpoint import MetricsEndpoint, render_metrics
from scenarios.errors import DeclarationError
from tests.loadtests.builders import phase, run_plan
from tests.loadtests.cli.live_reports import live_class, report

DOCS = Path(__file__).parents[3] / "docs" / "live.md"
WORRIED = report(
    classes=(live_class("healthcare", 280, 290, overdue=10, slow=8, error=2), live_class("payment", 0, 0)),
    doubts=(doubt(DoubtCode.GENERATOR_LATE, "said"),),
)


def test_a_progress_event_says_everything_with_its_unit(capsys: pytest.CaptureFixture[str]) -> None:
    with JsonLines() as lines:
        lines.show(WORRIED)
        lines.say("2 workers start.")
        lines.show_gathering({"workers": 1, "of": 2})
    progress, message, gathering = map(json.loads, capsys.readouterr().out.splitlines())
    assert progress["event"] == "progress"
    assert (progress["elapsed_s"], progress["left_s"], progress["achieved_per_s"]) == (12.4, 37.6, 39.84)
    healthcare, payment = progress["clauses"][0]["populations"]
    assert (healthcare["n"], healthcare["hits"], healthcare["share"]) == (300, 280, 280 / 300)
    assert healthcare["misses"] == {"slow": 8, "error": 2, "overdue": 10}
    assert healthcare["lower"] < healthcare["share"] < healthcare["upper"]
    assert (payment["share"], payment["lower"], payment["upper"]) == (None, None, None)
    assert progress["doubts"][0] == {
        "code": "generator-late",
        "severity": "invalid",
        "population": None,
        "message": "said",
    }
    assert message == {"event": "message", "text": "2 workers start."}
    assert gathering == {"event": "gathering", "workers": 1, "of": 2}


def test_every_field_and_metric_is_in_the_docs() -> None:
    text = DOCS.read_text(encoding="utf-8")
    fields = [*WORRIED.to_json(), *WORRIED.to_json()["clauses"][0]["populations"][0]]
    metrics = [line.split()[2] for line in render_metrics(WORRIED).splitlines() if line.startswith("# TYPE")]
    assert [name for name in (*fields, *metrics) if f"`{name}`" not in text] == []


def test_nobody_reads_any_more_and_the_run_goes_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as out:
        broken = Broken(out.fileno())
        monkeypatch.setattr(sys, "stdout", broken)
        lines = JsonLines()
        lines.show(report())
        lines.show(report())
        assert broken.tries == 1


class Broken(io.StringIO):
    """A standard output whose reader has gone."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number, self.tries = number, 0

    def fileno(self) -> int:
        return self.number

    def write(self, _text: str) -> int:
        self.tries += 1
        raise BrokenPipeError


def test_prometheus_reads_what_is_served() -> None:
    with MetricsEndpoint(0) as endpoint:
        assert {each.name: each.samples[0].value for each in scraped(endpoint)} == {"slagate_running": 0.0}
        endpoint.show(WORRIED)
        families = {each.name: each for each in scraped(endpoint)}
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(endpoint.url.replace("/metrics", "/"), timeout=5)
    assert families["slagate_running"].samples[0].value == 1
    assert (families["slagate_sent"].type, families["slagate_sent"].samples[0].value) == ("counter", 496)
    labels = {"clause": "transaction-time", "class": "healthcare"}
    found = {each.labels["cause"]: each.value for each in families["slagate_misses"].samples}
    assert found == {"slow": 8, "error": 2}
    for name, value in (("judged", 290), ("hits", 280), ("overdue", 10)):
        [sample] = [each for each in families[f"slagate_{name}"].samples if each.labels == labels]
        assert sample.value == value
    [lower] = families["slagate_share_lower_bound"].samples
    assert 0.85 < lower.value < 280 / 300
    assert families["slagate_doubt"].samples[0].labels == {"code": "generator-late", "severity": "invalid"}
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(endpoint.url, timeout=5)


def scraped(endpoint: MetricsEndpoint) -> list:  # type: ignore[type-arg]
    with urllib.request.urlopen(endpoint.url, timeout=5) as reply:
        return list(text_string_to_metric_families(reply.read().decode()))


def test_a_reader_that_hangs_holds_nothing_up() -> None:
    with MetricsEndpoint(0) as endpoint:
        port = int(endpoint.url.split(":")[2].split("/")[0])
        with socket.create_connection(("127.0.0.1", port)):
            assert len(scraped(endpoint)) == 1
            began = time.monotonic()
    assert time.monotonic() - began < 3


def test_a_taken_port_is_the_users_to_choose_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(DeclarationError, match=rf"--metrics-port.*\n?.*127\.0\.0\.1:{port}"):
            MetricsEndpoint(port)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"json": True, "json_lines": True}, id="two-owners-of-standard-output"),
        pytest.param({"web": True, "json_lines": True}, id="web-and-json-lines"),
        pytest.param({"web": True, "early_stop": True}, id="web-and-early-stop"),
        pytest.param({"web": True, "port": 0}, id="web-and-metrics"),
    ],
)
def test_options_that_contradict_each_other_are_refused(given: dict[str, bool]) -> None:
    nothing = {"json": False, "json_lines": False, "early_stop": False, "port": None, "web": False}
    check_live_options(**nothing)  # type: ignore[arg-type]
    with pytest.raises(DeclarationError):
        check_live_options(**{**nothing, **given})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("silent", "json_lines", "kinds"),
    [(False, False, ["Progress"]), (True, False, []), (False, True, ["JsonLines"])],
)
def test_who_is_shown_what(
    capsys: pytest.CaptureFixture[str], silent: bool, json_lines: bool, kinds: list[str]
) -> None:
    views = open_views(Console(stderr=True), silent=silent, json_lines=json_lines, metrics_port=None)
    assert [type(each).__name__ for each in views] == kinds
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("duration", "stall", "useless"),
    [("15m", "6s", True), ("16m", "6s", False), ("16m", "20s", True), ("16m", None, False)],
)
def test_early_stop_says_where_it_has_no_effect(duration: str, stall: str | None, useless: bool) -> None:
    plan = run_plan(phase(1, duration), warm_up="1s", longest_stall=stall)
    assert bool(useless_early_stop(plan)) is useless
