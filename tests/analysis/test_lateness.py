"""More lateness never improves the census, the bounds as if independent, or a FAIL.

The robust bounds are the documented exception: misses that make batches more alike narrow them, misses in one spell
widen them. So a FAIL by a bound can become INCONCLUSIVE when more goes wrong in one spell; it never becomes a PASS.
"""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.proportions import estimate_bounds, is_far_below
from analysis.roll_call import call_roll
from analysis.run_facts import RunFacts
from analysis.samples import run_samples
from analysis.tabulation import tabulate
from analysis.tallies import Recording as Judged
from analysis.tallies import Tally, tally_population
from analysis.verdict_table import is_failed, is_passed
from scenarios.observation import Outcome, Recording, Rows
from tests.analysis.builders import LENGTH_S, T0, WARM_UP_S, S, rows, sla

CLAUSE = sla().clauses[0]

FACTS = RunFacts(
    slas=(sla(),),
    slagate="0",
    run_id="r",
    seed=1,
    digest="d",
    scenario="s",
    target="t",
    traffic="",
    tags={},
    assurance="smoke",
    longest_stall_s=None,
    cycle_s=None,
    maintenance=(),
    time_outs_s={},
    t0_ns=T0,
    warm_up_ns=WARM_UP_S * S,
    length_ns=LENGTH_S * S,
    planned_total=0,
    planned_by_kind={},
    end=None,
    torn=0,
    gateway_cpu_share=None,
)


def tally_of(recorded: Rows, population: str = "healthcare") -> Tally:
    """The tally of a class of a run with these rows."""
    samples = run_samples("memory", Recording(rows=recorded, torn=0), FACTS)
    roll = call_roll(samples)
    table = tabulate(samples, roll, CLAUSE)
    return tally_population([Judged(samples=samples, roll=roll, table=table)], CLAUSE, population)


@st.composite
def recordings(draw: st.DrawFn) -> tuple[Rows, Rows]:
    """Rows, and the same rows of which some ended later."""
    n = draw(st.integers(1, 120))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    recorded = rows(n)
    recorded["ended_ns"] += (rng.exponential(draw(st.sampled_from([1, 4, 9, 30])), n) * S).astype(np.int64)
    recorded["outcome"] = rng.choice([Outcome.COMPLETED, Outcome.DECLINED, Outcome.ERROR, Outcome.TIMEOUT], n)
    recorded["own_lag_ms"] = rng.choice([0, 0, 0, 40, 3000], n)
    later = recorded.copy()
    later["ended_ns"] += (rng.exponential(10, n) * S).astype(np.int64) * (rng.random(n) < 0.3)
    return recorded, later


@settings(max_examples=200, deadline=None)
@given(recordings())
def test_more_lateness_never_improves_census_bounds_or_fail(pair: tuple[Rows, Rows]) -> None:
    before, after = (tally_of(each) for each in pair)
    assert after.n == before.n
    assert after.hits <= before.hits
    assert after.favourable.hits <= before.favourable.hits
    earlier = estimate_bounds(before.hits, before.n, 0.95)
    later = estimate_bounds(after.hits, after.n, 0.95)
    assert (later.lower <= earlier.lower, later.upper <= earlier.upper) == (True, True)
    if is_far_below(before.favourable.hits, before.favourable.n, 0.9):
        assert is_failed(after.favourable, CLAUSE)
    if is_failed(before.favourable, CLAUSE):
        assert not is_passed(after.measured, CLAUSE)


@settings(deadline=None)
@given(recordings())
def test_what_was_counted_adds_up(pair: tuple[Rows, Rows]) -> None:
    tally = tally_of(pair[0])
    assert tally.hits + sum(tally.misses.values()) == tally.n == pair[0].size
    assert tally.hits <= tally.favourable.hits <= tally.favourable.n
    assert tally.hits <= tally.hits_without_own_lag <= tally.n
