"""docs/imports.md: results that pass the gates of the tools that made them, and not ours.

Locust's numbers come from Locust's own code in a process of its own; k6's from the rules that it documents: p(90) by
linear interpolation between the two nearest values, 0 for a metric without any.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from analysis.judgement import judge_recordings
from analysis.verdict import Verdict
from scenarios.loading import load_kind_names, load_sla
from tests.analysis.builders import codes, population

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"
LIMIT_MS = 10_000
ASK_LOCUST = """
import csv, json, sys
from locust.stats import RequestStats

stats = RequestStats()
with open(sys.argv[1], newline="") as file:
    for row in csv.DictReader(file):
        stats.log_request(row["request_type"], row["name"], float(row["response_time_ms"]), 0)
empty = RequestStats().total
print(json.dumps({
    "p90": stats.total.get_response_time_percentile(0.9),
    "fail_ratio": stats.total.fail_ratio,
    "p90 of nothing": empty.get_response_time_percentile(0.9),
}))
"""


def judged(name: str) -> Verdict:
    names = load_kind_names(EXAMPLES / "names.toml")
    return judge_recordings([EXAMPLES / name], (load_sla("instamed"),), names=names)


def test_locusts_p90_of_requests_that_all_took_10_5_s_passes_a_gate_of_10_s_and_ours_fails() -> None:
    file = EXAMPLES / "locust_requests.csv"
    done = subprocess.run(
        [sys.executable, "-c", ASK_LOCUST, str(file)], capture_output=True, text=True, check=True
    )
    theirs = json.loads(done.stdout)
    assert theirs == {"p90": 10_000, "fail_ratio": 0, "p90 of nothing": 0}
    assert theirs["p90"] <= LIMIT_MS
    with file.open(newline="") as lines:
        took = [float(row["response_time_ms"]) for row in csv.DictReader(lines)]
    assert min(took) > 10_480
    verdict = judged(file.name)
    assert (verdict.verdict.value, int(verdict.exit_code)) == ("FAIL", 1)
    assert [population(verdict, name).hits for name in ("healthcare", "payment")] == [0, 0]


def test_k6s_thresholds_pass_on_fast_errors_and_on_a_metric_without_values_and_ours_fails() -> None:
    file = EXAMPLES / "k6_points.csv"
    with file.open(newline="") as lines:
        rows = list(csv.DictReader(lines))

    def p90_ms(name: str) -> float:
        values = [
            float(row["metric_value"])
            for row in rows
            if row["metric_name"] == "http_req_duration" and row["name"].endswith(name)
        ]
        return float(np.quantile(values, 0.9)) if values else 0.0

    assert p90_ms("/sale") < LIMIT_MS
    assert p90_ms("/eligibility") < LIMIT_MS  # nobody asked
    verdict = judged(file.name)
    assert (verdict.verdict.value, int(verdict.exit_code)) == ("FAIL", 1)
    payment = population(verdict, "payment")
    assert payment.misses["error"] == payment.n - payment.hits > 0.2 * payment.n
    assert codes(verdict, "inconclusive") == {"empty-class", "no-planned-times"}


@pytest.mark.parametrize("name", ["locust_requests.csv", "k6_points.csv"])
def test_no_result_of_another_tool_passes_without_planned_times(name: str) -> None:
    assert "no-planned-times" in codes(judged(name), "inconclusive")
