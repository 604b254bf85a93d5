"""Following a run: what is counted while it grows is what the verdict counts at the end, however the files grew."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.doubts import DoubtCode
from analysis.judgement import judge_run
from analysis.live import LiveCount
from analysis.row_tail import MOST_AT_ONCE, RowTail
from scenarios.kinds import Kind
from scenarios.observation import OBSERVATION, Outcome, Rows, read_rows
from scenarios.run_folder import RunFolder
from tests.analysis.builders import SLA, T0, S, joined, not_started, rows, run_folder

FAILURES = {
    "id": "failures",
    "measure": "failure_share",
    "at_most": 0.05,
    "outcomes": ["error", "timeout"],
    "limit": None,
    "at_least": None,
}
QUANTILE = {"id": "quantile", "measure": "quantile_within", "quantile": 0.95, "at_least": None, "limit": "3s"}
SERVICE = {"id": "service", "measure": "availability", "at_least": 0.99, "limit": None}


def an_sla(**changes: Any) -> dict[str, Any]:
    clause = {**SLA["clause"][0], **changes}
    return {**SLA, "clause": [{key: value for key, value in clause.items() if value is not None}]}


def mixed(seed: int, count: int = 3000) -> Rows:
    """Both classes with every outcome, retries, warm-up and maintenance, in the order in which they ended."""
    rng = np.random.default_rng(seed)
    made = joined(
        rows(count // 2, from_s=0),
        rows(count // 2, kind=Kind.CARD_SALE, from_s=0),
        not_started(5, own_lag_ms=3),
    )
    sent = made["outcome"] != Outcome.NOT_STARTED
    made["ended_ns"][sent] = made["planned_ns"][sent] + (rng.lognormal(0.5, 0.9, sent.sum()) * S).astype(int)
    odd = [Outcome.DECLINED, Outcome.ERROR, Outcome.TIMEOUT, Outcome.SYNTAX_REJECTED, Outcome.IN_FLIGHT]
    chosen = sent & (rng.random(made.size) < 0.08)
    made["outcome"][chosen] = rng.choice(odd, chosen.sum())
    made["own_lag_ms"][sent & (rng.random(made.size) < 0.2)] = 60
    retries = made[sent][:40].copy()
    retries["attempt"] = 1
    whole = np.concatenate([made, retries])
    return whole[np.argsort(whole["ended_ns"], kind="stable")]


def grow(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 60),
    st.integers(0, 60),
    st.lists(st.integers(0, 60 * 48), max_size=8),
    st.lists(st.integers(0, 60 * 48), max_size=8),
)
def test_every_row_is_read_once_however_the_files_grow(
    one: int, two: int, here: list[int], there: list[int]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tail, found = RowTail(folder), []
        for file, count, cuts in (("0000.rows", one, here), ("0001.rows", two, there)):
            for piece in grow(rows(max(count, 1))[:count].tobytes(), cuts):
                with (folder / file).open("ab") as open_file:
                    open_file.write(piece)
                found.append(tail.fresh())
        found.append(tail.fresh())
        assert np.concatenate(found).tobytes() == read_rows(folder, OBSERVATION).rows.tobytes()


def test_a_torn_row_waits_for_its_other_half(tmp_path: Path) -> None:
    data = rows(2).tobytes()
    file = tmp_path / "0000.rows"
    file.write_bytes(data[:-7])
    tail = RowTail(tmp_path)
    assert tail.fresh().tobytes() == data[:48]
    assert tail.fresh().size == 0
    file.write_bytes(data)
    assert tail.fresh().tobytes() == data[48:]


def test_no_look_takes_more_rows_than_fit(tmp_path: Path) -> None:
    np.zeros(MOST_AT_ONCE + 5, dtype=OBSERVATION).tofile(tmp_path / "0000.rows")
    tail = RowTail(tmp_path)
    assert [tail.fresh().size for _ in range(3)] == [MOST_AT_ONCE, 5, 0]


@pytest.mark.parametrize(
    ("changes", "exact_bounds"),
    [
        pytest.param({}, False, id="share-within"),
        pytest.param({"also_answers": ["syntax_rejected"]}, False, id="also-answers"),
        pytest.param(FAILURES, False, id="failure-share"),
        pytest.param(QUANTILE, False, id="quantile-within"),
        pytest.param(SERVICE, True, id="availability"),
    ],
)
def test_shares_at_the_end_are_the_verdicts(
    tmp_path: Path, changes: dict[str, Any], exact_bounds: bool
) -> None:
    recorded = mixed(7)
    windows = {"maintenance_ns": [[T0 + 20 * S, T0 + 24 * S]], "slas": [an_sla(**changes)]}
    folder = run_folder(tmp_path, recorded, planned=recorded[recorded["attempt"] == 0], plan_json=windows)
    count = following(folder, recorded, pieces=37)
    verdict = judge_run(folder)
    for standing, judged in zip(count.standings(), verdict.clauses[0].populations, strict=True):
        assert (standing.population, standing.n, standing.hits) == (judged.name, judged.n, judged.hits)
        assert standing.misses == {cause: each for cause, each in judged.misses.items() if each}
        assert judged.bounds is not None
        assert standing.bounds is not None
        seen, exact = (
            (standing.bounds.lower, standing.bounds.upper),
            (judged.bounds.lower, judged.bounds.upper),
        )
        assert seen == pytest.approx(exact, abs=1e-12 if exact_bounds else 0.01)


def test_only_what_is_decided_enters_a_share_and_every_row_what_is_settled(tmp_path: Path) -> None:
    recorded = mixed(9)
    folder = run_folder(tmp_path, recorded)
    count = following(folder, recorded, pieces=3)
    whole, part = count.standings(), count.standings(decided_ns=T0 + 30 * S)
    before = recorded[(recorded["attempt"] == 0) & (recorded["planned_ns"] < T0 + 30 * S)]
    only = run_folder(tmp_path / "only", before, planned=recorded[recorded["attempt"] == 0])
    for now, at_end, alone in zip(part, whole, following(only, before, pieces=1).standings(), strict=True):
        assert (now.n, now.hits) == (alone.n, alone.hits)
        assert now.n < at_end.n
        assert (now.settled_n, now.settled_hits) == (at_end.n, at_end.hits)
        assert now.misses == at_end.misses
        assert now.inflation.vif == pytest.approx(alone.inflation.vif, rel=0.05)
    assert all(each.n == 0 and each.bounds is None for each in count.standings(decided_ns=T0 - S))


def test_doubts_arise_while_it_runs(tmp_path: Path) -> None:
    recorded = mixed(3)
    recorded["own_lag_ms"][recorded["outcome"] != Outcome.NOT_STARTED] = 150
    folder = run_folder(tmp_path, recorded)
    count = following(folder, recorded, pieces=3)
    found = {each.code for each in count.doubts(count.standings(), pool_waits=4)}
    assert found == {DoubtCode.GENERATOR_LATE, DoubtCode.NOT_STARTED, DoubtCode.POOL_EXHAUSTED}
    said = {each.message for each in judge_run(folder).validity}
    assert {each.message for each in count.doubts(count.standings(), pool_waits=0)} <= said


def test_nothing_is_said_before_anything_is_settled(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, rows(0), planned=rows(100))
    count = LiveCount(folder)
    assert count.read() == 0
    assert [(each.n, each.bounds) for each in count.standings()] == [(0, None), (0, None)]
    assert count.doubts(count.standings(), pool_waits=0) == ()


def test_dependence_is_kept_from_the_last_look_where_only_counts_are_refreshed(tmp_path: Path) -> None:
    recorded = mixed(5)
    folder = run_folder(tmp_path, recorded)
    count = following(folder, recorded[:2000], pieces=2)
    known = count.standings()
    recorded[2000:].tofile(folder.observations / "1.rows")
    count.read()
    now = count.standings(known)
    assert [each.inflation for each in now] == [each.inflation for each in known]
    assert all(late.n > early.n for late, early in zip(now, known, strict=True))


def following(folder: RunFolder, recorded: Rows, *, pieces: int) -> LiveCount:
    """A count that looked each time some bytes more had come."""
    file = folder.observations / "0.rows"
    file.unlink()
    data = recorded.tobytes()
    count = LiveCount(folder)
    for piece in range(pieces + 1):
        file.write_bytes(data[: len(data) * piece // pieces])
        count.read()
    return count
