"""What a gateway does, and what a whole run with real processes says of it."""

from __future__ import annotations

import json

import jsonschema
import pytest

from analysis.reports.verdict_json import read_schema
from scenarios.observation import Outcome
from tests.end_to_end.declared import write_scenario
from tests.end_to_end.running import CREDENTIALS, Workplace, codes


def test_a_fast_gateway_passes_and_every_planned_arrival_has_its_row(here: Workplace) -> None:
    # shorter ones have too few seconds to see dependence
    done = here.finish(here.short_run(duration="14s", to_the_end=True))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASS" in done.stdout
    assert " sent | " in done.stdout  # plain progress lines, as the output is no terminal
    end = here.check_accounts()
    assert end["ended"] == "completed"
    assert end["recorded"] == end["planned"] == here.rows_on_disk() > 100
    verdict = here.verdict()
    jsonschema.validate(verdict, read_schema())
    assert verdict["verdict"] == "PASS"
    assert {each["name"] for each in verdict["clauses"][0]["populations"]} == {"healthcare", "payment"}
    account = here.folder.read_gateway()
    assert account is not None
    assert account["payments"]["count"] == len(here.folder.read_payments().rows)
    assert account["payments"]["approved_cents"] == here.folder.read_payments().rows["approved_cents"].sum()


@pytest.mark.slow
def test_no_secret_and_no_card_number_reaches_the_run_folder(here: Workplace) -> None:
    here.finish(here.short_run())
    for path in here.run_dir.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            for secret in (*CREDENTIALS.values(), "4111111111111111", "5500000000000004"):
                assert secret.encode() not in content, f"{secret} in {path.name}"
    assert "***" in here.folder.plan_file.read_text(encoding="utf-8")


def test_json_prints_the_verdict_and_nothing_else(here: Workplace) -> None:
    done = here.finish(here.short_run("--json", "--tag", "build=17"))
    assert json.loads(done.stdout) == here.verdict()
    assert here.folder.read_plan()["tags"] == {"build": "17"}


def test_the_same_seed_sends_the_same_traffic_under_new_identifiers(here: Workplace) -> None:
    scenario = write_scenario(here.path, duration="2s")
    for name in ("one", "two"):
        here.run_dir.parent.mkdir(exist_ok=True)
        command = here.short_run(duration="2s")
        command[command.index("--run-dir") + 1] = str(here.path / name)
        assert here.finish(command).returncode in (0, 3)
    one, two = (type(here.folder)(here.path / name) for name in ("one", "two"))
    assert scenario.exists()
    assert one.read_plan()["digest"] == two.read_plan()["digest"]
    assert sorted(one.read_payments().rows["asked_cents"]) == sorted(two.read_payments().rows["asked_cents"])
    references = [set(each.read_payments().rows["merchant_reference"]) for each in (one, two)]
    assert references[0]
    assert not references[0] & references[1]


@pytest.mark.slow
def test_a_stalled_payer_with_a_fifth_of_the_volume_fails_healthcare_and_not_payment(here: Workplace) -> None:
    stall = '[[faults]]\nkind = "stall"\nroute = "eligibility"\npayer = "PAYER01"\nadd = "60s"'
    done = here.finish(here.short_run(faults=stall, limit="5s", duration="14s"))
    assert done.returncode == 1
    verdict = here.verdict()
    assert verdict["verdict"] == "FAIL"
    assert verdict["failed_on"] == ["clause"]
    assert "healthcare" in verdict["sentence"]
    by_name = {each["name"]: each for each in verdict["clauses"][0]["populations"]}
    assert by_name["healthcare"]["verdict"] == "FAIL"
    assert by_name["payment"]["verdict"] == "PASS"
    assert here.check_accounts()["recorded"] == here.folder.read_plan()["planned"]["total"]


@pytest.mark.slow
def test_fifteen_per_cent_of_fast_errors_fail_although_every_answer_is_fast(here: Workplace) -> None:
    errors = '[[faults]]\nkind = "error_status"\nstatus = 500\nshare = 0.15'
    done = here.finish(here.short_run(faults=errors, rate_per_s=200, duration="11s"))
    assert done.returncode == 1, done.stdout
    for each in here.verdict()["clauses"][0]["populations"]:
        assert each["n"] >= 600  # a run that can only fail does not go on
        assert each["misses"]["error"] > 0.1 * each["n"]
        assert each["misses"]["slow"] == 0


def test_twenty_five_rows_all_within_the_limit_prove_too_little(here: Workplace) -> None:
    done = here.finish(here.short_run(rate_per_s=10, duration="5s", warm_up="0s"))
    assert done.returncode == 3, done.stdout
    verdict = here.verdict()
    assert verdict["verdict"] == "INCONCLUSIVE"
    assert "too-few" in codes(verdict)
    assert all(each["hits"] == each["n"] < 30 for each in verdict["clauses"][0]["populations"])


def test_a_class_without_a_transaction_is_inconclusive(here: Workplace) -> None:
    done = here.finish(here.short_run(journeys={"eligibility_only": 1}))
    assert done.returncode == 3
    assert {"code": "empty-class", "population": "payment"}.items() <= next(
        doubt for doubt in here.verdict()["validity"] if doubt["code"] == "empty-class"
    ).items()


def test_three_swapped_answers_in_a_fast_run_fail_on_correctness(here: Workplace) -> None:
    swapped = '[[faults]]\nkind = "another_patients_answer"\nroute = "eligibility"\ncount = 3'
    done = here.finish(here.short_run(faults=swapped))
    assert done.returncode == 5
    verdict = here.verdict()
    assert verdict["verdict"] == "FAIL"
    assert verdict["failed_on"] == ["correctness"]
    assert verdict["correctness"]["wrong_reply"] == 3


@pytest.mark.slow
def test_another_sales_amount_fails_on_correctness(here: Workplace) -> None:
    changed = '[[faults]]\nkind = "amount_changed"\ncount = 1'
    assert here.finish(here.short_run(faults=changed)).returncode == 5
    assert here.verdict()["correctness"]["wrong_reply"] == 1


def test_a_late_answer_counts_from_its_planned_moment(here: Workplace) -> None:
    stall = '[[faults]]\nkind = "stall"\nadd = "2s"'
    here.finish(here.short_run(faults=stall, duration="3s"))
    rows = here.folder.read_observations().rows
    assert len(rows) > 80
    response_ns, service_ns = rows["ended_ns"] - rows["planned_ns"], rows["ended_ns"] - rows["started_ns"]
    assert (response_ns >= service_ns).all()
    assert (service_ns >= 2_000_000_000).all()


@pytest.mark.slow
def test_locusts_own_statistics_saw_every_transaction(here: Workplace) -> None:
    hole = '[[faults]]\nkind = "black_hole"\ncount = 5'
    here.finish(here.short_run(faults=hole, limit="2s"))
    table = here.folder.engine_log.read_text(encoding="utf-8")
    total = next(line for line in table.splitlines() if "Aggregated" in line).split()
    rows = here.folder.read_observations().rows
    assert int(total[1]) == len(rows)
    assert total[2].startswith(f"{(rows['outcome'] == Outcome.IN_FLIGHT).sum()}(")
