"""What following a run costs: `python -m tests.benchmarks.live`. Fails above 3 % of one core.

The last five minutes of an hour at 500 rows/s under two service levels, when there is most to go through: every look
that `slagate run` would take, and some of the frames that it would draw. The ratio is processor time to the time that
would pass meanwhile. A complete judgement, as before a stop, is timed apart.
"""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
from rich.console import Console

from analysis.live import LiveCount
from analysis.stopping import stands
from analysis.verdict_table import VerdictCode
from loadtests.cli.live_report import LiveClass, LiveReport
from loadtests.cli.live_watch import BOUNDS_EVERY_S, LOOK_EVERY_S
from loadtests.cli.progress import Progress
from scenarios.kinds import Kind
from scenarios.loading import load_sla
from scenarios.observation import OBSERVATION, Outcome, Rows
from scenarios.run_folder import RunFolder
from tests.analysis.builders import T0, S, plan, rows

MOST = 0.03
ROWS_PER_S = 500
LENGTH_S = 3600
FOLLOWED_S = 300
FRAMES_PER_S = 4
_SAMPLED = 10  # one second in so many is drawn


def planned_folder(path: Path) -> RunFolder:
    """A run folder of an hour of two classes with nothing in it yet."""
    folder = RunFolder(path / "run")
    folder.create()
    half = ROWS_PER_S * LENGTH_S // 2
    by_kind = {"eligibility_inquiry": half, "card_sale": half}
    slas = [load_sla(name).model_dump(mode="json", by_alias=True) for name in ("instamed", "release_policy")]
    facts = plan(rows(1)) | {
        "planned": {"total": 2 * half, "by_kind": by_kind, "measured_by_kind": by_kind},
        "length_ns": LENGTH_S * S,
        "warm_up_ns": 0,
        "slas": slas,
    }
    folder.plan_file.write_text(json.dumps(facts))
    return folder


def recorded() -> Rows:
    """The rows of the hour in the order in which they ended."""
    rng = np.random.default_rng(1)
    made = np.zeros(ROWS_PER_S * LENGTH_S, dtype=OBSERVATION)
    made["planned_ns"] = T0 + np.sort(rng.integers(0, LENGTH_S * S, made.size))
    made["started_ns"] = made["planned_ns"] + 50_000
    made["ended_ns"] = made["started_ns"] + (rng.lognormal(0.8, 0.7, made.size) * 1e9).astype(np.int64)
    made["kind"] = np.where(rng.random(made.size) < 0.5, Kind.ELIGIBILITY_INQUIRY, Kind.CARD_SALE)
    made["outcome"] = np.where(rng.random(made.size) < 0.995, Outcome.COMPLETED, Outcome.ERROR)
    made["arrival"] = 256 * np.arange(made.size)
    return made[np.argsort(made["ended_ns"], kind="stable")]


def main() -> int:
    """Print the costs and how they compare with the bar."""
    made = recorded()
    with tempfile.TemporaryDirectory() as name:
        folder = planned_folder(Path(name))
        looks_s, bounds_s, frames_s, last_bounds_s = follow(folder, made)
        began = time.process_time()
        stands(folder, VerdictCode.FAIL)
        judging_s = time.process_time() - began
    share = (looks_s + bounds_s + frames_s) / FOLLOWED_S
    print(f"{FOLLOWED_S} s at {ROWS_PER_S} rows/s, up to {made.size:,} rows, share of one core:")
    print(f"  looks each {LOOK_EVERY_S:g} s: {looks_s / FOLLOWED_S:.2%}")
    print(
        f"  bounds each {BOUNDS_EVERY_S:g} s: {bounds_s / FOLLOWED_S:.2%} (the last {last_bounds_s * 1e3:.0f} ms)"
    )
    print(f"  {FRAMES_PER_S} frames a second: {frames_s / FOLLOWED_S:.2%}")
    print(f"  together {share:.2%} (at most {MOST:.0%})")
    print(f"a complete judgement at its end, as before a stop: {judging_s:.2f} s of processor time")
    return int(share > MOST)


def follow(folder: RunFolder, made: Rows) -> tuple[float, float, float, float]:
    """Processor seconds of all looks, of all bounds, of all frames, and of the last bounds."""
    count = LiveCount(folder)
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    looks_s = bounds_s = frames_s = one_s = 0.0
    edges = np.searchsorted(
        made["ended_ns"], T0 + np.arange(LENGTH_S - FOLLOWED_S, LENGTH_S + 1) * S
    ).tolist()
    file = os.open(folder.observations / "0000.rows", os.O_WRONLY | os.O_CREAT)
    os.write(file, made[: edges[0]].tobytes())
    count.read()
    standings = count.standings()
    with Progress(console) as progress:
        for second, (first, last) in enumerate(pairwise(edges)):
            os.write(file, made[first:last].tobytes())
            began = time.process_time()
            count.read()
            standings = count.standings(standings)
            looked = time.process_time()
            looks_s += looked - began
            if second % BOUNDS_EVERY_S == 0:
                standings = count.standings()
                doubts = count.doubts(standings, pool_waits=0)
                one_s = time.process_time() - looked
                bounds_s += one_s
            if second % _SAMPLED == 0:
                began = time.process_time()
                for frame in range(FRAMES_PER_S):
                    progress.show(_report(second + frame / FRAMES_PER_S, count, standings, doubts))
                frames_s += (time.process_time() - began) * _SAMPLED
    os.close(file)
    return looks_s, bounds_s, frames_s, one_s


def _report(elapsed_s: float, count: LiveCount, standings, doubts) -> LiveReport:  # type: ignore[no-untyped-def]
    return LiveReport(
        elapsed_s=elapsed_s,
        planned_s=LENGTH_S,
        phase="sending",
        stopping=None,
        planned_per_s=ROWS_PER_S,
        achieved_per_s=ROWS_PER_S,
        due=count.originals,
        sent=count.originals,
        in_flight=100,
        waiting=0,
        late=0,
        classes=tuple(LiveClass(standing=each, overdue=0) for each in standings),
        wrong_replies=0,
        doubts=doubts,
        problem=None,
    )


if __name__ == "__main__":
    sys.exit(main())
