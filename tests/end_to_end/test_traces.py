"""A trace replayed by workers that do not have the file: it comes from the master, and the moments are the log's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.end_to_end.declared import write_profile, write_sla, write_target
from tests.end_to_end.running import Workplace, free_port, wait_for

LINES = 400


def write_replay(folder: Path) -> np.ndarray:
    """traffic.toml and log.csv; gives the log's moments in ns from its first line."""
    stamps_ns = np.cumsum(np.random.default_rng(5).exponential(10e6, LINES)).astype(np.int64)
    stamps_ns += 1_790_000_000_000_000_000 - stamps_ns[0]
    kinds = ["eligibility_inquiry" if place % 3 else "card_sale" for place in range(LINES)]
    lines = [f"{stamp},{kind}" for stamp, kind in zip(stamps_ns.tolist(), kinds, strict=True)]
    (folder / "log.csv").write_text("\n".join(["timestamp,kind", *lines, ""]), encoding="utf-8")
    (folder / "traffic.toml").write_text(
        'name = "replay"\npurpose = "A log once more."\nassurance = "smoke"\nseed = 7\n'
        '[[phases]]\nshape = "trace"\nfile = "log.csv"\n',
        encoding="utf-8",
    )
    return stamps_ns - stamps_ns[0]


@pytest.mark.slow
def test_a_trace_travels_to_workers_elsewhere_and_its_moments_are_the_logs(
    here: Workplace, tmp_path_factory: pytest.TempPathFactory
) -> None:
    port, moments_ns = free_port(), write_replay(here.path)
    address = f"127.0.0.1:{port}"
    with here.gateway(write_profile(here.path)) as (_, url):
        command = here.command("run", "traffic.toml", "--sla", write_sla(here.path))
        command += ["--run-dir", str(here.run_dir), "--target", str(write_target(here.path, url))]
        command += ["--distributed", "--expect-workers", "2", "--master-bind", address]
        with here.started(command) as process:
            wait_for(lambda: here.locusts("--master"), within_s=20)
            workers = Workplace(tmp_path_factory.mktemp("elsewhere"), mark=here.mark)
            worker = workers.command("worker", "--master", address)
            with workers.started(worker) as one, workers.started(worker) as other:
                assert (one.wait(60), other.wait(30)) == (0, 0)
            process.communicate(timeout=30)
            assert process.returncode in (0, 3, 4)
    end = here.check_accounts()
    assert end["ended"] == "completed"
    rows = here.folder.read_observations().rows
    rows = rows[np.argsort(rows["arrival"])]
    assert len(rows) == LINES
    assert set(rows["worker"]) == {0, 1}
    assert (np.diff(rows["planned_ns"]) == np.diff(moments_ns)).all()
    assert (rows["started_ns"] >= rows["planned_ns"]).all()
    assert list(workers.path.glob("slagate-*")) == []  # nothing stays on the workers' side
