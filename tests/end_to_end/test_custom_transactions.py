"""The worked example of an own kind runs as its page says, and is judged under its own name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.end_to_end.declared import write_profile, write_sla
from tests.end_to_end.running import Workplace

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
TRAFFIC, TARGET, MODULE = "text_to_pay_traffic.toml", "text_to_pay_target.toml", "text_to_pay.py"


@pytest.fixture
def example(here: Workplace) -> Workplace:
    for name in (TRAFFIC, TARGET, MODULE):
        shutil.copy(EXAMPLES / name, here.path / name)
    return here


def run(example: Workplace) -> list[str]:
    sla = write_sla(example.path, to_the_end=True)
    profile = write_profile(example.path)  # one whose times vary; the example's own gateway answers at once
    given = ["--target", TARGET, "--gateway-profile", profile, "--sla", sla, "--run-dir", example.run_dir]
    return example.command("run", TRAFFIC, *given)


@pytest.mark.slow
def test_the_example_runs_and_its_kind_is_judged_as_a_payment(example: Workplace) -> None:
    done = example.finish(run(example))
    assert done.returncode == 0, done.stdout + done.stderr
    end = example.check_accounts()
    plan = example.folder.read_plan()
    assert [(each["number"], each["kind"], each["class"]) for each in plan["kinds"]] == [
        (100, "text_to_pay", "payment")
    ]
    rows = example.folder.read_observations().rows
    own = rows[rows["kind"] == 100]
    assert len(own) == plan["planned"]["by_kind"]["text_to_pay"] > 20
    assert set(own["wire"]) == {100}
    paid = example.folder.read_payments().rows
    assert len(paid) == len(own)
    assert set(paid["action"]) == {100}
    assert end["due_by_kind"]["measured"]["text_to_pay"] > 0
    (payment,) = [
        each for each in example.verdict()["clauses"][0]["populations"] if each["name"] == "payment"
    ]
    assert payment["n"] == end["due_by_kind"]["measured"]["text_to_pay"]
    # judged again when the module is gone: the recording names the kind
    (example.path / MODULE).unlink()
    assert example.finish(example.command("judge", example.run_dir)).returncode == 0


def test_a_mistake_in_the_module_is_told_before_anything_is_sent(example: Workplace) -> None:
    path = example.path / MODULE
    path.write_text(path.read_text().replace("charge.card.number", "charge.card.numbers"))
    done = example.finish(run(example))
    assert done.returncode == 2
    assert "text_to_pay.py, line" in done.stderr
    assert "AttributeError" in done.stderr
    assert not example.run_dir.exists()


@pytest.mark.slow
def test_a_module_that_fails_while_sending_leaves_rows_and_no_verdict_of_pass(example: Workplace) -> None:
    path = example.path / MODULE
    path.write_text(
        path.read_text().replace(
            "    content = {\n",
            "    if transaction.arrival > 256 * 20:\n        {}['gone']\n    content = {\n",
            1,
        )
    )
    done = example.finish(run(example))
    assert done.returncode == 4, done.stdout + done.stderr
    example.check_accounts()
    assert "not-started" in {doubt["code"] for doubt in example.verdict()["validity"]}
