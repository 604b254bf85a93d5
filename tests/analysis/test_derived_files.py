"""Files derived from a verdict: summary, JUnit, annotations; and what happens where they cannot be written."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from junitparser import JUnitXml
from markdown_it import MarkdownIt

from analysis.doubts import Doubt, DoubtCode, Severity
from analysis.exit_codes import ExitCode, InconclusiveAs
from analysis.judgement import Judged, judge_folder, judge_run
from analysis.policy import policy_sentence, under_policy
from analysis.reports import derived_files
from analysis.reports.derived_files import DERIVED, write_derived
from analysis.reports.github_lines import render_annotations
from analysis.reports.junit_xml import render_junit
from analysis.reports.summary_md import MOST_LINES, render_summary, shown
from analysis.reports.verdict_json import render_json
from analysis.verdict import Verdict
from analysis.verdict_table import VerdictCode
from scenarios.run_folder import RunFolder
from tests.analysis.builders import both, judged, rows, run_folder, sla
from tests.analysis.test_reports import SITUATIONS, on_terminal

STORED = Path(__file__).parent / "stored"


def stored_verdict() -> Verdict:
    """The verdict on the stored run, as version 1.2.3 would have it."""
    return replace(judge_run(RunFolder.at(STORED / "run")), slagate="1.2.3")


@pytest.mark.parametrize(
    ("name", "render"),
    [
        pytest.param("summary.md", render_summary, id="summary"),
        pytest.param("junit.xml", render_junit, id="junit"),
        pytest.param(
            "annotations.txt", lambda made: "\n".join(render_annotations(made)) + "\n", id="annotations"
        ),
    ],
)
def test_a_stored_run_is_rendered_as_pinned(name: str, render: Callable[[Verdict], str]) -> None:
    """SLAGATE_WRITE_EXPECTED=1 writes the files anew; then read what changed."""
    expected = STORED / f"expected.{name}"
    made = render(stored_verdict())
    if os.environ.get("SLAGATE_WRITE_EXPECTED"):
        expected.write_text(made, encoding="utf-8")
    assert made == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_junit_file_is_green_exactly_where_the_exit_code_is_0(tmp_path: Path, name: str) -> None:
    plain = SITUATIONS[name](tmp_path)
    for policy in (None, *InconclusiveAs):
        verdict = under_policy(plain, policy)
        suite = JUnitXml.fromstring(render_junit(verdict).encode())
        assert (suite.failures + suite.errors == 0) is (verdict.exit_code is ExitCode.PASS)
        populations = sum(len(each.populations) for each in verdict.clauses)
        assert suite.tests in (populations + 1, populations + 2)


def test_a_run_that_nobody_could_judge_has_a_case_that_says_so(tmp_path: Path) -> None:
    needs = [sla(needs={"count": 5000}).model_dump(by_alias=True, mode="json")]
    verdict = judged(tmp_path, both(300), plan_json={"slas": needs})
    suite = JUnitXml.fromstring(render_junit(verdict).encode())
    assert (suite.tests, suite.skipped, suite.errors, suite.failures) == (4, 2, 1, 0)


@pytest.mark.parametrize(
    ("policy", "code", "tag"),
    [(None, 3, "error"), (InconclusiveAs.FAIL, 1, "failure"), (InconclusiveAs.PASS, 0, "skipped")],
)
def test_a_policy_moves_the_exit_code_and_never_the_verdict(
    tmp_path: Path, policy: InconclusiveAs | None, code: int, tag: str
) -> None:
    plain = judged(tmp_path, rows(1000))  # no payment at all
    verdict = under_policy(plain, policy)
    content = render_json(verdict)
    assert (content["verdict"], content["exit_code"]) == ("INCONCLUSIVE", code)
    assert content["policy"] == {
        "inconclusive_as": policy.value if policy else None,
        "applied": policy is not None,
    }
    assert render_json(verdict)["clauses"] == render_json(plain)["clauses"]
    cases = ElementTree.fromstring(render_junit(verdict)).findall(".//testcase")
    assert [child.tag for child in cases[1] if child.tag != "system-out"] == [tag]
    for text in (on_terminal(verdict), render_summary(verdict)):
        assert ("--inconclusive-as" in text) is (policy is not None)


@pytest.mark.parametrize("name", ["pass", "fail", "wrong reply", "killed", "interrupted"])
def test_a_policy_leaves_every_other_exit_code_alone(tmp_path: Path, name: str) -> None:
    plain = SITUATIONS[name](tmp_path)
    for policy in InconclusiveAs:
        verdict = under_policy(plain, policy)
        assert verdict.exit_code is plain.exit_code
        assert render_json(verdict)["policy"] == {"inconclusive_as": policy.value, "applied": False}
        assert "not needed" in str(policy_sentence(verdict))


def test_an_interrupted_run_ends_with_130_whatever_the_policy(tmp_path: Path) -> None:
    few = judged(tmp_path, both(12))
    interrupted = replace(few, exit_code=ExitCode.INTERRUPTED)
    assert few.verdict is VerdictCode.INCONCLUSIVE
    assert under_policy(interrupted, InconclusiveAs.PASS).exit_code is ExitCode.INTERRUPTED


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_summary_begins_with_the_verdict_and_its_sentence_and_stays_short(
    tmp_path: Path, name: str
) -> None:
    verdict = SITUATIONS[name](tmp_path)
    lines = render_summary(verdict).splitlines()
    assert lines[0].startswith(f"**{verdict.verdict.value}")
    assert lines[0].endswith(shown(verdict.sentence, longest=1500))
    assert len(lines) <= MOST_LINES


def test_the_longest_summary_is_under_sixty_lines(tmp_path: Path) -> None:
    verdict = judged(tmp_path, both(300))
    (clause,) = verdict.clauses
    left_out = tuple(replace(each, excluded={"warm_up": 9}) for each in clause.populations)
    many = replace(
        under_policy(verdict, InconclusiveAs.PASS),
        clauses=(replace(clause, populations=left_out, not_judged="it needs 28d"),) * 30,
        validity=tuple(Doubt(code=code, message="x " * 9999, severity=Severity.NOTE) for code in DoubtCode),
        run={
            "recordings": [dict(verdict.run)] * 40,
            "attempts": [{"run_dir": f"a{number}", "verdict": "INVALID"} for number in range(11)],
        },
    )
    lines = render_summary(many).splitlines()
    assert 50 < len(lines) <= MOST_LINES
    assert "| and 47 more | | | | | | | | | |" in lines


HOSTILE = "\n".join(
    [
        "<script>alert(1)</script> | `a` *b* _c_ [d](https://e.test) ![f](//g) ~~h~~ &lt; @team",
        "# i\u202e\x00 www.j.test",
    ]
)


@pytest.mark.parametrize("text", [HOSTILE, *HOSTILE.split(), "- item", "1. x", "\\|", "$x$", "x" * 10_000])
def test_a_hostile_name_is_shown_as_the_letters_it_has(text: str) -> None:
    html = (
        MarkdownIt("gfm-like", {"linkify": False})
        .enable("table")
        .render(f"| a |\n|---|\n| {shown(text)} |\n")
    )
    (cell,) = re.findall(r"<td>(.*?)</td>", html)
    assert "<" not in cell
    assert len(shown(text)) <= 800


@given(st.text())
@settings(deadline=None, max_examples=60)
def test_any_text_is_one_cell_without_markup(text: str) -> None:
    html = MarkdownIt("gfm-like", {"linkify": False}).render(
        f"| a | b |\n|---|---|\n| x{shown(text)}x | y |\n"
    )
    cells = re.findall(r"<td>(.*?)</td>", html, re.DOTALL)
    assert len(cells) == 2
    assert cells[1] == "y"
    assert "<" not in cells[0]


@given(st.text())
@settings(deadline=None, max_examples=60)
def test_any_text_makes_a_junit_file_that_can_be_read(text: str) -> None:
    verdict = _BASE
    (clause,) = verdict.clauses
    named = replace(
        verdict,
        clauses=(
            replace(
                clause,
                source=text,
                populations=tuple(replace(each, name=text) for each in clause.populations),
            ),
        ),
        sentence=f"sentence {text}",
        run={"tags": {text: text, "list": [text]}, "recordings": [{"run_id": text}]},
    )
    root = ElementTree.fromstring(render_junit(named))
    assert len(root.findall(".//testcase")) == 3


_BASE = stored_verdict()


def test_annotations_are_escaped_and_as_grave_as_the_exit_code(tmp_path: Path) -> None:
    verdict = replace(judged(tmp_path, rows(1000)), sentence="50 % of\nit: a, b\r")
    assert (
        render_annotations(verdict)[0] == "::warning title=slagate%3A INCONCLUSIVE::50 %25 of%0Ait: a, b%0D"
    )
    levels = {
        policy: render_annotations(under_policy(verdict, policy))[0].split()[0]
        for policy in (None, *InconclusiveAs)
    }
    assert levels == {None: "::warning", InconclusiveAs.FAIL: "::error", InconclusiveAs.PASS: "::notice"}
    assert any(
        line.startswith("::warning title=slagate%3A empty-class (payment)::")
        for line in render_annotations(verdict)
    )


@pytest.mark.parametrize(
    ("name", "level"), [("pass", "notice"), ("fail", "error"), ("killed", "error"), ("wrong reply", "error")]
)
def test_the_first_annotation_is_the_verdict(tmp_path: Path, name: str, level: str) -> None:
    verdict = SITUATIONS[name](tmp_path)
    first, *rest = render_annotations(verdict)
    assert first.startswith(f"::{level} title=slagate%3A {verdict.verdict.value}::")
    assert all(line.startswith("::warning ") for line in rest)


def test_every_derived_file_is_written_whole_and_nothing_else_is_left(tmp_path: Path) -> None:
    found = judge_folder(run_folder(tmp_path, both(300)))
    assert write_derived(found, tmp_path / "new" / "out") == {}
    assert {path.name for path in (tmp_path / "new" / "out").iterdir()} == set(DERIVED)


def test_a_file_that_cannot_be_written_is_said_in_a_line_and_the_others_are_written(tmp_path: Path) -> None:
    found = judge_folder(run_folder(tmp_path, both(300)))
    (tmp_path / "summary.md").mkdir()
    problems = write_derived(found, tmp_path)
    assert problems == {"summary.md": "summary.md could not be written (Is a directory); the verdict holds"}
    assert set(DERIVED) - {"summary.md"} <= {path.name for path in tmp_path.iterdir() if path.is_file()}
    (tmp_path / "file").touch()
    assert set(write_derived(found, tmp_path / "file")) == set(DERIVED)


def test_a_renderer_that_fails_costs_its_own_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Judged) -> str:
        raise ZeroDivisionError("oh")

    monkeypatch.setitem(derived_files.DERIVED, "summary.md", fail)
    problems = write_derived(judge_folder(run_folder(tmp_path, both(300))), tmp_path)
    assert problems == {
        "summary.md": "summary.md could not be made (ZeroDivisionError: oh); the verdict holds"
    }
    assert (tmp_path / "junit.xml").exists()


def test_earlier_attempts_stand_in_the_verdict_of_the_last(tmp_path: Path) -> None:
    verdict = judged(tmp_path, both(300))
    assert "attempts" not in verdict.run
    folder = RunFolder(tmp_path / "run")
    folder.attempts_file.write_text(
        '{"earlier": [{"run_dir": "first", "verdict": "INVALID", "doubts": ["worker-lost"]}]}',
        encoding="utf-8",
    )
    again = judge_run(folder)
    assert again.run["attempts"] == [
        {"run_dir": "first", "verdict": "INVALID", "doubts": ["worker-lost"]},
        {"run_dir": "run", "verdict": "PASS"},
    ]
    assert "- attempt 1 was INVALID: first" in render_summary(again)
