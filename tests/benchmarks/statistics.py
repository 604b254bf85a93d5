"""How often a verdict is wrong, by simulation: `python -m tests.benchmarks.statistics`. Fails when a bar is missed.

Every family of dependence is drawn many times with a known true share; each run of 20 000 transactions in an hour
is judged by the very functions that judge recordings. The last lines judge whole simulated smoke runs.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from analysis.dependence import estimate_inflation
from analysis.judgement import judge_samples
from analysis.proportions import Share, estimate_bounds
from analysis.run_facts import EndFacts
from analysis.samples import run_samples
from analysis.verdict_table import VerdictCode, judge_share
from scenarios.kinds import Kind
from scenarios.observation import Recording, Rows
from tests.analysis.builders import LENGTH_S, T0, S, sla
from tests.analysis.test_lateness import FACTS
from tests.analysis.traffic import (
    STEADY_ELIGIBILITY,
    STEADY_SALE,
    Mixture,
    mixed_times,
    poisson_moments,
    recorded,
)
from tests.benchmarks.queues import RUN_S, Family, Run, families

CLAUSE = sla().clauses[0]
SHARES = (0.70, 0.80, 0.85, 0.90, 0.92, 0.95, 0.97)
TARGET = 0.90
FALSE_PASS = 0.05
FALSE_PASS_M_M_8 = 0.08
COVERAGE = 0.93
HEALTHY_PASS = 0.98
ENOUGH = 300  # true effective size from which the error rates are promised


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Rates over the simulated runs of one family at one true share."""

    family: str
    true_size: float
    share: float
    runs: int
    verdicts: Counter[VerdictCode]
    covered: float  # of two-sided 95 % intervals
    naive_passes: float  # share of runs that pass by a bound that takes transactions as independent

    def rate(self, code: VerdictCode) -> float:
        return self.verdicts[code] / self.runs


def simulate(runs: int, seed: int) -> Iterator[Cell]:
    """Every family at every share. Families whose share is set by their limit are drawn once for all shares."""
    for name, at in families().items():
        stalled = name.startswith("stalls")
        groups = [(share,) for share in SHARES] if stalled else [SHARES]
        for group in groups:
            yield from _cells(
                at(group[0]), group, runs, np.random.default_rng([seed, len(name), int(1e3 * group[0])])
            )


def _cells(family: Family, shares: tuple[float, ...], runs: int, rng: np.random.Generator) -> list[Cell]:
    verdicts: dict[float, Counter[VerdictCode]] = {share: Counter() for share in shares}
    covered, naive = Counter[float](), Counter[float]()
    for _ in range(runs):
        run = family.draw(rng)
        for true in shares:
            share = _measured(run, family.limit(true))
            verdicts[true][judge_share(share, CLAUSE)] += 1
            both_sides = share.bounds(0.975)
            covered[true] += both_sides.lower <= true <= both_sides.upper
            naive[true] += estimate_bounds(share.hits, share.n, 0.95).lower > TARGET
    return [
        Cell(
            family=family.name,
            true_size=family.true_size,
            share=true,
            runs=runs,
            verdicts=verdicts[true],
            covered=covered[true] / runs,
            naive_passes=naive[true] / runs,
        )
        for true in shares
    ]


def _measured(run: Run, limit: float) -> Share:
    """The share of one run and its inflation, as the judgement counts them: limit, median and third quartile."""
    seconds = run.moments_s.astype(np.int64)
    n = np.bincount(seconds, minlength=int(RUN_S))
    limits = (limit, *np.quantile(run.times, (0.5, 0.75), method="inverted_cdf"))
    counts = np.stack([np.bincount(seconds[run.times <= each], minlength=n.size) for each in limits])
    return Share(hits=int(counts[0].sum()), n=run.times.size, inflation=estimate_inflation(n, counts))


