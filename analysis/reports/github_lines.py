"""GitHub workflow commands: the verdict and what bars a PASS as annotations of the job."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.doubts import Severity
from analysis.exit_codes import ExitCode, InconclusiveAs
from analysis.policy import policy_sentence
from analysis.verdict import Verdict
from analysis.verdict_table import VerdictCode

_MOST_DOUBTS = 8  # GitHub keeps ten annotations of a level for each step
_TITLE = "slagate"


def render_annotations(verdict: Verdict) -> list[str]:
    """Lines for standard output of a GitHub job: one for the verdict, one for each doubt that bars a PASS."""
    policy = policy_sentence(verdict)
    message = f"{verdict.sentence} ({policy})" if policy else verdict.sentence
    return [_command(_level(verdict), verdict.verdict.value, message), *_doubts(verdict)]


def _level(verdict: Verdict) -> str:
    if verdict.exit_code is ExitCode.PASS:
        return "notice"
    if verdict.verdict is VerdictCode.INCONCLUSIVE and verdict.inconclusive_as is not InconclusiveAs.FAIL:
        return "warning"
    return "error"


def _doubts(verdict: Verdict) -> Iterator[str]:
    barring = [each for each in verdict.validity if each.severity is not Severity.NOTE]
    for each in barring[:_MOST_DOUBTS]:
        about = f" ({each.population})" if each.population else ""
        yield _command("warning", f"{each.code.text}{about}", each.message)


def _command(level: str, title: str, message: str) -> str:
    """One workflow command; a property escapes ":" and "," as well (github.com/actions/toolkit, command.ts)."""
    escaped = _escaped(f"{_TITLE}: {title}").replace(":", "%3A").replace(",", "%2C")
    return f"::{level} title={escaped}::{_escaped(message)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
