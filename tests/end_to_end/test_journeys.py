"""Journeys of several steps with real processes: each step has its row and its own moment, and does what it should."""

from __future__ import annotations

import json
import signal
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from loadtests.schedule import plan_arrivals
from scenarios.journeys import FIRST_KINDS, JOURNEY_NAMES
from scenarios.kinds import Kind
from scenarios.observation import Outcome, Rows
from scenarios.run_folder import RunFolder
from scenarios.scenario import Scenario
from tests.end_to_end.declared import EVERY_JOURNEY, SHORT_THINKS, write_profile, write_target
from tests.end_to_end.running import Workplace, codes, wait_for

MS = 1_000_000
STEPS = {
    "check_in": 3,
    "correction": 2,
    "claim_follow_up": 3,
    "auto_pay": 4,
    "bill_pay": 2,
    "eligibility_only": 1,
}


def journeys_run(here: Workplace, *arguments: str | Path, name: str = "run", **scenario: Any) -> RunFolder:
    """A run with journeys to its end, however many transactions are late; its folder."""
    usual = {
        "at_least": 0.05,
        "rate_per_s": 60,
        "duration": "4s",
        "journeys": EVERY_JOURNEY,
        "more": SHORT_THINKS,
    }
    command = here.short_run(*arguments, **{**usual, "to_the_end": True, **scenario})
    command[command.index("--run-dir") + 1] = str(here.path / name)
    done = here.finish(command)
    folder = RunFolder(here.path / name)
    end = folder.read_end()
    assert end is not None, done.stderr
    assert end["ended"] == "completed"
    assert end["recorded"] == end["due"]
    assert end["missing"] == []
    return folder


def in_order(rows: Rows) -> Rows:
    """First attempts in order of arrival."""
    rows = rows[rows["attempt"] == 0]
    return rows[np.argsort(rows["arrival"])]


def check_chains(folder: RunFolder) -> None:
    """Each follow-up has an answered predecessor and the moment that follows from it; nothing due is left out."""
    end, rows = folder.read_end(), in_order(folder.read_observations().rows)
    assert end is not None
    by_arrival = {int(row["arrival"]): row for row in rows}
    follow_ups = [row for row in rows if row["arrival"] % 256]
    for row in follow_ups:
        before = by_arrival[int(row["arrival"]) - 1]
        assert before["outcome"] == Outcome.COMPLETED
        assert 0 <= row["planned_ns"] - before["ended_ns"] <= 800 * MS
        assert row["payer"] == before["payer"]
    first = {FIRST_KINDS[JOURNEY_NAMES[name]] for name in EVERY_JOURNEY}
    assert {Kind(row["kind"]) for row in rows if not row["arrival"] % 256} == first
    assert end["follow_ups_due"] == len(follow_ups) > 60
    announced = sum(count_that_lead_on(rows, journey_of(folder)).values())
    assert announced == len(follow_ups) + sum(end["follow_ups_not_due"].values())


def journey_of(folder: RunFolder) -> dict[int, str]:
    """The journey of each root, laid out once more."""
    plan = folder.read_plan()
    arrivals = plan_arrivals(Scenario.model_validate(plan["scenario"]), plan["seed"])
    names = {int(journey): name for name, journey in JOURNEY_NAMES.items()}
    return {root: names[code] for root, code in enumerate(arrivals.journey.tolist())}


def count_that_lead_on(rows: Rows, journey: dict[int, str]) -> dict[str, int]:
    """Answers as hoped that were not their journey's last, by journey."""
    counts: dict[str, int] = {}
    for row in rows[rows["outcome"] == Outcome.COMPLETED]:
        root, step = divmod(int(row["arrival"]), 256)
        if step + 1 < STEPS[journey[root]]:
            counts[journey[root]] = counts.get(journey[root], 0) + 1
    return counts