def judge_smoke(runs: int, seed: int, *, stalled_share: float) -> Counter[str]:
    """Verdicts on whole simulated smoke runs; a share of the eligibility traffic waits a minute more."""
    rng, facts = np.random.default_rng(seed), replace(FACTS, longest_stall_s=6.0)
    found: Counter[str] = Counter()
    for _ in range(runs):
        rows = np.concatenate(
            [
                _smoke_rows(rng, Kind.ELIGIBILITY_INQUIRY, 26, STEADY_ELIGIBILITY, stalled_share),
                _smoke_rows(rng, Kind.CARD_SALE, 14, STEADY_SALE, 0.0),
            ]
        )
        rows["arrival"] = 256 * np.arange(rows.size)
        samples = run_samples("simulated", Recording(rows=rows, torn=0), replace(facts, end=_end(rows.size)))
        found[judge_samples((samples,), facts.slas).verdict.value] += 1
    return found


def _smoke_rows(
    rng: np.random.Generator, kind: Kind, rate_per_s: float, mixture: Mixture, stalled: float
) -> Rows:
    moments = poisson_moments(rate_per_s, LENGTH_S, rng)
    times = mixed_times(mixture, moments.size, rng)
    return recorded(moments, np.where(rng.random(moments.size) < stalled, 60.0, times), kind)


def _end(due: int) -> EndFacts:
    return EndFacts(
        ended="completed",
        reason=None,
        ended_ns=T0 + (LENGTH_S + 62) * S,
        due=due,
        not_due=0,
        due_by_kind={},
        missing=(),
        missing_total=0,
        recorder_failure=None,
        pool_waits=0,
        cpu_share=None,
    )


def missed_bars(cells: list[Cell], healthy: Counter[str], brownout: Counter[str]) -> list[str]:
    """What is worse than promised, in words."""
    missed = []
    for cell in cells:
        if cell.share != TARGET:
            continue
        error = 2 * np.sqrt(FALSE_PASS * (1 - FALSE_PASS) / cell.runs)
        passes = cell.rate(VerdictCode.PASS)
        if cell.true_size >= ENOUGH and passes > FALSE_PASS + error:
            missed.append(f"{cell.family}: {passes:.1%} of runs PASS at a true share of exactly 90 %")
        if cell.family == "M/M/8 0.9" and passes > FALSE_PASS_M_M_8:
            missed.append(f"{cell.family}: {passes:.1%} of runs PASS at a true share of exactly 90 %")
        if cell.true_size >= ENOUGH and cell.covered < COVERAGE:
            missed.append(f"{cell.family}: the interval covers the truth in {cell.covered:.1%}")
    if healthy["PASS"] < HEALTHY_PASS * healthy.total():
        missed.append(f"healthy smoke runs: {dict(healthy)}")
    if brownout["FAIL"] < brownout.total():
        missed.append(f"brown-outs: {dict(brownout)}")
    return missed


def table_lines(cells: list[Cell]) -> Iterator[str]:
    """The table of docs/statistics.md: PASS / FAIL / INCONCLUSIVE in percent."""
    yield f"| dependence (true effective size) | {' | '.join(f'{share:.2f}' for share in SHARES)} | covers | naive |"
    yield f"|---|{'---|' * (len(SHARES) + 2)}"
    for name in dict.fromkeys(each.family for each in cells):
        row = [each for each in cells if each.family == name]
        at_target = next(each for each in row if each.share == TARGET)
        codes = (VerdictCode.PASS, VerdictCode.FAIL, VerdictCode.INCONCLUSIVE)
        rates = ["/".join(f"{100 * each.rate(code):.0f}" for code in codes) for each in row]
        yield (
            f"| {name} ({at_target.true_size:g}) | {' | '.join(rates)} | "
            f"{at_target.covered:.1%} | {at_target.naive_passes:.0%} |"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=600, help="simulated runs a cell")
    parser.add_argument("--seed", type=int, default=20261122)
    options = parser.parse_args()
    cells = list(simulate(options.runs, options.seed))
    for line in table_lines(cells):
        print(line)
    healthy = judge_smoke(options.runs, options.seed, stalled_share=0.0)
    brownout = judge_smoke(options.runs // 2, options.seed, stalled_share=0.2)
    print(f"healthy smoke runs: {dict(healthy)}; with a fifth of eligibility stalled: {dict(brownout)}")
    missed = missed_bars(cells, healthy, brownout)
    for each in missed:
        print(f"MISSED: {each}")
    print("a bar was missed" if missed else "every bar was met")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
