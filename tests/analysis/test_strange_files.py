"""Files that nobody wants to meet: enormous and empty inside, garbage, shuffled, doubled, before the epoch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.judgement import judge_recordings, judge_run
from scenarios.observation import OBSERVATION
from tests.analysis.builders import (
    HEADER,
    S,
    both,
    codes,
    csv_file,
    csv_lines,
    joined,
    population,
    run_folder,
    sla,
)


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_a_sparse_file_of_10_gigabytes_is_invalid(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, both(1000))
    with (folder.observations / "1.rows").open("wb") as file:
        file.truncate(10 * 2**30)
    verdict = judge_run(folder)
    assert verdict.verdict.value == "INVALID"
    assert {"impossible-rows", "duplicate-rows", "rows-missing"} <= codes(verdict, "invalid")
    assert verdict.run["rows"] == 2000 + 10 * 2**30 // OBSERVATION.itemsize


def test_a_file_that_is_all_zeros_is_invalid_and_counts_nothing(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, both(1000))
    (folder.observations / "1.rows").write_bytes(bytes(48 * 300_000))
    verdict = judge_run(folder)
    assert verdict.verdict.value == "INVALID"
    assert population(verdict, "payment").n == 1000


def test_random_bytes_are_invalid_and_never_a_crash(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, both(1000))
    (folder.observations / "1.rows").write_bytes(np.random.default_rng(1).bytes(48 * 100_000 + 7))
    verdict = judge_run(folder)
    assert verdict.verdict.value == "INVALID"
    assert verdict.run["torn_rows"] == 1


def test_many_blocks_in_any_order_and_split_over_files_give_the_same_verdict(tmp_path: Path) -> None:
    recorded = joined(both(95_000), both(5_000, seconds=20))
    (tmp_path / "other").mkdir()
    folder, other = run_folder(tmp_path, recorded), run_folder(tmp_path / "other", recorded)
    shuffled = np.random.default_rng(2).permutation(recorded)
    (other.observations / "0.rows").unlink()
    for place, part in enumerate(np.array_split(shuffled, 7)):
        part.tofile(other.observations / f"{place}.rows")
    assert judge_run(folder) == judge_run(other)


def test_a_recording_doubled_over_many_blocks_counts_each_arrival_once(tmp_path: Path) -> None:
    recorded = joined(both(90_000), both(10_000, seconds=20))
    folder = run_folder(tmp_path, np.concatenate([recorded, recorded[::-1]]), planned=recorded)
    verdict = judge_run(folder)
    assert "duplicate-rows" in codes(verdict, "invalid")
    assert (population(verdict, "payment").n, population(verdict, "payment").hits) == (100_000, 90_000)
    assert "200 000 of 400 000 rows" in next(
        each.message for each in verdict.validity if each.code.text == "duplicate-rows"
    )


def test_identical_lines_of_a_foreign_file_are_seen_across_chunks(tmp_path: Path) -> None:
    lines = csv_lines(40_000)
    verdict = judge_recordings([csv_file(tmp_path, [HEADER, *lines, *lines[:3]])], (sla(),))
    assert "3 of 40 003 rows are identical" in next(
        each.message for each in verdict.validity if each.code.text == "duplicate-rows"
    )


def test_a_foreign_file_of_many_chunks_agrees_with_its_parts_turned_around(tmp_path: Path) -> None:
    lines = csv_lines(70_000)
    for name, order in (("one", lines), ("other", lines[::-1])):
        (tmp_path / name).mkdir()
        csv_file(tmp_path / name, [HEADER, *order])
    one, other = (
        judge_recordings([tmp_path / name / "observations.csv"], (sla(),)) for name in ("one", "other")
    )
    assert one == other
    assert population(one, "payment").n == 70_000
    assert population(one, "payment").max_s == pytest.approx(1.0)


def test_moments_before_the_epoch_and_far_apart_are_judged(tmp_path: Path) -> None:
    far = [f"{-(2**61)},{-(2**61)},{-(2**61) + S},card_sale,ok", f"{2**61},{2**61},{2**61 + S},card_sale,ok"]
    verdict = judge_recordings([csv_file(tmp_path, [HEADER, *far])], (sla(),))
    assert population(verdict, "payment").n == 2
    assert verdict.verdict.value == "INCONCLUSIVE"