def test_every_step_has_its_row_and_corrections_correct_exactly_their_sales(here: Workplace) -> None:
    with here.gateway(write_profile(here.path)) as (_, url):
        folder = journeys_run(here, "--target", write_target(here.path, url))
        with urllib.request.urlopen(f"{url}/_control/ledger") as reply:
            ledger = {each["transaction_id"].lower(): each for each in json.load(reply)}
    check_chains(folder)
    verdict = here.verdict()
    assert not {"rows-missing", "duplicate-rows", "impossible-rows"} & codes(verdict)
    assert verdict["correctness"]["wrong_reply"] == 0
    assert [each["name"] for each in verdict["clauses"][0]["populations"]] == ["healthcare", "payment"]
    payments = folder.read_payments().rows
    sales = payments[(payments["action"] == Kind.CARD_SALE) & (payments["outcome"] == Outcome.COMPLETED)]
    done = payments[payments["outcome"] == Outcome.COMPLETED]
    changed = {int(each["arrival"]) - 1: Kind(each["action"]) for each in done if each["action"] in (16, 17)}
    assert set(changed.values()) == {Kind.VOID, Kind.REFUND}
    for sale in sales:
        held = ledger[sale["transaction_id"].decode().lower()]
        how = changed.get(int(sale["arrival"]))
        assert (held["status"] == "V") == (how is Kind.VOID)
        assert held["refunded_cents"] == (sale["approved_cents"] if how is Kind.REFUND else 0)
    tokens = [each for each in ledger.values() if each["action"] == "token"]
    saves = payments[(payments["action"] == Kind.TOKEN_SAVE) & (payments["outcome"] == Outcome.COMPLETED)]
    assert len(tokens) == len(saves) > 10
    assert (payments["action"] == Kind.TOKEN_SALE).sum() > 10


@pytest.mark.slow
def test_a_retry_follows_what_went_wrong_and_repairs_nothing(here: Workplace) -> None:
    faults = '[[faults]]\nkind = "error_status"\nroute = "healthcare"\nshare = 0.4\nstatus = 503'
    again = '[retries]\nmost = 2\nhuman = { from = "0s", to = "500ms", share = 1.0 }'
    folder = journeys_run(
        here,
        faults=faults,
        journeys={"check_in": 50, "card_sale_only": 50},
        more=f"{SHORT_THINKS}\n{again}",
    )
    rows, end = folder.read_observations().rows, folder.read_end()
    assert end is not None
    attempts = {(int(row["arrival"]), int(row["attempt"])): row for row in rows}
    assert len(attempts) == len(rows)
    assert {attempt for _, attempt in attempts} == {0, 1, 2}
    led_on = 0
    for (arrival, attempt), row in attempts.items():
        if attempt:
            before = attempts[arrival, attempt - 1]
            assert before["outcome"] == Outcome.ERROR
            assert 0 <= row["planned_ns"] - before["ended_ns"] <= 500 * MS
            assert row["kind"] == Kind.ELIGIBILITY_INQUIRY  # a payment is never sent twice
            led_on += row["outcome"] == Outcome.COMPLETED and (arrival + 1, 0) in attempts
    assert led_on > 5
    assert end["retries"]["sent"] == sum(attempt > 0 for _, attempt in attempts) > 20
    verdict = here.verdict()
    [healthcare] = [each for each in verdict["clauses"][0]["populations"] if each["name"] == "healthcare"]
    measured = rows["planned_ns"] >= folder.read_plan()["t0_ns"] + folder.read_plan()["warm_up_ns"]
    originals = rows[(rows["kind"] == Kind.ELIGIBILITY_INQUIRY) & (rows["attempt"] == 0) & measured]
    assert healthcare["n"] == len(originals)
    assert healthcare["misses"]["error"] == (originals["outcome"] == Outcome.ERROR).sum() > 10
    assert "rows-missing" not in codes(verdict)


@pytest.mark.slow
def test_a_payment_that_is_sent_again_within_the_duplicate_window_is_charged_once(here: Workplace) -> None:
    again = '[retries]\nmost = 1\npayments = true\nhuman = { from = "0s", to = "500ms", share = 1.0 }'
    profile = write_profile(
        here.path,
        '[payments]\nduplicate_window = "10m"\n'
        '[[faults]]\nkind = "latency"\nroute = "sale"\nshare = 0.3\nadd = "1500ms"',
    )
    more = '[payments]\nduplicate_window = "10m"\n[time_outs]\nfirst_byte = "600ms"\nwhole = "1s"'
    with here.gateway(profile) as (_, url):
        target = write_target(here.path, url, more=more)
        folder = journeys_run(
            here, "--target", target, journeys={"card_sale_only": 1}, more=again, rate_per_s=30, limit="500ms"
        )
        with urllib.request.urlopen(f"{url}/_control/ledger") as reply:
            ledger = json.load(reply)
    payments = folder.read_payments().rows
    resent = payments[payments["attempt"] == 1]
    assert len(resent) > 10
    reference = {int(each["arrival"]): each["merchant_reference"] for each in payments}
    assert all(each["merchant_reference"] == reference[int(each["arrival"])] for each in payments)
    charged = [each["merchant_reference"] for each in ledger if each["approved_cents"]]
    assert len(charged) == len(set(charged)) > 50


