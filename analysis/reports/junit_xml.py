"""junit.xml: the verdict for whatever shows test results. One case per clause and class, and one for correctness.

| in the verdict | in the file |
|---|---|
| PASS | a case that passed |
| FAIL | a failure |
| INVALID | an error |
| INCONCLUSIVE | an error; under `--inconclusive-as` fail a failure, pass a skipped case |
| not judged here | a skipped case |

A file without a failure or an error belongs to exit code 0: where the cases alone would not say what the whole verdict
is, a case of its own says it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from junitparser import Error, Failure, JUnitXml, Skipped, SystemOut, TestCase, TestSuite

from analysis.doubts import Doubt
from analysis.exit_codes import InconclusiveAs
from analysis.policy import policy_sentence
from analysis.proportions import exact_share
from analysis.sentences import clause_sentence
from analysis.verdict import ClauseVerdict, Correctness, PopulationVerdict, Verdict
from analysis.verdict_table import VerdictCode
from analysis.wording import count_text, counted_text, percent_text, seconds_text, share_text, success_text

_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LONGEST = 2000
Result = Error | Failure | Skipped


def render_junit(verdict: Verdict) -> str:
    """The content of junit.xml, the same for the same verdict. Validity is the suite's output."""
    suite = TestSuite("slagate")
    for name, value in _properties(verdict):
        suite.add_property(_line(name), _line(value))
    for judged in verdict.clauses:
        for each in judged.populations:
            suite.add_testcase(_population_case(verdict, judged, each))
    suite.add_testcase(_correctness_case(verdict.correctness))
    if verdict.exit_code and not suite.failures and not suite.errors:
        suite.add_testcase(_whole_case(verdict))
    suite.append(SystemOut(_text("\n".join(_validity(verdict.validity)))))
    root = JUnitXml("slagate")
    root.add_testsuite(suite)
    root.update_statistics()
    written = io.BytesIO()
    root.write(written, pretty=True)
    return written.getvalue().decode("utf-8")


def _case(name: str, classname: str, results: Sequence[Result], out: str) -> TestCase:
    case = TestCase(_line(name), classname=_line(classname))
    case.result = list(results)
    case.system_out = _text(out)
    return case


def _population_case(verdict: Verdict, judged: ClauseVerdict, each: PopulationVerdict) -> TestCase:
    name = f"{each.name}: {percent_text(exact_share(judged.clause.required))} {success_text(judged.clause)}"
    alone = replace(judged, verdict=each.verdict, populations=(each,))
    said = judged.not_judged if each.verdict is None else clause_sentence(alone, verdict.validity)
    result = _result(each.verdict, verdict.inconclusive_as, said or "")
    return _case(name, f"slagate.{judged.clause.id}", result, "\n".join(_numbers(judged, each)))


def _result(
    code: VerdictCode | None, inconclusive_as: InconclusiveAs | None, said: str
) -> tuple[Result, ...]:
    """What JUnit calls a verdict; nothing for a PASS."""
    made: type[Result]
    if code is VerdictCode.PASS:
        return ()
    if code is None:
        return (Skipped(_line(said), "not judged here"),)
    if code is VerdictCode.INCONCLUSIVE and inconclusive_as is not None:
        made = Failure if inconclusive_as is InconclusiveAs.FAIL else Skipped
    else:
        made = Failure if code is VerdictCode.FAIL else Error
    return (made(_line(said), code.value),)


def _correctness_case(correctness: Correctness) -> TestCase:
    wrong, checked = correctness.wrong_reply, correctness.replies_checked
    result: tuple[Result, ...] = ()
    if correctness.violated:
        said = f"{count_text(wrong or 0)} replies belong to another request or carry another amount"
        result = (Failure(said, "FAIL on correctness"),)
    elif checked is None:
        result = (Skipped("no reply was matched to its request", "not checked"),)
    replies = "no reply was checked" if checked is None else f"{count_text(checked)} replies checked"
    money = "money audited" if correctness.money_audited else "money was not audited against a ledger"
    return _case("every reply belongs to its request", "slagate.correctness", result, f"{replies}; {money}")


def _whole_case(verdict: Verdict) -> TestCase:
    """Of a run whose exit code is not 0 though no case above says why: interrupted, or nothing could be judged."""
    result = Error(_line(verdict.sentence), f"exit code {int(verdict.exit_code)}")
    return _case("the run as a whole", "slagate.run", [result], verdict.sentence)


def _numbers(judged: ClauseVerdict, each: PopulationVerdict) -> Iterator[str]:
    clause, required = judged.clause, exact_share(judged.clause.required)
    yield f"{clause.quote} ({judged.source}; {clause.strength})"
    if each.n:
        share = share_text(each.hits, each.n, required=required)
        yield f"{share} of {count_text(each.n)} {counted_text(clause, each.name)} {success_text(clause)}"
    if each.bounds is not None:
        bounds = each.bounds
        yield f"lower bound {bounds.lower:.6f}, upper bound {bounds.upper:.6f}, required {clause.required:g}"
    times = {"p50": each.p50_s, "p90": each.p90_s, "p99": each.p99_s, "max": each.max_s}
    yield ", ".join(f"{name} {'-' if at is None else seconds_text(at)}" for name, at in times.items())
    misses = [
        f"{count_text(count)} {cause.replace('_', ' ')}" for cause, count in each.misses.items() if count
    ]
    yield f"misses: {', '.join(misses) or 'none'}"
    yield from each.notes


def _validity(doubts: Sequence[Doubt]) -> Iterator[str]:
    yield "Validity" if doubts else "Validity: no doubt found."
    for each in doubts:
        about = f" ({each.population})" if each.population else ""
        yield f"{each.severity.value}: {each.code.text}{about}: {each.message}"


def _properties(verdict: Verdict) -> Iterator[tuple[str, str]]:
    yield "verdict", verdict.verdict.value
    yield "exit_code", str(int(verdict.exit_code))
    yield "sentence", verdict.sentence
    policy = policy_sentence(verdict)
    if policy is not None:
        yield "policy", policy
    yield "slagate", verdict.slagate or "unknown"
    yield from _flattened("run", verdict.run)


def _flattened(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Facts of a run as names with dots; a list of texts as one text."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _flattened(f"{name}.{key}", each)
    elif isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        for place, each in enumerate(value):
            yield from _flattened(f"{name}.{place}", each)
    elif isinstance(value, list):
        yield name, " ".join(map(str, value))
    elif value is not None:
        yield name, str(value)


def _text(text: str) -> str:
    """Text that XML can carry; what it cannot becomes the replacement character."""
    return _NOT_IN_XML.sub("\ufffd", text)


def _line(text: str) -> str:
    flat = " ".join(_text(text).split())
    return flat if len(flat) <= _LONGEST else f"{flat[: _LONGEST - 1]}…"
