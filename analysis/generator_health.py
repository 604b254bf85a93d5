"""Doubts about the load generator: was the traffic sent as planned, by a machine with time to spare?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from analysis.doubts import Doubt, DoubtCode, Severity, doubt
from analysis.quantiles import quantile_rank
from analysis.roll_call import ON_TIME_MS, RollCall
from analysis.run_facts import RunFacts
from analysis.samples import Samples
from analysis.tallies import Tally
from analysis.verdict_table import judge_share
from analysis.wording import count_text, percent_text, share_text
from scenarios.duration import duration_text
from scenarios.sla import Clause

LAG_SHARE_OF_LIMIT = 0.01  # at p99, of own lag
LAG_NOTED_MS = 50
NOT_STARTED_SHARE = 0.001
ON_TIME_SHARE = 0.99
BUSY_CPU_SHARE = 0.85
CLOCKS_AGREE_MS = 100
_REMEDY = "Lower the rate or add workers, then measure again."


def sending_doubts(samples: Samples, roll: RollCall) -> Iterator[Doubt]:
    """What was not sent, not in time, or by a machine at its limit. Files of other tools cannot say."""
    run = samples.run
    if run is None:
        return
    yield from start_doubts(planned=roll.originals, not_started=roll.not_started, late=roll.late)
    yield from pool_doubt(run.end.pool_waits if run.end else 0)
    yield from _clock_offset(run)
    yield from _saturated(run)


def lateness_doubts(clause: Clause, tallies: Sequence[Tally]) -> Iterator[Doubt]:
    """Whether the generator's own lag is large beside the limit, or decides the verdict."""
    by_lag = np.sum([each.own_lag_ms for each in tallies], axis=0) if tallies else np.zeros(1, dtype=np.int64)
    yield from late_doubt(clause, sum(each.n for each in tallies), by_lag)
    for tally in tallies:
        as_recorded = judge_share(tally.measured, clause)
        without_lag = judge_share(tally.without_own_lag, clause)
        if as_recorded is not without_lag:
            moved = tally.hits_without_own_lag - tally.hits
            yield doubt(
                DoubtCode.GENERATOR_LATE,
                f"{count_text(moved)} {tally.population} transactions missed the limit only because the "
                "generator sent "
                f"them late; without its lag the share says {without_lag.value} instead of "
                f"{as_recorded.value}. {_REMEDY}",
                population=tally.population,
            )


def time_out_doubts(clause: Clause, run: RunFacts | None) -> Iterator[Doubt]:
    """Whether the client gave up before the limit had passed."""
    for name in ("first_byte", "whole") if clause.timed else ():
        time_out = run.time_outs_s.get(name) if run else None
        if time_out is not None and time_out < clause.limit_s:
            yield doubt(
                DoubtCode.TIME_OUT_BELOW_LIMIT,
                f"The target's {name} time-out of {duration_text(time_out)} is shorter than the limit of "
                f"{duration_text(clause.limit_s)}, so an answer in between was never waited for. "
                "Raise it in [time_outs] of the target and run again.",
            )


def late_doubt(clause: Clause, n: int, by_lag: npt.NDArray[np.int64]) -> Iterator[Doubt]:
    """Whether own lag is large beside the limit. `by_lag`: judged rows by their lag in ms, those without left out."""
    if not by_lag.any():
        return
    late = np.flatnonzero(by_lag)
    without = n - int(by_lag.sum())
    rank = quantile_rank(0.99, n)
    p99_ms = 0 if rank <= without else int(np.searchsorted(by_lag.cumsum(), rank - without))
    noted = int(by_lag[LAG_NOTED_MS:].sum())
    allowed_ms = LAG_SHARE_OF_LIMIT * clause.limit_s * 1000
    if p99_ms > allowed_ms:
        severity, judgement = Severity.INVALID, f"more than 1 % of the limit ({allowed_ms:g} ms) at p99"
    elif noted:
        severity, judgement = Severity.NOTE, "little beside the limit"
    else:
        return
    yield doubt(
        DoubtCode.GENERATOR_LATE,
        f"{count_text(noted)} of {count_text(n)} arrivals started {LAG_NOTED_MS} ms or more late "
        "although a "
        f"user was idle (p99 {p99_ms} ms, worst {int(late[-1])} ms: {judgement}), so response time "
        "includes waiting "
        f"inside the generator. {_REMEDY}",
        severity=severity,
    )


def start_doubts(*, planned: int, not_started: int, late: int) -> Iterator[Doubt]:
    """Whether arrivals were sent at all, and in time. `late` counts the ones never sent too."""
    yield from _not_started(not_started, planned)
    yield from _rate_not_achieved(late, planned)


def _not_started(seen: int, planned: int) -> Iterator[Doubt]:
    if seen > NOT_STARTED_SHARE * planned:
        yield doubt(
            DoubtCode.NOT_STARTED,
            f"{count_text(seen)} of {count_text(planned)} planned arrivals ({share_text(seen, planned)}) "
            "were never sent "
            f"although a user was idle, so the gateway saw less load than declared. {_REMEDY}",
        )


def _rate_not_achieved(late: int, planned: int) -> Iterator[Doubt]:
    """Own lag is what remains of a late start when waits for the gateway are taken out."""
    if late > (1 - ON_TIME_SHARE) * planned:
        yield doubt(
            DoubtCode.RATE_NOT_ACHIEVED,
            f"Only {share_text(planned - late, planned)} of {count_text(planned)} arrivals started within "
            f"{ON_TIME_MS // 1000} s of their moment, waits for the gateway excepted; at least "
            f"{percent_text(ON_TIME_SHARE)} must, or the declared rate was not offered. {_REMEDY}",
        )


def pool_doubt(waits: int) -> Iterator[Doubt]:
    """Whether arrivals waited because no user was idle."""
    if waits:
        yield doubt(
            DoubtCode.POOL_EXHAUSTED,
            f"{count_text(waits)} arrivals waited because all users waited for the gateway. Their wait "
            "counts in the "
            "response time, as it would for a person; look at the gateway before adding users.",
        )


def _clock_offset(run: RunFacts) -> Iterator[Doubt]:
    """Whether hosts disagree about the time; workers send by the master's, so nothing measured rests on theirs."""
    offset_ms = run.end.clock_offset_ms if run.end else 0.0
    if abs(offset_ms) > CLOCKS_AGREE_MS:
        yield doubt(
            DoubtCode.CLOCK_OFFSET,
            f"The wall clock of a worker was {count_text(round(abs(offset_ms)))} ms "
            f"{'ahead of' if offset_ms > 0 else 'behind'} the master's. Workers send and stamp by the master's "
            "time, so the measurement holds; but logs of these hosts will not line up with it. Let them follow one "
            "time server.",
        )


def _saturated(run: RunFacts) -> Iterator[Doubt]:
    own = run.end.cpu_share if run.end else None
    if own is not None and own > BUSY_CPU_SHARE:
        yield doubt(
            DoubtCode.GENERATOR_SATURATED,
            f"The generator used {percent_text(own, digits=0)} of its core, so part of the response time "
            "may be its own. "
            f"{_REMEDY}",
        )
    gateway = run.gateway_cpu_share
    if gateway is not None and gateway > BUSY_CPU_SHARE:
        yield doubt(
            DoubtCode.GATEWAY_HOST_SATURATED,
            f"The mock gateway used {percent_text(gateway, digits=0)} of its core, so its answers were "
            "later than its "
            "profile says. Lower the rate or give it a core of its own.",
        )