def test_payments_are_not_sent_again_to_a_target_that_declares_no_duplicate_window(here: Workplace) -> None:
    command = here.short_run(more="[retries]\npayments = true\nhuman = {}")
    done = here.finish(command)
    assert done.returncode == 2
    assert (
        "retries.payments: payments may be sent again only within the target's duplicate window"
        in done.stderr
    )
    assert not here.run_dir.exists()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_one_and_two_workers_take_the_same_journeys(here: Workplace) -> None:
    runs = {
        workers: journeys_run(here, "--workers", str(workers), name=f"by-{workers}", rate_per_s=100)
        for workers in (1, 2)
    }
    roots, chains = [], []
    for workers, folder in runs.items():
        check_chains(folder)
        rows, t0_ns = in_order(folder.read_observations().rows), folder.read_plan()["t0_ns"]
        assert set(rows["worker"]) == set(range(workers))
        own = rows[rows["arrival"] % 256 == 0]
        roots.append((own["arrival"], own["kind"], own["payer"], own["planned_ns"] - t0_ns))
        ended = dict(zip(rows["arrival"].tolist(), rows["ended_ns"].tolist(), strict=True))
        later = rows[rows["arrival"] % 256 > 0]
        chains.append(
            {
                int(row["arrival"]): (
                    int(row["kind"]),
                    int(row["planned_ns"]) - ended[int(row["arrival"]) - 1],
                )
                for row in later
            }
        )
    for one, two in zip(*roots, strict=True):
        assert np.array_equal(one, two)
    both = chains[0].keys() & chains[1].keys()
    assert (
        len(both) > 0.8 * max(map(len, chains)) > 100
    )  # answers differ a little, and so does what comes due
    assert all(chains[0][arrival] == chains[1][arrival] for arrival in both)
    end = runs[2].read_end()
    assert end is not None
    assert sum(end["generator"]["rate"]["planned"]) == sum(end["generator"]["rate"]["started"]) == end["due"]


@pytest.mark.slow
def test_follow_ups_that_found_no_user_are_rows_that_never_started(here: Workplace) -> None:
    folder = journeys_run(
        here,
        faults='[[faults]]\nkind = "stall"\nat = "3s"\nfor = "60s"',
        at_least=0.9,
        limit="1s",
        rate_per_s=40,
        duration="14s",
        journeys={"correction": 1},
        more='[think]\ncorrection = { from = "9s", to = "10s" }',
    )
    rows, end = folder.read_observations().rows, folder.read_end()
    assert end is not None
    never = rows[rows["outcome"] == Outcome.NOT_STARTED]
    follow_ups = never[never["arrival"] % 256 > 0]
    assert len(follow_ups) > 10
    assert len(never) > len(follow_ups)  # roots too
    assert (follow_ups["own_lag_ms"] == 0).all()  # the gateway held every user, not we
    assert {Kind(kind) for kind in follow_ups["kind"]} == {Kind.VOID, Kind.REFUND}
    assert end["follow_ups_due"] == (rows["arrival"] % 256 > 0).sum()
    assert here.verdict()["verdict"] == "FAIL"
    assert "rows-missing" not in codes(here.verdict())


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_interrupt_leaves_a_row_for_every_follow_up_that_was_due_by_then(
    here: Workplace, workers: str
) -> None:
    command = here.short_run(
        "--workers",
        workers,
        rate_per_s=100,
        duration="60s",
        journeys=EVERY_JOURNEY,
        more=SHORT_THINKS,
    )
    with here.started(command) as process:
        wait_for(lambda: here.run_dir.exists() and here.rows_on_disk() > 500, within_s=40)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    end = here.check_accounts()
    assert end["ended"] == "interrupted"
    assert end["recorded"] == end["due"] == here.rows_on_disk()
    assert end["follow_ups_due"] > 150
    assert sum(end["follow_ups_not_due"].values()) > 10  # what the last answers would have brought
    assert end["not_due"] > 1000
    check_chains(here.folder)
