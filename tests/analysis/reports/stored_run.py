"""A small run that never changes, for the page that never changes: `python -m tests.analysis.reports.stored_run`.

Run as a program it writes page and pictures anew; look at the difference before you commit it.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from analysis.judgement import judge_folder
from analysis.reports.page.report import render_report
from scenarios.kinds import Kind, Wire
from scenarios.observation import NEVER, Outcome, Rows
from scenarios.run_folder import RunFolder
from tests.analysis.builders import MS, T0, S, joined, rows, run_folder, sla

EXPECTED = Path(__file__).with_name("expected_report.html")
TRACES = "https://traces.example.test/trace/{trace_id}"


def stored_rows() -> Rows:
    """Half a minute of two classes: some slow, one failed, one timed out, one retry, some cut off."""
    ask = rows(240, to_s=45, from_s=0, wire=Wire.SOAP_EDI)
    sell = rows(160, to_s=45, from_s=0, kind=Kind.CARD_SALE, wire=Wire.REST)
    whole = joined(ask, sell)
    number = np.arange(whole.size)
    times_ns = (200 + (number * 7919) % 4001) * MS
    times_ns[number % 23 == 5] += 8 * S
    whole["started_ns"] = whole["planned_ns"] + (number % 5) * 3 * MS
    whole["ended_ns"] = whole["started_ns"] + times_ns
    whole["payer"] = np.where(whole["kind"] == Kind.CARD_SALE, 0, 1 + number % 3)
    for place, outcome in ((30, Outcome.ERROR), (60, Outcome.TIMEOUT), (90, Outcome.DECLINED)):
        whole["outcome"][place] = outcome
    whole["ended_ns"][60] = whole["started_ns"][60] + 60 * S
    whole["outcome"][-2:], whole["ended_ns"][-2:], whole["status"][-2:] = Outcome.IN_FLIGHT, NEVER, 0
    retry = whole[30:31].copy()
    retry["attempt"], retry["planned_ns"], retry["outcome"] = 1, retry["ended_ns"], Outcome.COMPLETED
    retry["started_ns"], retry["ended_ns"] = retry["planned_ns"], retry["planned_ns"] + S
    return np.concatenate([whole, retry])


def stored_folder(path: Path) -> RunFolder:
    """The run folder with these rows; its maintenance is excluded by the clause."""
    recorded = stored_rows()
    planned = recorded[recorded["attempt"] == 0]
    return run_folder(
        path,
        recorded,
        planned=planned,
        plan_json={
            "slas": [
                sla().model_dump(mode="json", by_alias=True),
                sla(id="monthly", limit="5s", needs={"period": "28d"}).model_dump(mode="json", by_alias=True),
            ],
            "maintenance_ns": [[T0 + 20 * S, T0 + 24 * S]],
            "payers": ["PAYER01", "PAYER02", "PAYER03"],
            "target": {
                "name": "sandbox",
                "time_outs": {"connect": "15s", "first_byte": "60s", "whole": "60s"},
                "trace_url": TRACES,
            },
            "command": ["run", "smoke", "--target", "sandbox", "--tag", "build=17"],
            "versions": {"python": "3.11.7", "slagate": "0.1.0"},
            "host": {"system": "Linux", "machine": "x86_64", "cpus": 2, "byte_order": "little"},
            "tags": {"build": "17"},
        },
        gateway_json={"cpu_share": 0.12},
    )


def stored_page(path: Path) -> str:
    """The page of this run, as the version 0.1.0 makes it."""
    judged = judge_folder(stored_folder(path))
    return render_report(replace(judged.verdict, slagate="0.1.0"), judged.recordings)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        EXPECTED.write_text(stored_page(Path(place)), encoding="utf-8")
    print(f"{EXPECTED}: {EXPECTED.stat().st_size} bytes")
