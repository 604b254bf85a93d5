"""What the gateway says of itself: a row per request, counters, metrics."""

from __future__ import annotations

import csv
import io
import json
import time
from pathlib import Path

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from mock_gateway.errors import SettingsError
from mock_gateway.self_watch import SelfWatch
from mock_gateway.truth import ROW, Names, TruthLog
from mock_gateway.visit import Visit
from tests.mock_gateway.conftest import StartGateway
from tests.mock_gateway.messages import BASIC, EDI_PATH, claim_276, inquiry_270, sale_body, soap_call
from tests.mock_gateway.running import RunningGateway

_QUEUE = '[other_payers]\nconcurrency = 1\nservice_time = { distribution = "constant", value = "200ms" }\n'


def test_every_request_leaves_one_row_with_its_cause(start_gateway: StartGateway) -> None:
    gateway = start_gateway('[[faults]]\nkind = "error_status"\nroute = "claim_status"\n')
    gateway.sale(sale_body())
    gateway.inquire(inquiry_270(payer="PAYER07"))
    gateway.sale(sale_body("bad"))
    gateway.inquire(inquiry_270()[:40])
    gateway.ask_claim(claim_276())
    gateway.client.post("/rest/payment/sale", json=sale_body())
    content, headers = soap_call(inquiry_270(), operation="DoMagic")
    gateway.client.post(EDI_PATH, content=content, headers=headers, auth=BASIC)
    told = [(row["route"], row["payer"], row["status"], row["cause"]) for row in gateway.truth()]
    assert told == [
        ("sale", "", "200", "ok"),
        ("eligibility", "PAYER07", "200", "ok"),
        ("sale", "", "400", "refused"),
        ("eligibility", "", "200", "syntax_rejected"),
        ("claim_status", "PAYER02", "500", "error_status"),
        ("sale", "", "401", "unauthorized"),
        ("healthcare", "", "500", "refused"),
    ]


def test_rows_tell_waiting_from_service(start_gateway: StartGateway) -> None:
    gateway = start_gateway(_QUEUE)
    before_ns = time.time_ns()
    gateway.inquire(inquiry_270())
    row = {name: int(value) for name, value in gateway.truth()[0].items() if name.endswith("_ns")}
    assert before_ns - 10**9 < row["arrived_ns"] <= row["started_ns"]
    assert row["due_ns"] - row["started_ns"] == pytest.approx(200e6, abs=1e3)
    assert row["ended_ns"] >= row["due_ns"]


def test_npz_and_csv_say_the_same(start_gateway: StartGateway) -> None:
    gateway = start_gateway()
    for payer in ("PAYER01", "PAYER02", "PAYER01"):
        gateway.inquire(inquiry_270(payer=payer))
    told = np.load(io.BytesIO(gateway.client.get("/_control/truth?format=npz").content))
    rows = told["rows"]
    assert rows.dtype == ROW
    assert [str(told["payers"][place]) for place in rows["payer"]] == ["PAYER01", "PAYER02", "PAYER01"]
    assert [str(told["causes"][place]) for place in rows["cause"]] == ["ok", "ok", "ok"]
    assert [int(row["ended_ns"]) for row in gateway.truth()] == rows["ended_ns"].tolist()
    assert gateway.client.get("/_control/truth?format=xml").status_code == 422


def test_a_named_truth_file_holds_all_rows_and_their_key_even_after_a_kill(
    start_gateway: StartGateway, tmp_path: Path
) -> None:
    path = tmp_path / "truth.rows"
    gateway = start_gateway("", "--truth", str(path))
    for _ in range(3):
        gateway.inquire(inquiry_270(payer="PAYER05"))
    deadline = time.monotonic() + 5
    while path.stat().st_size < 3 * ROW.itemsize:
        assert time.monotonic() < deadline, "rows reach the file without being asked for"
        time.sleep(0.05)
    gateway.process.kill()
    gateway.process.wait()
    rows = np.fromfile(path, ROW)
    key = json.loads(path.with_name("truth.rows.names.json").read_text())
    assert [key["payers"][place] for place in rows["payer"]] == ["PAYER05"] * 3
    assert [key["routes"][place] for place in rows["route"]] == ["eligibility"] * 3


def test_an_earlier_truth_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "truth.rows"
    path.write_bytes(b"facts")
    with pytest.raises(SettingsError, match="exists already"):
        TruthLog(path)
    assert path.read_bytes() == b"facts"


def test_an_empty_truth_is_a_table_without_rows() -> None:
    log = TruthLog()
    assert "".join(log.iterate_csv()).splitlines() == [",".join(ROW.names or ())]
    assert len(np.load(io.BytesIO(log.write_npz()))["rows"]) == 0


def test_many_rows_survive_the_buffer_in_order() -> None:
    log = TruthLog()
    for number in range(50_000):
        log.record(Visit(route="sale", arrived_s=number, ended_s=number + 1.0), "200", "ok")
    rows = log.read_rows()
    assert len(rows) == 50_000
    assert (np.diff(rows["arrived_ns"]) == 10**9).all()
    assert sum(1 for _ in csv.reader(io.StringIO("".join(log.iterate_csv())))) == 50_001


def test_endless_names_share_one_place() -> None:
    names = Names()
    places = {names.place(f"PAYER-{number}") for number in range(10_000)}
    assert len(places) <= 4096
    assert names.read()[names.place("ONE-MORE")] == "(other)"


def test_stations_tell_who_is_served_and_who_waited(start_gateway: StartGateway) -> None:
    gateway = start_gateway(_QUEUE)
    for _ in range(2):
        gateway.inquire(inquiry_270())
    station = gateway.stats()["stations"]["PAYER02"]
    assert (station["concurrency"], station["served"], station["busy_s"]) == (1, 2, 0.4)
    assert (station["in_service"], station["waiting"]) == (0, 0)


def test_the_stats_keep_what_others_read_and_add_saturation(instant: RunningGateway) -> None:
    stats = instant.stats()
    assert {"cpu_share", "cpu_s", "uptime_s", "requests", "in_flight", "payments", "seed"} <= set(stats)
    assert stats["is_saturated"] in (True, False)
    assert stats["timer_lag_ms_p99"] <= stats["timer_lag_ms_max"]


def test_the_watch_reads_lateness_and_recent_load() -> None:
    watch = SelfWatch()
    for second in range(11):
        watch.note(0.001 * second, moment_s=second, spent_s=0.9 * second)
    said = watch.read()
    assert said["cpu_share_recent"] == pytest.approx(0.9)
    assert said["is_saturated"] is True
    assert said["timer_lag_ms_max"] == pytest.approx(10.0)


def test_metrics_are_read_by_prometheus(start_gateway: StartGateway) -> None:
    gateway = start_gateway()
    gateway.sale(sale_body())
    gateway.inquire(inquiry_270(payer='ODD"NAME\\'))
    gateway.add_fault(kind="reset", at="1h")
    answer = gateway.client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    requests = {
        (sample.labels["route"], sample.labels["status"]): sample.value
        for sample in families["mock_gateway_requests"].samples
    }
    assert requests == {("sale", "200"): 1, ("eligibility", "200"): 1}
    counts = {
        sample.labels["route"]: sample.value
        for sample in families["mock_gateway_response_seconds"].samples
        if sample.name.endswith("_bucket") and sample.labels["le"] == "+Inf"
    }
    assert counts == {"sale": 1, "eligibility": 1}
    stations = {sample.labels["station"] for sample in families["mock_gateway_station_served"].samples}
    assert 'ODD"NAME\\' in stations
    assert families["mock_gateway_cpu_seconds"].samples[0].value > 0
