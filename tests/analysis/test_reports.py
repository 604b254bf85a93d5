"""What a verdict looks like: JSON by its schema, sentence, terminal, exit codes."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from rich.console import Console
from scipy.stats import binomtest, chi2

from analysis.exit_codes import PRECEDENCE, ExitCode, worst_exit_code
from analysis.judgement import judge_file, judge_run
from analysis.proportions import exact_share
from analysis.reports.terminal import render_terminal
from analysis.reports.verdict_json import read_schema, render_json
from analysis.verdict import Verdict
from analysis.wording import count_text, lower_text, percent_text, seconds_text, share_text, upper_text
from scenarios.errors import RunFolderError
from scenarios.kinds import Kind
from scenarios.observation import Outcome
from scenarios.run_folder import RunFolder
from tests.analysis.builders import (
    HEADER,
    T0,
    S,
    both,
    csv_file,
    csv_lines,
    joined,
    judged,
    plan,
    rows,
    run_folder,
    sla,
)

Situation = Callable[[Path], Verdict]
SITUATIONS: dict[str, Situation] = {
    "pass": lambda path: judged(path, both(1000)),
    "fail": lambda path: judged(path, both(1000, seconds=30)),
    "errors only": lambda path: judged(path, both(50, outcome=Outcome.ERROR)),
    "one class": lambda path: judged(path, rows(1000)),
    "wrong reply": lambda path: judged(path, joined(both(1000), rows(2, outcome=Outcome.WRONG_REPLY))),
    "nothing": lambda path: judged(path, rows(0)),
    "killed": lambda path: judged(path, both(10), planned=both(900), killed=True),
    "interrupted": lambda path: judged(path, both(300), end_json={"ended": "interrupted"}),
    "file": lambda path: judge_file(csv_file(path, [HEADER, *csv_lines(300)]), sla()),
    "own kinds": lambda path: judge_file(
        csv_file(path, [HEADER, *csv_lines(300, kind="[red]book[/]")]), sla()
    ),
    "strange class": lambda path: judged(path, rows(100, own_lag_ms=3000, kind=Kind.VOID)),
}


def on_terminal(verdict: Verdict, *, width: int = 80, terminal: bool = False, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, newline="\n")
    Console(
        file=file, width=width, force_terminal=terminal, color_system="truecolor" if terminal else None
    ).print(render_terminal(verdict))
    file.flush()
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize("name", SITUATIONS)
def test_every_verdict_is_as_the_schema_says_and_survives_json(tmp_path: Path, name: str) -> None:
    content = render_json(SITUATIONS[name](tmp_path))
    jsonschema.Draft202012Validator(read_schema()).validate(content)
    assert json.loads(json.dumps(content, allow_nan=False)) == content


def test_the_schema_is_itself_valid_and_refuses_what_the_contract_does_not_name(tmp_path: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(read_schema())
    content = render_json(SITUATIONS["pass"](tmp_path))
    for change in ({"verdict": "MAYBE"}, {"exit_code": 6}, {"surplus": 1}, {"validity": [{"code": "new"}]}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**content, **change}, read_schema())


def test_the_json_of_a_good_run_has_the_numbers_of_the_contract(tmp_path: Path) -> None:
    content = render_json(judged(tmp_path, joined(both(950), both(50, seconds=12.5))))
    assert (content["verdict"], content["exit_code"], content["failed_on"]) == ("PASS", 0, [])
    (clause,) = content["clauses"]
    primary = {"id": "share", "primary": True, "value": 0.95, "limit": 0.9, "unit": "share", "met": True}
    assert clause["readings"][0] == {**primary, "population": "healthcare"}
    assert not any(each["primary"] for each in clause["readings"][1:])
    healthcare: dict[str, Any] = clause["populations"][0]
    exact = binomtest(950, 1000).proportion_ci(
        0.9, method="exact"
    )  # two-sided 90 % is one-sided 95 % each way
    independent = healthcare.pop("if_independent")
    assert (independent["lower"], independent["upper"]) == pytest.approx((exact.low, exact.high), abs=1e-12)
    assert 0.9 < healthcare.pop("lower") < independent["lower"]
    assert independent["upper"] < healthcare.pop("upper") < 1
    inflation = healthcare.pop("variance_inflation")
    assert inflation >= 1
    assert healthcare.pop("n_effective") == pytest.approx(1000 / (9 / chi2.ppf(0.3, 9) * inflation))
    interval = healthcare.pop("p90_interval_s")
    assert interval["lower"] <= healthcare["p90_s"] <= interval["upper"] <= 1.0
    assert healthcare == {
        "name": "healthcare",
        "n": 1000,
        "hits": 950,
        "share": 0.95,
        "confidence": 0.95,
        "census": "met",
        "verdict": "PASS",
        "p50_s": pytest.approx(1.0, abs=0.0005),
        "p90_s": 1.0,
        "p99_s": 12.5,
        "max_s": 12.5,
        "service_p90_s": 1.0,
        "misses": {"slow": 50},
        "excluded": {"warm_up": 0, "maintenance": 0, "unresolvable": 0},
        "unresolved": None,
        "kinds": [],
        "notes": [],
    }


def test_a_quantile_among_unanswered_transactions_is_null_with_a_note(tmp_path: Path) -> None:
    verdict = judged(tmp_path, joined(both(950), both(50, outcome=Outcome.ERROR)))
    healthcare = verdict.clauses[0].populations[0]
    assert (healthcare.p90_s, healthcare.p99_s, healthcare.max_s) == (1.0, None, None)
    (note,) = healthcare.notes
    assert note.startswith("p99, max: no number, because 50 of 1 000 transactions were not answered")


def test_what_was_not_checked_is_null_or_false_and_never_zero(tmp_path: Path) -> None:
    content = render_json(SITUATIONS["errors only"](tmp_path))
    assert content["correctness"] == {
        "replies_checked": None,
        "wrong_reply": None,
        "money_audited": False,
        "double_charged": None,
        "lost": None,
    }


def test_the_sentence_of_a_pass_can_be_pasted(tmp_path: Path) -> None:
    verdict = judged(tmp_path, joined(both(950), both(50, seconds=12)))
    assert verdict.sentence == (
        "95 % of 1 000 healthcare transactions finished within 10 s (at least 93.2 %, 95 % confidence) and "
        "95 % of 1 000 payment transactions finished within 10 s (at least 93.2 %, 95 % confidence); "
        "90 % are required"
    )


def test_the_sentence_of_an_invalid_run_says_why(tmp_path: Path) -> None:
    sentence = SITUATIONS["interrupted"](tmp_path).sentence
    assert sentence.startswith("The measurement cannot be trusted (ended-early); healthcare: 100 % of 300")


def test_a_share_just_below_the_target_is_not_rounded_onto_it() -> None:
    required = sla().clauses[0].at_least
    assert share_text(899_999, 1_000_000) == "90.0 %"
    assert share_text(899_999, 1_000_000, required=exact_share(required)) == "89.9999 %"
    assert share_text(9, 10, required=exact_share(required)) == "90 %"


def test_bounds_are_rounded_to_the_careful_side() -> None:
    assert lower_text(0.90999) == "90.9 %"
    assert upper_text(0.80701) == "80.8 %"


def test_numbers_are_written_for_people() -> None:
    assert (count_text(12_431), percent_text(0.9), percent_text(0.918)) == ("12 431", "90 %", "91.8 %")
    assert [seconds_text(each) for each in (0.41234, 9.871, 12.34, 128.4)] == [
        "0.412 s",
        "9.87 s",
        "12.3 s",
        "128 s",
    ]


@pytest.mark.parametrize("name", SITUATIONS)
def test_every_verdict_fits_80_columns_and_is_plain_in_a_file(tmp_path: Path, name: str) -> None:
    verdict = SITUATIONS[name](tmp_path)
    text = on_terminal(verdict)
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text
    assert verdict.verdict.value in text
    for each in verdict.validity:
        assert each.code.text in text
    assert "Correctness: " in text
    assert "money was not audited" in " ".join(text.split())


def test_the_terminal_shows_shares_bounds_quantiles_and_causes(tmp_path: Path) -> None:
    verdict = judged(tmp_path, joined(both(960), both(25, seconds=12), both(15, outcome=Outcome.ERROR)))
    text = " ".join(on_terminal(verdict).split())
    assert "healthcare 1 000 96 % 94.4 % 97.2 % met PASS" in text
    assert "healthcare 1.000 s 1.00 s - - 1.00 s 25 slow, 15 error" in text


def test_the_terminal_survives_ascii_and_colours(tmp_path: Path) -> None:
    verdict = SITUATIONS["fail"](tmp_path)
    assert "FAIL on clause" in on_terminal(verdict, encoding="ascii")
    assert "\x1b[" in on_terminal(verdict, terminal=True)


def test_markup_in_a_users_names_is_shown_as_written(tmp_path: Path) -> None:
    assert "[red]book[/]" in on_terminal(SITUATIONS["own kinds"](tmp_path), width=120)


def test_exit_codes_follow_the_precedence_of_the_contract() -> None:
    assert [int(code) for code in PRECEDENCE] == [130, 70, 2, 5, 1, 4, 3, 0]
    assert set(PRECEDENCE) == set(ExitCode)
    for first, second in combinations(PRECEDENCE, 2):
        assert worst_exit_code([second, first]) is first
    assert worst_exit_code([]) is ExitCode.PASS


@pytest.mark.parametrize("key", ["slas", "t0_ns", "planned", "target"])
def test_a_folder_whose_plan_lacks_a_fact_is_refused_by_name(tmp_path: Path, key: str) -> None:
    folder = run_folder(tmp_path, both(10))
    content = plan(both(10))
    del content[key]
    folder.plan_file.write_text(json.dumps(content))
    with pytest.raises(RunFolderError, match=key):
        judge_run(folder)


def test_a_folder_without_a_plan_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"plan\.json"):
        judge_run(RunFolder(tmp_path))


def test_several_clauses_are_judged_and_the_worst_wins(tmp_path: Path) -> None:
    first, second = sla(), sla(id="fast", limit="500ms")
    both_slas = [each.model_dump(by_alias=True, mode="json") for each in (first, second)]
    verdict = judged(tmp_path, both(1000), plan_json={"slas": both_slas})
    assert [each.verdict.value for each in verdict.clauses] == ["PASS", "FAIL"]
    assert verdict.verdict.value == "FAIL"
    assert "500 ms" in verdict.sentence
    assert verdict.run["started_ns"] == T0 // S * S
