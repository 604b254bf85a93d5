"""Every number of verdict.json is the one that plain Python finds row by row."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.judgement import judge_run
from analysis.reports.verdict_json import render_json
from analysis.samples import Samples
from scenarios.kinds import Kind
from scenarios.observation import NEVER, OBSERVATION, Outcome, Rows
from scenarios.run_folder import RunFolder
from scenarios.sla import Clause, Sla
from tests.analysis import plain_reference
from tests.analysis.builders import LENGTH_S, SLA, T0, S, run_folder

_FIRST = SLA["clause"][0]
_OTHER = {"strength": "target", "quote": "q", "classes": ["healthcare", "payment"], "confidence": 0.95}
CLAUSES = Sla.model_validate(
    {
        **SLA,
        "clause": [
            _FIRST,
            {**_FIRST, "id": "syntax", "also_answers": ["syntax_rejected"], "excluding": []},
            {**_OTHER, "id": "failures", "measure": "failure_share", "at_most": 0.05},
            {**_OTHER, "id": "service", "measure": "availability", "at_least": 0.9},
        ],
    }
)


@st.composite
def recordings(draw: st.DrawFn, most: int = 150) -> tuple[list[Rows], dict[str, Any]]:
    """Rows in one to three files with some of all that can be wrong with them, and what the plan says of them."""
    n, rng = draw(st.integers(0, most)), np.random.default_rng(draw(st.integers(0, 2**32)))
    made = np.zeros(n, dtype=OBSERVATION)
    made["arrival"] = 256 * np.arange(n, dtype=np.uint64) + rng.choice([0, 0, 0, 1], n).astype(np.uint64)
    made["planned_ns"] = T0 + np.sort(rng.integers(0, LENGTH_S * S, n))
    made["started_ns"] = made["planned_ns"] + rng.integers(0, draw(st.sampled_from([1, 10**6, 4 * S])), n)
    made["ended_ns"] = made["started_ns"] + (rng.lognormal(draw(st.sampled_from([0, 2])), 0.7, n) * S).astype(
        int
    )
    made["kind"] = rng.choice([Kind.ELIGIBILITY_INQUIRY, Kind.CLAIM_STATUS, Kind.CARD_SALE], n)
    made["outcome"], made["status"] = Outcome.COMPLETED, rng.choice([200, 401], n)
    for name in draw(st.sets(st.sampled_from(sorted(_FLAWS)))):
        made = _FLAWS[name](made, rng)
    if draw(st.booleans()):
        made = made[np.argsort(made["ended_ns"], kind="stable")]
    warm_up_s, window = (
        draw(st.sampled_from([0, 5, 30])),
        draw(st.sampled_from([[], [[T0 + 12 * S, T0 + 20 * S]]])),
    )
    facts = {"warm_up_ns": warm_up_s * S, "maintenance_ns": window}
    return np.array_split(made, draw(st.integers(1, 3))), facts


def _some(rows: Rows, rng: np.random.Generator) -> Any:
    return rng.random(rows.size) < 0.1


def _with(**columns: Any) -> Any:
    def changed(rows: Rows, rng: np.random.Generator) -> Rows:
        here = _some(rows, rng)
        for name, value in columns.items():
            rows[name][here] = rng.choice(value, int(here.sum())) if isinstance(value, list) else value
        return rows

    return changed


def _again(attempt: int) -> Any:
    def repeated(rows: Rows, rng: np.random.Generator) -> Rows:
        more = rows[_some(rows, rng)].copy()
        more["attempt"] = attempt
        more["ended_ns"] += rng.integers(-S, 9 * S, more.size)
        return np.concatenate([rows, more])

    return repeated


def _negative(rows: Rows, rng: np.random.Generator) -> Rows:
    here = _some(rows, rng)
    rows["ended_ns"][here] = rows["started_ns"][here] - rng.integers(1, 5 * S, int(here.sum()))
    return rows


def _missing(rows: Rows, rng: np.random.Generator) -> Rows:
    return rows[~_some(rows, rng)]


_FLAWS: dict[str, Any] = {
    "in flight": _with(outcome=Outcome.IN_FLIGHT, ended_ns=NEVER),
    "never started": _with(
        outcome=Outcome.NOT_STARTED, ended_ns=NEVER, started_ns=NEVER, own_lag_ms=[0, 1500]
    ),
    "all outcomes": _with(outcome=[int(each) for each in Outcome]),
    "an unknown outcome": _with(outcome=99),
    "an unknown kind": _with(kind=77),
    "an answer without a time": _with(ended_ns=NEVER),
    "a plan far off": _with(planned_ns=T0 - 90_000 * S),
    "own lag": _with(own_lag_ms=[1, 1, 40, 3000, 65_535]),
    "lag everywhere": lambda rows, rng: _with(own_lag_ms=[1, 2])(_with(own_lag_ms=1)(rows, rng), rng),
    "retries": _again(1),
    "duplicates": _again(0),
    "negative times": _negative,
    "missing rows": _missing,
}


@pytest.fixture(params=[1 << 16, 16], ids=["one block", "many blocks in two threads"], autouse=True)
def _block_rows(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("samples", "counting", "threads"):
        monkeypatch.setattr(f"analysis.{module}.BLOCK_ROWS", request.param)


@settings(max_examples=15, deadline=None)
@given(recordings())
def test_a_run_is_judged_as_row_by_row(recording: tuple[list[Rows], dict[str, Any]]) -> None:
    with TemporaryDirectory() as place:
        folder = _folder(Path(place), *recording)
        assert (
            list(_differences(_rendered(folder), _rendered_plainly(folder, np.concatenate(recording[0]))))
            == []
        )


def _folder(place: Path, parts: list[Rows], facts: dict[str, Any]) -> RunFolder:
    whole = np.concatenate(parts)
    folder = run_folder(place, whole[:0], planned=whole[whole["kind"] < 50], plan_json=facts)
    for number, part in enumerate(parts):
        part.tofile(folder.observations / f"{number}.rows")
    return folder


def _rendered(folder: RunFolder) -> dict[str, Any]:
    return json.loads(json.dumps(render_json(judge_run(folder, (CLAUSES,)))))  # type: ignore[no-any-return]


def _rendered_plainly(folder: RunFolder, whole: Rows) -> dict[str, Any]:
    def call_and_tabulate(samples: Samples, clause: Clause) -> Any:
        rows = plain_reference.read(samples, whole)
        roll = plain_reference.call(samples, rows)
        return roll, plain_reference.tabulate(samples, clause, rows)

    def tabulate(samples: Samples, _: Any, clause: Clause) -> Any:
        return plain_reference.tabulate(samples, clause, plain_reference.read(samples, whole))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("analysis.judgement.call_and_tabulate", call_and_tabulate)
        patch.setattr("analysis.judgement.tabulate", tabulate)
        patch.setattr("analysis.population_verdict.select", plain_reference.select)
        return _rendered(folder)


def _differences(one: Any, other: Any, where: str = "") -> Iterator[str]:
    """Where two contents differ; sums of fractions may in their last digits."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in {**one, **other}:
            yield from _differences(one.get(name), other.get(name), f"{where}.{name}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for place, (first, second) in enumerate(zip(one, other, strict=True)):
            yield from _differences(first, second, f"{where}[{place}]")
    elif isinstance(one, float) and isinstance(other, float):
        if not math.isclose(one, other, rel_tol=1e-12):
            yield f"{where}: {one} and {other}"
    elif one != other:
        yield f"{where}: {one} and {other}"
