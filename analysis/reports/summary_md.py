"""summary.md: the verdict for a pull request or a job summary, in under 60 lines of Markdown."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence

from analysis.doubts import Doubt
from analysis.policy import policy_sentence
from analysis.proportions import exact_share
from analysis.verdict import ClauseVerdict, Correctness, PopulationVerdict, Verdict
from analysis.wording import (
    count_text,
    list_text,
    lower_text,
    percent_text,
    seconds_text,
    share_text,
    upper_text,
)

MOST_LINES = 59
_MOST_POPULATIONS, _MOST_DOUBTS, _MOST_UNCHECKED, _MOST_RUNS = 14, 10, 8, 6
_LONGEST_CELL = 400
_NOTHING = "–"
# whatever Markdown or HTML could read as more than the letter it is; ":" and "." where they would make a link
_SPECIAL = re.compile(r"[\\`*_{}\[\]<>#|~$&!]|:(?=//)|(?<=www)\.|^[-+=]")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")


def render_summary(verdict: Verdict) -> str:
    """The content of summary.md. The sentence comes first; texts from outside are shown as they are written."""
    policy = policy_sentence(verdict)
    lines = [
        f"**{verdict.verdict.value}{_failed_on(verdict)}**: {shown(verdict.sentence, longest=1500)}",
        *(["", shown(policy)] if policy else []),
        "",
        *_shares(verdict.clauses),
        "",
        *_validity(verdict.validity),
        "",
        "**Not checked**",
        *_cut([f"- {each}" for each in _unchecked(verdict)], _MOST_UNCHECKED, "- and {} more"),
        "",
        "**To reproduce**",
        *_reproduce(verdict),
    ]
    return "\n".join(lines) + "\n"


def shown(text: str, *, longest: int = _LONGEST_CELL) -> str:
    """Text from outside on one line of Markdown, every character a letter and nothing more; no one is notified."""
    return _SPECIAL.sub(r"\\\g<0>", _flat(text, longest)).replace("@", "@\u2060")


def _code(text: str) -> str:
    """Text from outside as a span of code, fenced by more backticks than it holds in a row."""
    flat = _flat(text, _LONGEST_CELL)
    fence = "`" * (1 + max(map(len, re.findall("`+", flat)), default=0))
    return f"{fence} {flat} {fence}" if "`" in flat else f"{fence}{flat}{fence}"


def _flat(text: str, longest: int) -> str:
    flat = " ".join(_UNSEEN.sub(" ", text).split())
    return flat if len(flat) <= longest else f"{flat[: longest - 1]}…"


def _failed_on(verdict: Verdict) -> str:
    return f" on {list_text([each.value for each in verdict.failed_on])}" if verdict.failed_on else ""


def _shares(clauses: Sequence[ClauseVerdict]) -> Iterator[str]:
    yield "| clause | class | judged | within | at least | at most | required | p90 | this run | verdict |"
    yield "|---|---|--:|--:|--:|--:|--:|--:|---|---|"
    rows = [_row(judged, each) for judged in clauses for each in judged.populations]
    yield from _cut(rows, _MOST_POPULATIONS, "| and {} more | | | | | | | | | |")


def _row(judged: ClauseVerdict, each: PopulationVerdict) -> str:
    required, bounds = exact_share(judged.clause.required), each.bounds
    cells = (
        shown(judged.clause.id),
        shown(each.name),
        count_text(each.n),
        share_text(each.hits, each.n, required=required) if each.n else _NOTHING,
        lower_text(bounds.lower, required=required) if bounds else _NOTHING,
        upper_text(bounds.upper, required=required) if bounds else _NOTHING,
        percent_text(required),
        _NOTHING if each.p90_s is None else seconds_text(each.p90_s),
        _NOTHING if each.met is None else "met" if each.met else "not met",
        f"**{each.verdict.value}**" if each.verdict else "not judged here",
    )
    return f"| {' | '.join(cells)} |"


def _validity(doubts: Sequence[Doubt]) -> Iterator[str]:
    if not doubts:
        yield "**Validity**: no doubt found."
        return
    yield "| doubt | severity | class | what was seen |"
    yield "|---|---|---|---|"
    rows = [
        f"| {each.code.text} | {each.severity.value} | {shown(each.population or 'all')} | {shown(each.message)} |"
        for each in doubts
    ]
    yield from _cut(rows, _MOST_DOUBTS, "| and {} more | | | |")


def _unchecked(verdict: Verdict) -> Iterator[str]:
    """What this verdict does not speak of, each a sentence; one at least, since money is never audited unasked."""
    for judged in verdict.clauses:
        if judged.not_judged:
            yield f"{shown(judged.clause.id)} is not judged here: {shown(judged.not_judged)}"
    yield from _not_correctness(verdict.correctness)
    for judged in verdict.clauses:
        for each in judged.populations:
            left = [f"{count_text(n)} {why.replace('_', '-')}" for why, n in each.excluded.items() if n]
            if left:
                names = f"{shown(judged.clause.id)}, {shown(each.name)}"
                yield f"{names}: not counted were {list_text(left)}"


def _not_correctness(correctness: Correctness) -> Iterator[str]:
    if correctness.replies_checked is None:
        yield "no reply was matched to its request"
    if not correctness.money_audited:
        yield "no ledger was compared: double or lost charges would not be seen"


def _reproduce(verdict: Verdict) -> Iterator[str]:
    runs = verdict.run.get("recordings", [verdict.run])
    yield from _cut([_run(each) for each in runs], _MOST_RUNS, "- and {} more")
    for place, each in enumerate(verdict.run.get("attempts", ())[:-1], 1):
        if place <= _MOST_RUNS:
            yield f"- attempt {place} was {each['verdict']}: {shown(str(each['run_dir']))}"
    yield f"- judged by slagate {shown(verdict.slagate or 'of an unknown version')}, exit code {int(verdict.exit_code)}"


def _run(run: dict[str, object]) -> str:
    if "observation_file" in run:
        return f"- {shown(str(run['observation_file']))}, {run['rows']} rows"
    command = run.get("command")
    words = shlex.join(["slagate", *map(str, command)]) if isinstance(command, list) and command else ""
    return (
        f"- run {shown(str(run['run_id']))}, scenario {shown(str(run['scenario']))}, "
        f"target {shown(str(run['target']))}, "
        f"seed {run['seed']}, digest {shown(str(run['digest'])[:12])}"
        + (f": {_code(words)}" if words else "")
    )


def _cut(lines: Sequence[str], most: int, rest: str) -> Iterator[str]:
    """At most so many lines, the last of which counts those that are left out."""
    yield from lines if len(lines) <= most else lines[: most - 1]
    if len(lines) > most:
        yield rest.format(len(lines) - most + 1)
