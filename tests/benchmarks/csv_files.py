"""How much memory and time a large CSV takes: `python -m tests.benchmarks.csv_files`. Fails above 1 GB.

10^7 rows of an observation file; `--format jtl` writes a JTL of JMeter instead. Resident memory includes pages of the
temporary file that rows are kept in, which the system takes back when others need them; the bar is on the anonymous.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from analysis.judgement import judge_file
from tests.analysis.builders import HEADER, T0, S, sla
from tests.analysis.imports.files import JTL
from tests.benchmarks.judging import MEMORY_BYTES, PeakMemory

ROWS = 10_000_000
PART_ROWS = 200_000
HOUR_S = 3600
KINDS = ("eligibility_inquiry", "card_sale")


def write_file(path: Path, count: int, written_as: str) -> None:
    """A file of two classes over an hour, written part by part."""
    rng = np.random.default_rng(1)
    with path.open("w") as file:
        file.write(f"{JTL if written_as == 'jtl' else HEADER}\n")
        for first in range(0, count, PART_ROWS):
            size = min(count, first + PART_ROWS) - first
            planned = T0 + np.sort(
                rng.integers(HOUR_S * S * first // count, HOUR_S * S * (first + size) // count, size)
            )
            took = (rng.lognormal(0.8, 0.7, size) * 1e9).astype(np.int64)
            kinds = [KINDS[each] for each in (rng.random(size) < 0.35).astype(int).tolist()]
            rows = zip(planned.tolist(), took.tolist(), kinds, strict=True)
            if written_as == "jtl":
                file.writelines(
                    f"{at // 10**6},{each // 10**6},{kind},200,OK,g 1-{at % 997},text,true,,431,120,1,1,null,3,0,1\n"
                    for at, each, kind in rows
                )
            else:
                file.writelines(f"{at},{at},{at + each},{kind},ok\n" for at, each, kind in rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--format", choices=("observations", "jtl"), default="observations")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "rows.csv"
        write_file(file, options.rows, options.format)
        started = time.perf_counter()
        with PeakMemory() as memory:
            verdict = judge_file(file, sla())
        took_s = time.perf_counter() - started
        size_mb = file.stat().st_size / 1e6
    resident_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{options.rows} rows, {size_mb:.0f} MB of CSV: {took_s:.1f} s, {verdict.verdict.value}")
    print(f"peak anonymous memory {memory.peak / 1e6:.0f} MB, peak resident {resident_mb:.0f} MB")
    if verdict.run["rows"] != options.rows or memory.peak > MEMORY_BYTES:
        print(f"MISSED: {verdict.run['rows']} rows read, {memory.peak / 1e6:.0f} MB of anonymous memory")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
