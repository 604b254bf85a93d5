"""The accounts of follow-ups: from the rows alone the same as whoever sent them would count, whatever was lost."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtests.accounts import account
from loadtests.later_accounts import LaterAccounts
from loadtests.random_bits import Stream, bits_of_one, stream_key
from loadtests.run_plan import RunPlan
from loadtests.succession import Next
from scenarios.journeys import JOURNEY_NAMES
from scenarios.observation import OBSERVATION, Outcome, Rows, roots_of
from tests.loadtests.builders import phase, run_plan

SECOND = 1_000_000_000
T0_NS = 1_795_000_000 * SECOND
THINKS = {
    name: {"from": "0s", "to": "3s"}
    for name in ("copay", "receipt", "on_file_sale", "claim_poll", "instalment", "correction")
}


def plan_of(seed: int, **changes: Any) -> RunPlan:
    """Every journey, ten seconds, with short thinks and everybody trying again."""
    return run_plan(
        phase(20, "10s"),
        journeys=dict.fromkeys(JOURNEY_NAMES, 1),
        seed=seed,
        think=THINKS,
        retries={"human": {"from": "0s", "to": "2s"}, "system": {"from": "1s", "to": "1s"}, "gateway": {}},
        warm_up="2s",
        **changes,
    )


class Told:
    """A run played by hand: every attempt at its moment, with outcomes and durations by chance, until it stops."""

    def __init__(self, plan: RunPlan, stopped_ns: int | None) -> None:
        assert plan.succession is not None
        end_ns = plan.length_ns if stopped_ns is None else min(plan.length_ns, stopped_ns)
        chance = stream_key(plan.seed, Stream.CELL_COUNT, 77)
        kinds = {journey: plan.steps(journey)[0] for journey, _ in plan.scenario.journey_weights}
        coming: list[tuple[int, Next]] = []
        for root, offset_ns in enumerate(plan.arrivals.offset_ns.tolist()):
            if offset_ns < end_ns:
                kind = kinds[int(plan.arrivals.journey[root])]
                coming.append((offset_ns, Next(root * 256, 0, kind, 0)))
        coming.sort()
        self.not_due: dict[str, int] = {}
        rows = []
        while coming:
            due_ns, one = heappop(coming)
            draw = bits_of_one(chance, one.arrival * 4 + one.attempt)
            outcome = Outcome.COMPLETED if draw % 10 < 7 else Outcome(1 + (draw >> 8) % 9)
            ended_ns = due_ns + (draw >> 16) % SECOND
            rows.append((one.arrival, T0_NS + due_ns, T0_NS + due_ns, T0_NS + ended_ns))
            rows[-1] += (int(one.kind), 1, int(outcome), one.attempt, 200, 0, 0, 0, 0)
            journey = int(plan.arrivals.journey[one.arrival // 256])
            then = plan.succession.after(journey, one.arrival, one.attempt, one.kind, outcome)
            if then is not None and ended_ns + then.wait_ns < end_ns:
                heappush(coming, (ended_ns + then.wait_ns, then))
            elif then is not None and not then.attempt:
                self.not_due[then.kind.text] = self.not_due.get(then.kind.text, 0) + 1
        rows.sort(key=lambda row: row[3])  # as they are written: when they end
        self.rows: Rows = np.array(rows, dtype=OBSERVATION)


def accounts_of(plan: RunPlan, rows: Rows, stopped_ns: int | None, *, parts: int = 1) -> dict[str, Any]:
    later = LaterAccounts(plan)
    for part in np.array_split(rows, parts):
        later.add(part, T0_NS)
    recorded = np.zeros(len(plan.arrivals), dtype=bool)
    recorded[roots_of(rows)] = True
    return account(plan, recorded, stopped_ns, later)


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.integers(1, 40), st.sampled_from([None, 4 * SECOND, 60 * SECOND]))
def test_a_whole_recording_misses_nothing_however_it_is_cut(
    seed: int, parts: int, stopped_ns: int | None
) -> None:
    plan = plan_of(seed)
    told = Told(plan, stopped_ns)
    found = accounts_of(plan, told.rows, stopped_ns, parts=parts)
    originals = told.rows[told.rows["attempt"] == 0]
    assert found["recorded"] == found["due"] == len(originals) == len(set(originals["arrival"].tolist()))
    assert found["follow_ups_due"] == int((originals["arrival"] % 256 > 0).sum()) > 0
    assert found["follow_ups_not_due"] == told.not_due
    assert found["due"] - found["follow_ups_due"] + found["not_due"] == found["planned"]
    assert found["missing"] == []
    assert found["retries"]["sent"] == int((told.rows["attempt"] > 0).sum())
    assert found["retries"]["never_sent"] == 0
    for name, wanted in (("measured", True), ("warm_up", False)):
        after = originals["planned_ns"] - T0_NS >= plan.warm_up_ns
        for kind in plan.kinds:
            count = int(((originals["kind"] == kind) & (after == wanted)).sum())
            assert found["due_by_kind"][name][kind.text] == count


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.integers(1, 40), st.integers(1, 9))
def test_what_a_killed_process_took_with_it_is_named(seed: int, parts: int, killed_s: int) -> None:
    plan = plan_of(seed)
    told = Told(plan, None)
    written = told.rows[told.rows["ended_ns"] < T0_NS + killed_s * SECOND]
    found = accounts_of(plan, written, killed_s * SECOND, parts=parts)
    # due by then: what was planned by then, as far as an answer that was written had announced it
    originals = told.rows[(told.rows["attempt"] == 0) & (told.rows["planned_ns"] < T0_NS + killed_s * SECOND)]
    lost = set(originals["arrival"].tolist()) - set(written["arrival"].tolist())
    assert set(found["missing"]) == lost
    assert sum(found["missing_by_kind"].values()) == len(lost)
    assert found["recorded"] + len(lost) == found["due"]
    retries = told.rows[(told.rows["attempt"] > 0) & (told.rows["planned_ns"] < T0_NS + killed_s * SECOND)]
    assert found["retries"]["sent"] + found["retries"]["never_sent"] == len(retries)


def test_two_processes_rows_may_come_in_any_order_of_their_own() -> None:
    plan = plan_of(7)
    told = Told(plan, None)
    part = told.rows["arrival"] // 256 % 2
    whole = accounts_of(plan, told.rows, None)
    assert accounts_of(plan, np.concatenate([told.rows[part == 1], told.rows[part == 0]]), None) == whole


def test_a_plan_of_single_steps_keeps_the_accounts_it_had() -> None:
    plan = run_plan(phase(20, "10s"))
    found = accounts_of(plan, np.zeros(0, dtype=OBSERVATION), 5 * SECOND)
    due = int((plan.arrivals.offset_ns < 5 * SECOND).sum())
    assert (found["due"], found["recorded"], found["follow_ups_due"]) == (due, 0, 0)
    assert len(found["missing"]) == sum(found["missing_by_kind"].values()) == due
    assert found["follow_ups_not_due"] == {}


@pytest.mark.parametrize("kind", ["card_sale", "receipt_lookup"])
def test_every_kind_of_the_plan_is_named_even_with_none(kind: str) -> None:
    plan = run_plan(phase(20, "10s"), journeys={"check_in": 1})
    found = accounts_of(plan, np.zeros(0, dtype=OBSERVATION), None)
    assert found["due_by_kind"]["measured"][kind] == 0
    assert found["missing_by_kind"][kind] == 0
